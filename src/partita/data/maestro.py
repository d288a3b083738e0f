"""MAESTRO: performances on a Disklavier with pedals, split by composition, so that no work is on both sides.

`maestro:DIR` wants the unpacked archive, with its table `maestro-*.csv` and the .midi files that it names. The MIDI
files are enough, and not all of them have to be there: those that are missing are counted.
"""

import csv
from collections import Counter
from pathlib import Path

from partita.data.base import Dataset, inside, split_by_group
from partita.errors import DataError
from partita.example import Example
from partita.midi import Score

SOURCE = "MAESTRO v3.0.0 (Google Magenta): performances of the International Piano-e-Competition"
LICENCE = "CC BY-NC-SA 4.0"
CITATION = (
    "C. Hawthorne and others: Enabling factorized piano music modeling and generation with the MAESTRO dataset. "
    "ICLR 2019."
)
PROTOCOLS = {
    "official": "the official split, by composition",
    "inner": "the official training part alone, a twentieth of its works held out as valid, so that settings may be "
    "chosen without a look at the official validation part; works go by their titles, some spelled in two ways, and "
    "those are on both sides",
}
SPLITS = {"train": "train", "validation": "valid", "test": "test"}
COLUMNS = {"canonical_composer", "canonical_title", "split", "midi_filename"}


def load(path: str, protocol: str, seed: int) -> Dataset:
    """Load the performances that are there.

    Raises `DataError` where there is no table or none of its files.
    """
    root = Path(path).expanduser()
    rows = table(root) if path else []
    if not rows:
        raise DataError(f"{path or '(nothing)'}: no maestro-*.csv here; maestro:DIR wants the unpacked archive")
    splits: dict[str, list[Example]] = {name: [] for name in SPLITS.values()}
    missing: Counter[str] = Counter()
    for row in rows:
        part, name = SPLITS[row["split"]], row["midi_filename"]
        file = inside(root, name)
        if file.is_file():
            work = f"{row['canonical_composer']}: {row['canonical_title']}"
            splits[part].append(Example(name, Score.read(file), row["canonical_composer"], work))
        else:
            missing[part] += 1
    if not any(splits.values()):
        raise DataError(f"{path}: none of the {len(rows)} files of its table is here")
    notes = [f"{count} performances of the {part} part are not in this copy" for part, count in missing.items()]
    words = PROTOCOLS[protocol]
    if protocol == "inner":
        splits = split_by_group(splits["train"], seed, {"train": 0.95, "valid": 0.05}, stratify=False)
        words = f"{words} (seed {seed})"
    return Dataset("maestro", splits, words, notes=notes)


def table(root: Path) -> list[dict[str, str]]:
    """The rows of the table in a folder; none where there is no table.

    Raises `DataError` for a table that lacks a column.
    """
    for path in sorted(root.glob("maestro-*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if not rows or not rows[0].keys() >= COLUMNS:
            raise DataError(f"{path}: wants the columns {', '.join(sorted(COLUMNS))}")
        return rows
    return []
