"""Who plays which part in the benchmark of transfer: PARTITA_DATA=DIR python benchmarks/transfer_draw.py.

Writes transfer_songs.csv and transfer_pairs.csv beside itself, by seed 0; they were committed before anything was
tuned. A GTZAN song plays one part only, together with every other copy of its recording (byte-identical files, and what
the fingerprint finds in the archive of log-mel spectrograms):

- judge: clips that the judge is trained on;
- donor: clips whose style is taken;
- content: clips that are transferred; two of a genre are reported on, the third is for tuning;
- guide: songs that whatever chooses among results may be trained on: the rest of the clips and of the archive;
- none: other copies of judge's, donors' and contents' songs, and what the fault-filtered split leaves out. The latter
  may be donors only, where a genre has too few others: a donor is neither learnt from nor measured.

The filtered split's train and valid parts do not matter here.
"""

import csv
import os
from collections import defaultdict
from pathlib import Path

from partita import data
from partita.data.base import shuffled
from partita.data.faults import listen
from partita.data.gtzan import GENRES, catalogue, duplicates
from partita.fingerprint import find_same

HERE = Path(__file__).parent
JUDGED, CONTENTS, DONORS = 5, 3, 5
"""Clips of a genre for the judge and to transfer, and clips whose style is taken."""
TURNS = {"reported": (1, 4, 7), "tuning": (3, 8)}
"""How far on in a shuffled circle of genres the target stands: distinct pairs, every genre as often as any other."""
SAME_RECORDING = (("hiphop.00001", "hiphop.00042"),)
"""Taken for excerpts of one recording; they share no moment, so no fingerprint tells."""


def recordings(archive: str) -> tuple[list[str], dict[str, set[str]]]:
    """All songs of the archive, and for each the copies of its recording, itself among them."""
    dataset = data.load(f"gtzan-logmel:{archive}", "random", 0)
    heard = [listen(song) for song in sorted(dataset.examples, key=lambda song: song.id)]
    names = [each.song.id for each in heard]
    matches = [(names[match.first], names[match.second]) for match in find_same([each.print for each in heard])]
    copies = {name: {name} for name in [*names, *catalogue()]}
    for group in [*matches, *duplicates(), *SAME_RECORDING]:
        joined = set().union(*(copies[name] for name in group))
        for name in joined:
            copies[name] = joined
    return names, copies


def parts(clips: list[str], archive: list[str], copies: dict[str, set[str]]) -> dict[str, str]:
    """The part of every song by name."""
    faulty = {name for name in archive if catalogue()[name].split == "excluded"}
    part: dict[str, str] = {}

    def take(role: str, count: int, names: list[str]) -> None:
        for name in names:
            if count and name not in part:
                part.update(dict.fromkeys(copies[name], "none") | {name: role})
                count -= 1

    for genre in GENRES:
        drawn = shuffled((name for name in clips if name.startswith(genre)), 0)
        sound = [name for name in drawn if name not in faulty]
        take("judge", JUDGED if len(sound) > JUDGED + CONTENTS + 2 else JUDGED - 1, sound)
        take("content", CONTENTS, sound)
        take("donor", DONORS, sound + [name for name in drawn if name in faulty])
    take("guide", len(archive), [name for name in archive if name not in faulty])
    return {name: part.get(name, "none") for name in archive}


def pairs(part: dict[str, str]) -> list[dict[str, str]]:
    """Contents with the genre each is to take on and the one clip of that genre whose style is given."""
    circle = shuffled(GENRES, 0)
    rows, turn = [], 0
    for use, steps in TURNS.items():
        for number, step in enumerate(steps):
            for place, genre in enumerate(circle):
                target = circle[(place + step) % len(circle)]
                songs = {
                    r: shuffled((n for n in part if part[n] == r and n.startswith(g)), 0)
                    for r, g in (("content", genre), ("donor", target))
                }
                content = songs["content"][2] if use == "tuning" else songs["content"][(number + place) % 2]
                style = songs["donor"][turn % len(songs["donor"])]
                rows.append({"use": use, "content": content, "target": target, "style": style})
            turn += 1
    return rows


def main() -> None:
    """Draw and write both lists."""
    folder = Path(os.environ["PARTITA_DATA"]) / "gtzan"
    archive, copies = recordings(str(folder / "gtzan_logmel.npz"))
    clips = sorted(path.stem for path in (folder / "clips").iterdir())
    part = parts(clips, archive, copies)
    for name, rows in (
        ("transfer_songs.csv", [{"song": song, "part": role} for song, role in part.items()]),
        ("transfer_pairs.csv", pairs(part)),
    ):
        with (HERE / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    count: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for song, role in part.items():
        count[song.split(".")[0]][role] += 1
    for genre in GENRES:
        print(genre, dict(count[genre]))


if __name__ == "__main__":
    main()
