"""A folder per label: `music/jazz/*.mp3`, `music/rock/*.flac`, ...

Files in a folder below a label (`music/jazz/Bill Evans/*.mp3`) are one group, since they share an artist or an album; a
file right in the label's folder is a group by itself. If the top holds `train`, `valid` and perhaps `test`, with the
labels inside them, that split is taken as it is.
"""

from collections.abc import Iterator
from pathlib import Path

from partita.audio import AudioFile
from partita.data.base import Dataset, split_by_group
from partita.errors import DataError
from partita.example import Example
from partita.tags import read_tags

SOURCE = "the user's own music"
LICENCE = "the user's own"
CITATION = ""
PROTOCOLS = {
    "song": "songs split at random, stratified by label; files in one sub-folder stay together",
    "artist": "artists (by the files' tags) split at random, stratified by label; untagged files count one by one",
}

AUDIO_ENDINGS = frozenset(
    ".wav .wave .flac .mp3 .mp2 .mpga .ogg .oga .au .snd .aif .aiff .aifc .caf .w64 .rf64 .opus .m4a .m4b .m4v .mp4 "  # noqa: SIM905
    ".aac .alac .ac3 .amr .ape .tta .wv .wma .wmv .webm .mkv .mka .mov .avi .flv .3gp .ts .mpg .mpeg".split()
)


def audio_files(folder: Path) -> Iterator[Path]:
    """Every audio file under a folder by its ending, sorted; hidden files and folders are passed over."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in AUDIO_ENDINGS and path.is_file() and not hidden:
            yield path


def load(path: str, protocol: str, seed: int) -> Dataset:
    """Load a folder per label.

    Raises `DataError` where there is no such folder or it holds fewer than two labels.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise DataError(
            f"{path or '(nothing)'}: no such folder; folder:DIR wants a folder with one sub-folder per label"
        )
    parts = {name: root / name for name in ("train", "valid", "test") if (root / name).is_dir()}
    if {"train", "valid"} <= parts.keys():
        splits = {name: _examples(part, protocol, f"{name}/") for name, part in parts.items()}
        words = "split as the folders train, valid and test say"
    else:
        splits = split_by_group(_examples(root, protocol, ""), seed)
        words = f"{PROTOCOLS[protocol]} (seed {seed})"
    labels = {example.label for part in splits.values() for example in part}
    if len(labels) < 2:
        raise DataError(
            f"{path}: found {len(labels)} label folder(s) with audio in them ({', '.join(sorted(labels)) or 'none'}); "
            "classification wants at least two, such as jazz/ and rock/"
        )
    return Dataset("folder", splits, words)


def _examples(root: Path, protocol: str, prefix: str) -> list[Example]:
    examples = []
    for file in audio_files(root):
        inside = file.relative_to(root)
        if len(inside.parts) < 2:
            continue  # lies beside the label folders and has no label
        group = inside.parent if len(inside.parts) > 2 else inside
        name = f"{prefix}{group.as_posix()}"
        if protocol == "artist" and (artist := read_tags(file).get("artist")):
            name = f"artist {artist.casefold()}"
        examples.append(Example(f"{prefix}{inside.as_posix()}", AudioFile(file), inside.parts[0], name))
    return examples
