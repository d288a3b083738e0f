"""How well and how fast spectrograms become sound again, beside librosa. Rewrites benchmarks/inversion.md.

    OMP_NUM_THREADS=1 PARTITA_DATA=FOLDER python benchmarks/inversion.py

FOLDER/free-audio holds the recordings; without it those bundled with partita are taken, which are the same.
"""

import os
import statistics
import time
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import librosa
import numpy as np

from partita.audio import AudioFile, Excerpt
from partita.features import stft
from partita.inversion import invert, spectral_convergence

RATE, FFT, HOP, ROUNDS = 22_050, 1024, 256, 5
OTHER_GRID = (2048, 512)
HEADER = """# Inversion

Seconds 10 to 20 of the four longer free recordings, 22,050 Hz mono, Hann windows of 1,024 samples every 256; their
mean. Spectral convergence is the error of the magnitude relative to it, in dB, the lower the better: on the grid that
was inverted, and on another (2,048/512), which tells consistency from luck. CPU seconds are the median of {rounds}
runs, taken in turn, on one thread. Made by `benchmarks/inversion.py`.

| method | convergence dB | other grid dB | CPU s per 10 s |
|---|---|---|---|
"""


def clips(folder: Path) -> list[np.ndarray]:
    """Ten seconds of each recording that is long enough."""
    paths = [path for path in sorted(folder.glob("*.ogg")) if (AudioFile(path).info().seconds or 0) > 20]
    return [np.concatenate([*Excerpt(AudioFile(path), 10, 10).blocks(RATE)]) for path in paths]


def theirs(magnitude: np.ndarray, length: int, rounds: int) -> np.ndarray:
    """Librosa's fast Griffin-Lim."""
    return librosa.griffinlim(magnitude, n_iter=rounds, hop_length=HOP, n_fft=FFT, length=length, random_state=0)


METHODS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "librosa, fast Griffin-Lim, 32 iterations": lambda m, n: theirs(m, n, 32),
    "librosa, 64 iterations": lambda m, n: theirs(m, n, 64),
    "librosa, 100 iterations": lambda m, n: theirs(m, n, 100),
    "phase gradient alone": lambda m, n: invert(m, HOP, length=n, iterations=0),
    "phase gradient, 32 iterations": lambda m, n: invert(m, HOP, length=n, iterations=32),
    "phase gradient, 64 iterations (the default)": lambda m, n: invert(m, HOP, length=n),
    "phase gradient, 100 iterations": lambda m, n: invert(m, HOP, length=n, iterations=100),
    "random phase, 64 iterations": lambda m, n: invert(m, HOP, length=n, phase="random"),
}


def main() -> None:
    """Measure every method on every clip in turn, print and write the table."""
    with as_file(files("partita") / "music") as bundled:
        sounds = clips(Path(os.environ["PARTITA_DATA"]) / "free-audio" if "PARTITA_DATA" in os.environ else bundled)
    wanted = [np.abs(stft(samples, FFT, HOP)) for samples in sounds]
    elsewhere = [np.abs(stft(samples, *OTHER_GRID)) for samples in sounds]
    seconds: dict[str, list[float]] = {name: [] for name in METHODS}
    errors: dict[str, tuple[float, float]] = {}
    for turn in range(ROUNDS + 1):  # the first one does not count
        for name, method in METHODS.items():
            before = time.process_time()
            heard = [method(m, len(samples)) for m, samples in zip(wanted, sounds, strict=True)]
            seconds[name] += [(time.process_time() - before) / len(sounds)] if turn else []
            if not turn:
                own = [spectral_convergence(h, m, HOP) for h, m in zip(heard, wanted, strict=True)]
                other = [spectral_convergence(h, m, OTHER_GRID[1]) for h, m in zip(heard, elsewhere, strict=True)]
                errors[name] = float(np.mean(own)), float(np.mean(other))
    lines = [f"| {n} | {e:.1f} | {o:.1f} | {statistics.median(seconds[n]):.2f} |" for n, (e, o) in errors.items()]
    text = HEADER.format(rounds=ROUNDS) + "\n".join(lines) + "\n"
    (Path(__file__).parent / "inversion.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
