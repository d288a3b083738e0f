"""Data sets: `load("NAME:PATH")` gives a `Dataset`, whatever its form.

One file per data set; each states its SOURCE, LICENCE and CITATION and offers PROTOCOLS (ways to split, the most honest
first) and `load(path, protocol, seed)`. Adding one takes its file and a line in `DATASETS`.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

from partita.data.base import Dataset, folds_by_group, split_by_group
from partita.errors import DataError, UsageError, unknown

DATASETS = {
    "folder": "a folder per label with any audio in it",
    "synthetic": "generated tones and noises, for tests and first runs; takes songs per label as its path",
    "gtzan": "your own copy of GTZAN (.wav, .au, .mp3, ...), checked by checksum",
    "gtzan-logmel": "GTZAN as an archive of log-mel spectrograms (.npz)",
    "fma": "your own copy of FMA with its tracks.csv",
    "fma-logmel": "FMA-small as an archive of log-mel spectrograms (.npz)",
    "maestro": "your own copy of MAESTRO: piano performances as MIDI, with the official split",
    "free-piano": "POP909 and Bach's chorales, from which shipped weights may be learnt",
    "midi": "a folder of MIDI files, split by work",
    "polyphonic": "piano rolls of the polyphonic benchmark (.npz with any of the parts train, valid, test)",
    "synthetic-scores": "generated pieces as MIDI, for tests and first runs; takes the number of pieces as its path",
    "synthetic-rolls": "generated piano rolls, for tests and first runs; takes the number of pieces as its path",
}


def module(name: str) -> ModuleType:
    """The module of a data set by its name."""
    if name not in DATASETS:
        raise unknown("data set", name, list(DATASETS))
    return import_module(f"partita.data.{name.replace('-', '_')}")


def read_names(path: str | Path) -> set[str]:
    """The songs of a list with a name on each line; what follows two spaces and a # is a comment, as is a line from #.

    Raises `DataError` where the file can't be read.
    """
    try:
        lines = Path(path).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a list of names ({error})") from None
    return {name for line in lines if (name := line.split("  # ", 1)[0].strip()) and not name.startswith("#")}


def test_is_open(spec: str) -> bool:
    """Whether the test part of a data set given as NAME:PATH is a public benchmark's, which papers print."""
    return bool(getattr(module(spec.partition(":")[0]), "TEST_IS_OPEN", False))


def load(
    spec: str,
    protocol: str | None = None,
    seed: int = 0,
    *,
    genres: Sequence[str] | None = None,
    balance: bool = False,
    leave_out: str | Path | None = None,
) -> Dataset:
    """Load a data set given as NAME:PATH, such as `folder:my-music` or `gtzan-logmel:gtzan.npz`.

    `protocol` is one of the data set's PROTOCOLS, the first by default. `seed` draws the split where it is not fixed.
    `genres` keeps these labels alone; `balance` evens out the training part; `leave_out` is a file that lists songs
    which take no part, as `audit` writes it.
    Raises `UsageError` for an unknown name or protocol, `DataError` where the path does not hold such a data set.
    """
    name, colon, path = spec.partition(":")
    if not colon and name not in DATASETS:
        raise UsageError(
            f"a data set is NAME:PATH, such as folder:my-music, not {spec!r}. Names: {', '.join(DATASETS)}."
        )
    source = module(name)
    protocol = protocol or next(iter(source.PROTOCOLS))
    if protocol not in source.PROTOCOLS:
        raise unknown(f"protocol of {name}", protocol, list(source.PROTOCOLS))
    dataset: Dataset = source.load(path, protocol, seed)
    dataset = dataset.without(read_names(leave_out), str(leave_out)) if leave_out else dataset
    dataset = dataset.only(genres) if genres else dataset
    return dataset.balanced(seed) if balance else dataset


__all__ = ["DATASETS", "Dataset", "folds_by_group", "load", "module", "read_names", "split_by_group", "test_is_open"]
