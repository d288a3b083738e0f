"""Prepared features on disk, so that a sound is decoded once however often it is trained on.

An entry's name is the digest of the content and of the front end that made it, so that a changed file or setting never
meets an old entry. The folder may be removed at any time.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partita.example import Example, KeyRoll, Spectrogram
from partita.files import replacing

Arrays = Mapping[str, NDArray[Any]]


def cache_folder() -> Path:
    """`PARTITA_CACHE`, or the system's place for caches."""
    if named := os.environ.get("PARTITA_CACHE"):
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
    return Path(base).expanduser() / "partita"


def cached(example: Example, front_end: str, prepare: Callable[[Example], Arrays]) -> Arrays:
    """`prepare(example)` from the cache, or made and kept; spectrograms and rolls are features already and not kept."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file, save_file

    if isinstance(example.media, Spectrogram | KeyRoll):
        return prepare(example)
    key = hashlib.sha256(f"{front_end}\n{example.content}".encode()).hexdigest()
    path = cache_folder() / "features" / key[:2] / f"{key}.safetensors"
    try:
        return load_file(path)
    except (OSError, SafetensorError):
        pass  # not there yet, or cut short by a full disk
    # safetensors writes an array's memory as it lies, so every array must lie in C order
    arrays = {name: np.ascontiguousarray(array) for name, array in prepare(example).items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            save_file(arrays, partial)
    except OSError:
        pass  # a read-only or full disk costs speed, not the result
    return arrays
