"""GTZAN as log-mel spectrograms: uint8 (n, 128 mels, 387 columns) with name, genre and split, in one .npz.

The transform is `features.gtzan_levels`. Rows marked `excluded` are songs that the fault-filtered split leaves out
because they repeat, are distorted, or share an artist with held-out songs.
"""

from collections.abc import Sequence

from partita.data.base import Dataset
from partita.data.gtzan import PROTOCOLS, catalogue, divide, duplicates, recording
from partita.data.logmel import read_archive
from partita.example import Example, Spectrogram
from partita.features import GTZAN_SECONDS_PER_COLUMN

SOURCE = "GTZAN genre collection (Tzanetakis and Cook 2002), transformed"
LICENCE = "unlicensed recordings: for training and measuring; the spectrograms must not be passed on"
CITATION = "G. Tzanetakis, P. Cook: Musical genre classification of audio signals. IEEE TSAP 10(5), 2002."

__all__ = ["CITATION", "LICENCE", "PROTOCOLS", "SOURCE", "duplicates", "load"]


def load(path: str, protocol: str, seed: int) -> Dataset:
    """Load the archive; "filtered" takes the split that the archive states."""
    rows = read_archive(path, ("logmel", "name", "genre", "split"), bands=128)
    examples: list[Example] = []
    stated: list[str] = []
    for levels, name, genre, split in zip(rows["logmel"], rows["name"], rows["genre"], rows["split"], strict=True):
        song = str(name).rsplit("/", 1)[-1].removesuffix(".wav")
        media = Spectrogram(levels, GTZAN_SECONDS_PER_COLUMN, "gtzan-logmel", song)
        examples.append(Example(song, media, str(genre), recording(song)))
        stated.append(str(split))
    splits, words, leaks = divide(examples, stated, protocol, seed)
    known = [catalogue().get(example.id) for example in examples]
    if protocol == "filtered" and any(song is None or song.split != s for song, s in zip(known, stated, strict=True)):
        words = "split as the archive states, which is not the fault-filtered split of the original songs"
    return Dataset("gtzan-logmel", splits, words, leaks, _left_out(examples, splits))


def _left_out(examples: Sequence[Example], splits: dict[str, list[Example]]) -> list[str]:
    count = len(examples) - sum(len(part) for part in splits.values())
    return [f"{count} songs are in no split (excluded by the fault-filtered lists)"] if count else []
