"""Reading .npz archives of log-mel spectrograms, for the data sets that come in that form."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from partita.errors import DataError


def read_archive(path: str, fields: tuple[str, ...], bands: int) -> dict[str, NDArray[np.generic]]:
    """The named arrays of an .npz archive; `logmel` must be uint8 (n, `bands`, columns), the others (n,).

    Nothing is unpickled. Raises `DataError` where the file is missing or of another form.
    """
    if not path or not Path(path).expanduser().is_file():
        raise DataError(f"{path or '(nothing)'}: no such file; wants an .npz archive with {', '.join(fields)}")
    try:
        with Path(path).expanduser().open("rb") as file, np.load(file, allow_pickle=False) as archive:
            missing = [field for field in fields if field not in archive]
            if missing:
                raise DataError(f"{path}: no {', '.join(missing)} in the archive; it holds {', '.join(archive)}")
            arrays = {field: archive[field] for field in fields}
    except (BadZipFile, ValueError, OSError, EOFError) as error:
        raise DataError(f"{path}: not a readable .npz archive ({error})") from None
    levels = arrays["logmel"]
    if levels.ndim != 3 or levels.dtype != np.uint8 or levels.shape[1] != bands or not levels.size:
        raise DataError(f"{path}: logmel must be uint8 (n, {bands}, columns), not {levels.dtype} {levels.shape}")
    for field, array in arrays.items():
        if len(array) != len(levels):
            raise DataError(f"{path}: {len(array)} of {field} but {len(levels)} spectrograms")
    return arrays
