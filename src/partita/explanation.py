"""Which seconds and which frequencies decided: what a classifier answers without each of them.

Occlusion, of the sound itself (after Zeiler and Fergus, ECCV 2014): a stretch of time is cut out, or a range of
frequencies filtered out, and the recording is classified again; the part counts by how far the log-odds of the answer
fall. It asks nothing of a model but answers, so it works for every classifier, also for those without gradients, whose
inputs differ from one to the next. Cutting out leaves real music, where silence or zeros would be something new to the
model. Gradients would tell how the answer reacts to faint changes, which is another question.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from partita.alterations import filtered
from partita.audio import Audio, Reading
from partita.errors import UsageError, unknown
from partita.example import Recording, Spectrogram
from partita.features import GTZAN_RATE, hz_to_mel, mel_to_hz
from partita.models.classifier import Classifier, one_thread

WINDOW_SECONDS = 30
"""A part is judged within about this much music around it."""
CELL_SECONDS = 1.5
"""Two cells are cut out at a time: three seconds."""
GROUPS = 8
MOST_WINDOWS = 8
"""Of longer recordings, so many windows are looked at, evenly spread."""
FADE = 220
"""Samples (10 ms) over which both sides of a cut are blended."""


class Stretch(NamedTuple):
    """Seconds from `start` to `end`; `importance` is by how many nats the log-odds fall without them."""

    start: float
    end: float
    importance: float


class Range(NamedTuple):
    """Frequencies from `low` to `high` Hz; `importance` as of a stretch."""

    low: float
    high: float
    importance: float


@dataclass(frozen=True)
class Explanation:
    """Why a recording was given a genre.

    `stretches` follow one another in time, with gaps where a long recording was not looked at; `ranges` divide the
    frequencies. Parts with negative importance speak against the genre. `decisive` are the three seconds without which
    the log-odds fall furthest.
    """

    genre: str
    stretches: tuple[Stretch, ...]
    ranges: tuple[Range, ...]
    decisive: Stretch

    @property
    def range(self) -> Range:
        """The range of frequencies that counts most."""
        return max(self.ranges, key=lambda part: part.importance)


def explain(model: Classifier, media: Recording, seconds: float, genre: str) -> Explanation:
    """Explain why `genre` was, or was not, the answer for a recording of so many seconds.

    Raises `UsageError` for a genre that the model has not, and for a spectrogram of another transform than GTZAN's.
    """
    if genre not in model.labels:
        raise unknown("genre", genre, list(model.labels))
    if isinstance(media, Spectrogram) and media.front_end != "gtzan-logmel":
        raise UsageError(f"{media.name}: is a {media.front_end} spectrogram; sound and gtzan-logmel can be explained")
    place = model.labels.index(genre)
    stretches: list[Stretch] = []
    decisive: list[Stretch] = []
    drops: list[NDArray[np.float64]] = []
    for start, window in _windows(media, seconds):
        whole = _log_odds(model, window, place)
        cells = max(4, round(window.seconds / CELL_SECONDS))
        cell = window.seconds / cells
        falls = [whole - _log_odds(model, cut(window, i * cell, (i + 2) * cell), place) for i in range(cells - 1)]
        shares = [float(np.mean(falls[max(0, i - 1) : i + 1])) for i in range(cells)]
        stretches += [Stretch(start + i * cell, start + (i + 1) * cell, share) for i, share in enumerate(shares)]
        best = int(np.argmax(falls))
        decisive.append(Stretch(start + best * cell, start + (best + 2) * cell, float(falls[best])))
        drops.append(np.array([whole - _log_odds(model, muted(window, *ends), place) for ends in frequency_groups()]))
    ranges = [Range(*ends, float(drop)) for ends, drop in zip(frequency_groups(), np.mean(drops, axis=0), strict=True)]
    return Explanation(
        genre,
        tuple(_rounded(part) for part in stretches),
        tuple(Range(round(low), round(high), round(importance, 4)) for low, high, importance in ranges),
        _rounded(max(decisive, key=lambda part: part.importance)),
    )


def frequency_groups() -> list[tuple[float, float]]:
    """Ends in Hz of the ranges: equal parts of the mel scale."""
    top = float(hz_to_mel(np.array(GTZAN_RATE / 2)))
    edges = mel_to_hz(np.linspace(0, top, GROUPS + 1))
    return [(float(low), float(high)) for low, high in itertools.pairwise(edges)]


def cut(media: Audio | Spectrogram, start: float, end: float) -> Audio | Spectrogram:
    """The recording without the seconds from `start` to `end`; the sides are blended."""
    if isinstance(media, Spectrogram):
        a, b = (round(edge / media.seconds_per_column) for edge in (start, end))
        return replace(media, levels=np.concatenate([media.levels[:, :a], media.levels[:, b:]], axis=1))
    a, b = (round(edge * media.rate) for edge in (start, end))
    before, after = media.samples[:, :a], media.samples[:, b:]
    fade = min(FADE, before.shape[1], after.shape[1])
    if fade:
        rise = np.linspace(0, 1, fade, dtype=np.float32)
        seam = before[:, a - fade :] * (1 - rise) + after[:, :fade] * rise
        before, after = before[:, : a - fade], after[:, fade:]
        return replace(media, samples=np.concatenate([before, seam, after], axis=1))
    return replace(media, samples=np.concatenate([before, after], axis=1))


def muted(media: Audio | Spectrogram, low: float, high: float) -> Audio | Spectrogram:
    """The recording without the frequencies from `low` to `high` Hz."""
    if isinstance(media, Spectrogram):
        top = hz_to_mel(np.array(GTZAN_RATE / 2))
        a, b = (round(float(hz_to_mel(np.array(edge)) / top) * len(media.levels)) for edge in (low, high))
        levels = media.levels.copy()
        levels[a:b] = 0
        return replace(media, levels=levels)
    return filtered(media, lambda hz: np.where((hz >= low) & (hz < high), 0.0, 1.0))


def _windows(media: Recording, seconds: float) -> Iterator[tuple[float, Audio | Spectrogram]]:
    """Equal windows of about 30 s with their starts; of many, some that are evenly spread."""
    count = max(1, round(seconds / WINDOW_SECONDS))
    chosen = {round(place) for place in np.linspace(0, count - 1, min(count, MOST_WINDOWS))}
    edges = np.linspace(0, seconds, count + 1)
    if isinstance(media, Spectrogram):
        columns = np.rint(edges / media.seconds_per_column).astype(int)
        for number in sorted(chosen):
            levels = media.levels[:, columns[number] : columns[number + 1]]
            yield float(edges[number]), replace(media, levels=levels)
        return
    places = np.rint(edges * GTZAN_RATE).astype(int)
    held, first, number = np.zeros(0, np.float32), 0, 0
    for block in media.blocks(GTZAN_RATE):
        held = np.concatenate([held, block])
        while number < count - 1 and first + len(held) >= places[number + 1]:
            size = places[number + 1] - first
            if number in chosen:
                yield float(edges[number]), Audio(held[None, :size], GTZAN_RATE, media.name)
            held, first, number = held[size:], places[number + 1], number + 1
    if len(held) and number in chosen:
        yield float(edges[number]), Audio(held[None], GTZAN_RATE, media.name)


def _log_odds(model: Classifier, media: Recording, place: int) -> float:
    """Calibrated log-odds of the label at `place`; 0 for silence."""
    total, weight = np.zeros(len(model.labels)), 0.0
    model.eval()
    with torch.inference_mode(), one_thread():
        for item in model.windows(media, Reading()):
            scores = model.scores(item)
            total += scores.heard * scores.whole
            weight += scores.heard
    if not weight:
        return 0.0
    scaled = total / weight / float(model.temperature)
    return float(scaled[place] - np.logaddexp.reduce(np.delete(scaled, place)))


def _rounded(part: Stretch) -> Stretch:
    return Stretch(round(part.start, 3), round(part.end, 3), round(part.importance, 4))
