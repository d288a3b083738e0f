"""The polyphonic-music benchmark: four sets of piano rolls with fixed parts, one .npz for each.

A part, `train`, `valid` or `test`, is uint8 (steps, 11): rows of 88 keys, A0 to C8, packed by `numpy.packbits`;
`PART_lengths` are the steps of each piece, in order. A file may hold any of the parts.
"""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from partita.data.base import SPLITS, Dataset
from partita.errors import DataError
from partita.example import KEYS, Example, KeyRoll

SOURCE = "JSB Chorales, Nottingham, MuseData and Piano-midi.de as piano rolls (Boulanger-Lewandowski and others 2012)"
LICENCE = "none stated; a research benchmark"
CITATION = (
    "N. Boulanger-Lewandowski, Y. Bengio, P. Vincent: Modeling temporal dependencies in high-dimensional sequences. "
    "ICML 2012."
)
PROTOCOLS = {"official": "the benchmark's own parts, as the file holds them"}
LEAKS = "the parts hold other settings of the same tunes: of 77 JSB test chorales, 38 % open like a training soprano"
TEST_IS_OPEN = True
"""Papers have printed figures of these test parts since 2012, so there is nothing left to lock."""


def load(path: str, protocol: str, seed: int) -> Dataset:
    """Load a file with one or more of the parts; pieces are named PART.NUMBER.

    Raises `DataError` where it is missing or of another form.
    """
    arrays = _read(path)
    splits = {part: _pieces(path, part, arrays) for part in SPLITS if part in arrays}
    if not splits:
        raise DataError(f"{path}: holds no part {', '.join(SPLITS)}, but {', '.join(arrays) or 'nothing'}")
    return Dataset("polyphonic", splits, PROTOCOLS[protocol], LEAKS)


def _read(path: str) -> dict[str, NDArray[np.generic]]:
    file = Path(path).expanduser()
    if not path or not file.is_file():
        raise DataError(f"{path or '(nothing)'}: no such file; wants an .npz archive of packed piano rolls")
    try:
        with np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (BadZipFile, ValueError, OSError, EOFError, AttributeError) as error:
        raise DataError(f"{path}: not a readable .npz archive ({error})") from None


def _pieces(path: str, part: str, arrays: dict[str, NDArray[np.generic]]) -> list[Example]:
    rows, lengths = arrays[part], arrays.get(f"{part}_lengths")
    if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != -(-KEYS // 8):
        raise DataError(f"{path}: {part} must be uint8 (steps, {-(-KEYS // 8)}), not {rows.dtype} {rows.shape}")
    if lengths is None or lengths.ndim != 1 or not np.issubdtype(lengths.dtype, np.integer):
        raise DataError(f"{path}: {part}_lengths must be integers, the steps of each piece")
    steps = [int(length) for length in lengths]
    if sum(steps) != len(rows) or min(steps, default=1) < 1:
        raise DataError(f"{path}: {part}_lengths must be 1 or more and sum to the {len(rows)} rows of {part}")
    cells = np.unpackbits(rows.astype(np.uint8), axis=1, count=KEYS).astype(bool)
    names = [f"{part}.{number:03d}" for number in range(len(steps))]
    pieces = np.split(cells, np.cumsum(steps)[:-1]) if steps else []
    return [Example(name, KeyRoll(piece, name), "", name) for name, piece in zip(names, pieces, strict=True)]
