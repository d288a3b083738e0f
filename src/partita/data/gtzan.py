"""GTZAN: 1,000 clips of 30 s, ten genres; the user's own copy, since the audio can no longer be downloaded.

Takes `DIR/blues/blues.00000.wav` as well as a flat folder, in any audio form. Original .wav files are checked against
the SHA-256 list (`gtzan.csv`, with the fault-filtered split); corrupt, missing and duplicate files are named in
`notes`. The set has known faults (repetitions, wrong labels, one artist many times: B. Sturm, arXiv:1306.1461), so the
default protocol is the fault-filtered, artist-aware split of Kereliuk, Sturm and Larsen (arXiv:1507.04761).
"""

import csv
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from partita.audio import AudioFile, Reading
from partita.data.base import Dataset, split_by_group
from partita.data.folder import audio_files
from partita.errors import AudioError, DataError
from partita.example import Example

SOURCE = "GTZAN genre collection (Tzanetakis and Cook 2002); no longer offered for download by its authors"
LICENCE = "unlicensed recordings: for training and measuring; the audio must not be passed on"
CITATION = "G. Tzanetakis, P. Cook: Musical genre classification of audio signals. IEEE TSAP 10(5), 2002."
PROTOCOLS = {
    "filtered": "fault-filtered split (Kereliuk, Sturm, Larsen 2015): no song, version or artist on both sides",
    "stratified": "songs split 70/15/15 at random, equal shares of every genre",
    "random": "songs split 70/15/15 at random",
}
GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")


class Song(NamedTuple):
    """One line of the list: its place in the fault-filtered split, and the original .wav's size and digest."""

    split: str
    bytes: int
    sha256: str


@cache
def catalogue() -> dict[str, Song]:
    """The 1,000 songs by name ("blues.00000")."""
    with (files("partita.data") / "gtzan.csv").open(encoding="utf-8") as file:
        return {row["name"]: Song(row["split"], int(row["bytes"]), row["sha256"]) for row in csv.DictReader(file)}


def duplicates() -> list[list[str]]:
    """Songs whose original files are byte for byte the same, as lists of names."""
    same: dict[str, list[str]] = defaultdict(list)
    for name, song in catalogue().items():
        same[song.sha256].append(name)
    return [names for names in same.values() if len(names) > 1]


@cache
def recording(name: str) -> str:
    """The group of a song: its own name, or that of the first song with the very same file."""
    return next((names[0] for names in duplicates() if name in names), name)


def divide(
    examples: Sequence[Example], stated: Sequence[str], protocol: str, seed: int
) -> tuple[dict[str, list[Example]], str, str | None]:
    """Split by `protocol`: (splits, the protocol in words, what it leaks). `stated` is each song's filtered split."""
    words = PROTOCOLS[protocol]
    if protocol == "filtered":
        splits: dict[str, list[Example]] = {name: [] for name in ("train", "valid", "test")}
        for example, split in zip(examples, stated, strict=True):
            if split in splits:
                splits[split].append(example)
        return splits, words, None
    splits = split_by_group(examples, seed, stratify=protocol == "stratified")
    leaks = "artists and versions of one song are on both sides, so figures are too high"
    return splits, f"{words} (seed {seed}); {leaks}", leaks


def load(path: str, protocol: str, seed: int) -> Dataset:
    """Load a user's copy and check it.

    Raises `DataError` where the folder holds no GTZAN songs.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise DataError(
            f"{path or '(nothing)'}: no such folder; gtzan:DIR wants the folder that holds blues/, classical/, ..."
        )
    found = {file.stem: file for file in audio_files(root) if file.stem in catalogue()}
    if not found:
        raise DataError(f"{path}: no GTZAN songs here; they are named like blues.00000.wav")
    notes, corrupt = _check(found)
    examples = [
        Example(name, AudioFile(file), name.split(".")[0], recording(name))
        for name, file in sorted(found.items())
        if name not in corrupt
    ]
    splits, words, leaks = divide(examples, [catalogue()[e.id].split for e in examples], protocol, seed)
    return Dataset("gtzan", splits, words, leaks, notes)


def _check(found: Mapping[str, Path]) -> tuple[list[str], set[str]]:
    """Notes on what differs from the original collection, and the names of songs that can't be decoded."""
    missing = len(catalogue()) - len(found)
    notes = [f"{missing} of {len(catalogue())} songs are missing"] if missing else []
    changed, corrupt = [], set()
    for name, file in found.items():
        original = file.suffix.lower() == ".wav"
        if original and _matches(file, catalogue()[name]) and name != "jazz.00054":  # that original itself is damaged
            continue
        if original:
            changed.append(name)
        reading = Reading()
        try:
            info = AudioFile(file).info()
            if original:  # decode it all: it is not what it was, and there are few of them
                deque(AudioFile(file).blocks(info.rate, reading), maxlen=0)
        except AudioError as error:
            corrupt.add(name)
            notes.append(f"{name} is corrupt and left out: {error.reason}")
        notes += [f"{name} is damaged: {warning}" for warning in reading.warnings]
    if changed:
        notes.append(f"{len(changed)} .wav files differ from the originals by checksum: {', '.join(changed)}")
    present = [names for names in duplicates() if all(name in found for name in names)]
    notes += [f"the same recording: {' = '.join(names)}" for names in present]
    return notes, corrupt


def _matches(file: Path, song: Song) -> bool:
    import hashlib

    if file.stat().st_size != song.bytes:
        return False
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == song.sha256
