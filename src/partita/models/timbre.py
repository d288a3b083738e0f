"""What a stretch of the FMA archive's spectrogram sounds like, in numbers: of every band, of cepstra, of modulation."""

import numpy as np
from numpy.typing import NDArray

from partita.features import SUMMARY_SIZE, Array, dct_matrix, summary

BANDS = 64
LAGS = (1, 2, 4, 8)
CURVES = 5 + len(LAGS)
"""Statistics of every band."""
CEPSTRA = 32
MOVING = 24
"""Cepstra whose change is looked at."""
SUMMARY_START = CURVES * BANDS + 3 * CEPSTRA + len(LAGS) * MOVING
TIMBRE_SIZE = SUMMARY_START + SUMMARY_SIZE
LEAST_COLUMNS = 32
"""Shorter stretches are repeated."""


def timbre(levels: NDArray[np.uint8]) -> Array:
    """Statistics float32 (1059,) of levels 0..255 (64 bands, columns): 9 curves over the bands, cepstra, summary.

    Curves (9, 64): mean, log deviation, skewness, maximum, ripple towards the next band, log deviation of the change
    over 1, 2, 4 and 8 columns. Cepstra: mean, log deviation and skewness of 32, log deviation of the change of 24.
    The 291 of `features.summary`, for which each band stands for the two mels whose mean it is.
    """
    x = np.asarray(levels, np.float32) * np.float32(80 / 255)  # dB
    if x.shape[1] < LEAST_COLUMNS:
        x = np.tile(x, (1, -(-LEAST_COLUMNS // x.shape[1])))
    cepstra = dct_matrix(BANDS, CEPSTRA) @ x
    step = np.abs(np.diff(x, axis=0, append=x[-1:])).mean(1)
    curves = [*_moments(x), x.max(1), np.log(step + 0.3), *_changes(x)]
    of_cepstra = [*_moments(cepstra), *_changes(cepstra[:MOVING])]
    return np.concatenate([*curves, *of_cepstra, summary(np.repeat(levels, 2, axis=0))]).astype(np.float32)


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
