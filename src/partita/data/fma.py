"""FMA (Free Music Archive, Defferrard et al. 2017): the user's own copy with its tracks.csv and official split.

Takes a folder that holds `tracks.csv` (or `fma_metadata/tracks.csv`) and the .mp3 files in any sub-folders, named by
track number (`fma_small/000/000002.mp3`). The label is the track's top genre. The official split keeps artists apart.
"""

import csv
from collections import Counter
from pathlib import Path

from partita.audio import AudioFile
from partita.data.base import Dataset, split_by_group
from partita.data.folder import audio_files
from partita.errors import DataError
from partita.example import Example

SOURCE = "FMA: a dataset for music analysis, with tracks.csv of fma_metadata"
LICENCE = "per-track Creative Commons licences of the artists; metadata CC BY 4.0"
CITATION = "M. Defferrard, K. Benzi, P. Vandergheynst, X. Bresson: FMA: A dataset for music analysis. ISMIR 2017."
PROTOCOLS = {
    "official": "FMA's official split, no artist on both sides",
    "artist": "artists split 70/15/15 at random, stratified by genre",
}
OFFICIAL = {"training": "train", "validation": "valid", "test": "test"}
WITHOUT_SOUND = frozenset({98565, 98567, 98569, 99134, 108925, 133297})
"""Tracks of fma_small that are known to hold no or hardly any audio (issues 36, 44 and 70 of mdeff/fma)."""


def load(path: str, protocol: str, seed: int) -> Dataset:
    """Load a user's copy.

    Raises `DataError` where tracks.csv or the audio is missing.
    """
    root = Path(path).expanduser()
    tables = [table for table in (root / "tracks.csv", root / "fma_metadata" / "tracks.csv") if table.is_file()]
    if not tables:
        raise DataError(
            f"{path or '(nothing)'}: no tracks.csv here or in fma_metadata/; fma:DIR wants it beside the audio"
        )
    audio = {int(file.stem): file for file in audio_files(root) if file.stem.isdecimal()}
    examples: list[Example] = []
    official: list[str] = []
    dropped: Counter[str] = Counter()
    for track, row in _tracks(tables[0]).items():
        if track not in audio:
            continue
        if track in WITHOUT_SOUND:
            dropped["known to hold no audio"] += 1
        elif not row["track", "genre_top"]:
            dropped["without a top genre"] += 1
        else:
            group = f"artist {row['artist', 'id']}"
            examples.append(Example(f"{track:06d}", AudioFile(audio[track]), row["track", "genre_top"], group))
            official.append(OFFICIAL.get(row["set", "split"], ""))
    if not examples:
        raise DataError(f"{path}: none of its audio files is a track of {tables[0].name} with a genre")
    notes = [f"{count} tracks left out: {reason}" for reason, count in dropped.items()]
    if protocol == "official":
        splits: dict[str, list[Example]] = {name: [] for name in OFFICIAL.values()}
        for example, split in zip(examples, official, strict=True):
            if split:
                splits[split].append(example)
        return Dataset("fma", splits, PROTOCOLS[protocol], notes=notes)
    return Dataset("fma", split_by_group(examples, seed), f"{PROTOCOLS[protocol]} (seed {seed})", notes=notes)


def _tracks(table: Path) -> dict[int, dict[tuple[str, str], str]]:
    """Rows of tracks.csv by track number; its columns have two header lines, such as ("track", "genre_top")."""
    wanted = {("set", "split"), ("track", "genre_top"), ("artist", "id")}
    csv.field_size_limit(1 << 24)  # biographies are longer than the default allows
    with table.open(encoding="utf-8", errors="replace", newline="") as file:
        rows = [row for row in csv.reader(file) if row]
        columns = list(zip(*rows[:2], strict=False))
        missing = wanted - set(columns)
        if missing:
            raise DataError(f"{table}: no column {sorted(missing)[0]}; is it fma_metadata's own tracks.csv?")
        places = {column: columns.index(column) for column in wanted}
        tracks = [row for row in rows[2:] if row[0].isdecimal() and len(row) > max(places.values())]
        return {int(row[0]): {column: row[place] for column, place in places.items()} for row in tracks}
