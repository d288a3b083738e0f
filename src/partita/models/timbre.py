"""What a stretch of the FMA archive's spectrogram sounds like, in numbers: statistics of every band, and of cepstra."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from partita.features import Array, dct_matrix

BANDS = 64
LAGS = (1, 2, 4, 8)
RATES = (1, 3, 6, 12, 20, 32, 64)
"""Edges of the ranges of modulation, in cycles over 128 columns (30 s)."""
CURVES = 5 + len(LAGS) + len(RATES) - 1
"""Statistics of every band."""
CEPSTRA = 32
MOVING = 24
"""Cepstra whose change is looked at."""
TIMBRE_SIZE = CURVES * BANDS + 3 * CEPSTRA + len(LAGS) * MOVING
LEAST_COLUMNS = 32
"""Shorter stretches are repeated."""


def timbre(levels: NDArray[np.uint8]) -> Array:
    """Statistics float32 (1152,) of levels 0..255 (64 bands, columns): first 15 curves over the bands, then cepstra.

    Curves (15, 64): mean, log deviation, skewness, maximum, ripple towards the next band, log deviation of the change
    over 1, 2, 4 and 8 columns, and log power of modulation in six ranges. Cepstra: mean, log deviation and skewness
    of 32, log deviation of the change of 24.
    """
    x = np.asarray(levels, np.float32) * np.float32(80 / 255)  # dB
    if x.shape[1] < LEAST_COLUMNS:
        x = np.tile(x, (1, -(-LEAST_COLUMNS // x.shape[1])))
    cepstra = dct_matrix(BANDS, CEPSTRA) @ x
    step = np.abs(np.diff(x, axis=0, append=x[-1:])).mean(1)
    curves = [*_moments(x), x.max(1), np.log(step + 0.3), *_changes(x), *_modulation(x)]
    return np.concatenate([*curves, *_moments(cepstra), *_changes(cepstra[:MOVING])]).astype(np.float32)


def _moments(x: Array) -> list[Array]:
    """Mean, log deviation and skewness along time of x (n, columns): (n,) each."""
    mean = x.mean(1)
    centred = x - mean[:, None]
    square = centred * centred
    deviation = np.sqrt(square.mean(1)) + 0.4
    return [mean, np.log(deviation), np.clip((square * centred).mean(1) / deviation**3, -3, 3)]


def _changes(x: Array) -> list[Array]:
    """Log deviation of the change over each lag: (n,) each."""
    return [np.log((x[:, lag:] - x[:, :-lag]).std(1) + 0.4) for lag in LAGS]


def _modulation(x: Array) -> list[Array]:
    """Log power of each range of modulation along time: (n,) each, whatever the length of the stretch."""
    columns = x.shape[1]
    window = np.hanning(columns).astype(np.float32)
    transform = np.fft.rfft((x - x.mean(1, keepdims=True)) * window, axis=1)
    power = (transform.real**2 + transform.imag**2) / columns
    edges = [max(1, round(rate * columns / 128)) for rate in RATES]
    return [np.log(power[:, first : max(last, first + 1)].mean(1) + 0.05) for first, last in pairwise(edges)]
