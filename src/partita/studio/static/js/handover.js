// Folders of files on their way to the studio.
import { upload } from "./server.js";

const AT_ONCE = 3;

/** Names inside the folder that was dropped, if it was one that holds folders. */
function inside(files) {
  const roots = new Set(files.map(({ path }) => path.split("/")[0]));
  const deep = files.some(({ path }) => path.split("/").length > 2);
  return roots.size === 1 && deep ? files.map(({ file, path }) => ({ file, path: path.split("/").slice(1).join("/") })) : files;
}

/** Hand over a folder's files, a few at once; `said(words)` hears how far it is. Returns what stands for the folder. */
export async function handOver(files, said) {
  const group = crypto.randomUUID();
  const rest = inside(files);
  const count = rest.length;
  const work = async () => {
    for (let next = rest.shift(); next; next = rest.shift()) {
      said(`Handing over: ${count - rest.length} of ${count}`);
      await upload(next.file, next.path, group);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { group, title: files[0].path.split("/")[0] };
}
