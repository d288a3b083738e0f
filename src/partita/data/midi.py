"""A folder of MIDI files, split by work: `midi:DIR` takes every .mid and .midi in it, in any sub-folders.

What is one work, and so on one side of a split, is told by

- MAESTRO's table, where DIR holds `maestro-*.csv`: composer and title, so that two pianists' performances are one work;
- the names of files in sub-folders (`mozart/mz_331_1.mid`): a last number of one or two digits after `_`, `-`, `_e`
  counts movements or pieces of an opus, and without it the name is the work (`mozart/mz_331`). In the classical piano
  set (piano-midi.de) these count without a mark between: `alb_esp1`, `alb_se1`, `bor_ps1`, `br_im2`, `chpn-p1`,
  `liz_et1`, `liz_et_trans4`, `liz_rhap02`;
- else the file.

The label is the composer: of the table, or the first sub-folder. Files that can't be read or have no notes are left out
and counted.
"""

import csv
import re
from collections import Counter
from pathlib import Path

from partita.data.base import Dataset, split_by_group
from partita.errors import DataError, MidiError
from partita.example import Example
from partita.midi import Score

SOURCE = "the user's own MIDI files, or a public set such as MAESTRO or the classical piano set"
LICENCE = "the files' own"
CITATION = ""
PROTOCOLS = {"work": "works split 70/15/15 at random, movements and performances of one together"}

MOVEMENT = re.compile(
    r"(?P<work>alb_esp|alb_se|bor_ps|br_im|chpn-p|liz_et|liz_et_trans|liz_rhap)\d+|(?P<opus>.+?)[_-]e?\d{1,2}", re.ASCII
)
"""A file's name that counts movements of a work."""


def load(path: str, protocol: str, seed: int) -> Dataset:
    """Load a folder of MIDI files.

    Raises `DataError` where there is no such folder or no file in it has notes.
    """
    root = Path(path).expanduser()
    if not path or not root.is_dir():
        raise DataError(f"{path or '(nothing)'}: no such folder; midi:DIR wants a folder with MIDI files")
    table = _maestro(root)
    examples: list[Example] = []
    left_out: Counter[str] = Counter()
    for file in sorted(p for p in root.rglob("*") if p.suffix.lower() in {".mid", ".midi"} and p.is_file()):
        inside = file.relative_to(root).as_posix()
        try:
            score = Score.read(file)
        except MidiError:
            left_out["can't be read"] += 1
            continue
        if not any(len(track.notes) for track in score.tracks):
            left_out["without notes"] += 1
            continue
        composer, title = table.get(inside, ("", ""))
        label = composer or (inside.split("/")[0] if "/" in inside else "")
        examples.append(Example(inside, score, label, f"{composer}: {title}" if title else work(inside)))
    if not examples:
        raise DataError(f"{path}: no MIDI file (.mid, .midi) with notes in this folder")
    notes = [f"{count} files left out: {reason}" for reason, count in left_out.items()]
    splits = split_by_group(examples, seed, stratify=False)
    return Dataset("midi", splits, f"{PROTOCOLS[protocol]} (seed {seed})", notes=notes)


def work(name: str) -> str:
    """The work that a file is of, from its path inside the folder.

    >>> work("mozart/mz_331_1.mid"), work("bach/bach_846.mid"), work("song_1.mid")
    ('mozart/mz_331', 'bach/bach_846', 'song_1')
    """
    folder, _, file = name.casefold().rpartition("/")
    stem = file.rpartition(".")[0]
    movement = MOVEMENT.fullmatch(stem) if folder else None
    name = stem if movement is None else movement["work"] or movement["opus"]
    return f"{folder}/{name}" if folder else name


def _maestro(root: Path) -> dict[str, tuple[str, str]]:
    """Composer and title of each file in MAESTRO's table; empty where there is none."""
    for path in sorted(root.glob("maestro-*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if not rows or not {"midi_filename", "canonical_composer", "canonical_title"} <= rows[0].keys():
            raise DataError(f"{path}: wants the columns midi_filename, canonical_composer and canonical_title")
        return {row["midi_filename"]: (row["canonical_composer"], row["canonical_title"]) for row in rows}
    return {}
