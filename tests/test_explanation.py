"""Explanations point to what carries the label, for every classifier, and taking that away matters."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from partita import classify
from partita.audio import Audio, Reading
from partita.checkpoint import load
from partita.cli import main
from partita.data import synthetic
from partita.errors import UsageError
from partita.example import Media, Spectrogram
from partita.explanation import CELL_SECONDS, MOST_WINDOWS, cut, explain, frequency_groups, muted
from partita.features import GTZAN_SECONDS_PER_COLUMN, gtzan_levels, spectrogram
from partita.models import MODELS, model_class
from partita.models.base import Item
from partita.models.classifier import Classifier, Scores

RATE = 22_050
CLASSIFIERS = [name for name in MODELS if issubclass(model_class(name), Classifier)]


class Detector(Classifier):
    """Hears whether there is energy between 3 and 4 kHz, half a second at a time, and nothing else."""

    labels = ("chirp", "plain")  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__(None)

    def windows(self, media: Media, reading: Reading) -> Iterator[Item]:
        assert not isinstance(media, Spectrogram)
        yield {"samples": np.concatenate(list(media.blocks(RATE, reading)))}

    def scores(self, item: Item) -> Scores:
        power = spectrogram(item["samples"], 1024, 512)
        share = power[140:186].sum(0) / power.sum(0)
        evidence = float(np.log(share.mean() + 1e-3))
        seconds = len(item["samples"]) / RATE
        row = np.array([evidence, -3.0], np.float32)
        return Scores([(0.0, seconds)], row[None], row, seconds)


def noise_with_a_chirp(start: float, seconds: float = 24.0, seed: int = 0) -> Audio:
    """Noise, in which a tone wavers about 3.5 kHz for two seconds from `start`."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(0, 0.05, int(seconds * RATE))
    time = np.arange(2 * RATE) / RATE
    tone = 0.5 * np.sin(2 * np.pi * (3500 * time + 20 * np.sin(2 * np.pi * 4 * time)))
    samples[int(start * RATE) : int(start * RATE) + len(tone)] += tone
    return Audio(samples.astype(np.float32)[None], RATE)


@given(st.floats(0, 21.9))
@settings(max_examples=3, deadline=None)
def test_it_points_to_the_event_that_carries_the_label(start: float) -> None:
    why = explain(Detector(), noise_with_a_chirp(start), 24.0, "chirp")
    assert why.decisive.start - CELL_SECONDS <= start
    assert start + 2 <= why.decisive.end + CELL_SECONDS
    assert why.decisive.importance == pytest.approx(max(0.1, why.decisive.importance))
    assert why.range.low <= 3500 <= why.range.high
    best = max(why.stretches, key=lambda part: part.importance)
    assert best.start <= start + 2
    assert best.end >= start
    against = explain(Detector(), noise_with_a_chirp(start), 24.0, "plain")
    assert min(against.stretches, key=lambda part: part.importance)[:2] == best[:2]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_classifier_can_be_explained(name: str) -> None:
    model = model_class(name).tiny().set(labels=("a", "b"))
    assert isinstance(model, Classifier)
    model = type(model).new(model.config, 0)
    why = explain(model, Audio(synthetic.song("beat", 0, seconds=7)[None], RATE), 7.0, "b")
    assert all(np.isfinite(part.importance) for part in (*why.stretches, *why.ranges))
    edges = [why.stretches[0].start, *(part.end for part in why.stretches)]
    assert edges[0] == 0
    assert edges[-1] == pytest.approx(7.0, abs=0.01)
    assert [part.start for part in why.stretches] == edges[:-1]
    assert [part.low for part in why.ranges[1:]] == [part.high for part in why.ranges[:-1]]
    assert 2 < why.decisive.end - why.decisive.start < 4


def test_taking_the_decisive_part_away_costs_more_than_another_part(checkpoint: Path) -> None:
    """Measured otherwise than it was found: by noise in place of the part, in the whole song."""
    model = load(checkpoint)
    assert isinstance(model, Classifier)
    model.temperature.fill_(1.0)
    falls: dict[str, list[float]] = {"decisive": [], "random": []}
    rng = np.random.default_rng(0)
    for number in range(6):
        song = synthetic.song("drone", number, seconds=15)
        place = int(rng.uniform(0, 11) * RATE)
        song[place : place + 3 * RATE] = synthetic.song("beat", number, seconds=3)
        audio = Audio(song[None], RATE)
        why = explain(model, audio, 15.0, "beat")
        whole = model.classify(audio).probabilities["beat"]
        for name, start in (("decisive", why.decisive.start), ("random", float(rng.uniform(0, 12)))):
            without = song.copy()
            first = int(start * RATE)
            gap = len(without[first : first + 3 * RATE])
            without[first : first + gap] = synthetic.song("drone", 90 + number, seconds=3)[:gap]
            falls[name].append(whole - model.classify(Audio(without[None], RATE)).probabilities["beat"])
    assert np.mean(falls["decisive"]) > np.mean(falls["random"]) + 0.01


def test_cutting_and_muting_take_away_what_they_say() -> None:
    rng = np.random.default_rng(0)
    audio = Audio(rng.normal(0, 0.1, (2, 10 * RATE)).astype(np.float32), RATE)
    shorter = cut(audio, 2, 5)
    assert isinstance(shorter, Audio)
    assert shorter.seconds == pytest.approx(7, abs=0.02)
    np.testing.assert_array_equal(shorter.samples[:, :RATE], audio.samples[:, :RATE])
    np.testing.assert_array_equal(shorter.samples[:, -RATE:], audio.samples[:, -RATE:])
    for start, end in ((0, 3), (7, 10)):
        assert cut(audio, start, end).seconds == pytest.approx(7, abs=0.02)
    low, high = frequency_groups()[3]
    quiet = muted(audio, low, high)
    assert isinstance(quiet, Audio)
    power = [np.abs(np.fft.rfft(a.samples[0])) for a in (audio, quiet)]
    hz = np.fft.rfftfreq(10 * RATE, 1 / RATE)
    inside = (hz >= low) & (hz < high)
    assert power[1][inside].max() < 1e-3 * power[0][inside].max()
    np.testing.assert_allclose(power[1][~inside], power[0][~inside], rtol=1e-2, atol=0.05)


def test_rows_of_the_archive_are_explained_like_their_sound(checkpoint: Path) -> None:
    model = load(checkpoint)
    assert isinstance(model, Classifier)
    song = np.concatenate([synthetic.song("drone", 1, seconds=12), synthetic.song("beat", 1, seconds=6),
                           synthetic.song("drone", 2, seconds=12)])  # fmt: skip
    row = Spectrogram(gtzan_levels(song), GTZAN_SECONDS_PER_COLUMN, "gtzan-logmel")
    for media, seconds in ((Audio(song[None], RATE), 30.0), (row, row.seconds)):
        why = explain(model, media, seconds, "beat")
        assert 9 <= why.decisive.start <= 18
    with pytest.raises(UsageError, match="fma-logmel"):
        explain(model, Spectrogram(row.levels[:64], 0.2, "fma-logmel"), 30.0, "beat")
    with pytest.raises(UsageError, match="unknown genre"):
        explain(model, row, 30.0, "polka")


def test_of_a_long_recording_some_windows_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partita.explanation.WINDOW_SECONDS", 4)
    samples = np.random.default_rng(0).normal(0, 0.1, 50 * RATE).astype(np.float32)
    why = explain(Detector(), Audio(samples[None], RATE), 50.0, "plain")
    jumps = sum(a.end != b.start for a, b in zip(why.stretches, why.stretches[1:], strict=False))
    assert 1 <= jumps <= MOST_WINDOWS
    assert why.stretches[0].start == 0
    assert why.stretches[-1].end == pytest.approx(50, abs=0.01)
    looked_at = sum(part.end - part.start for part in why.stretches)
    assert looked_at == pytest.approx(MOST_WINDOWS * 50 / 12, abs=0.1)


def test_from_the_command_line(
    wav: Callable[..., Path], checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, other = wav(seconds=8.0, channels=2, rate=44_100), wav("other.wav", seconds=5.0)
    words: list[Any] = ["classify", path, "--model", checkpoint, "--explain"]

    def call(*more: Any) -> tuple[int, str]:
        code = main([str(word) for word in [*words, *more]])
        return code, capsys.readouterr().out

    code, out = call("--json", "--plot", tmp_path / "why.png", "--decisive", tmp_path / "part.wav")
    row = json.loads(out)
    assert code == 0
    start, end = (row["explanation"]["decisive"][key] for key in ("start", "end"))
    part, rate = soundfile.read(tmp_path / "part.wav")
    assert (rate, part.shape) == (44_100, (round(end * rate) - round(start * rate), 2))
    assert (tmp_path / "why.png").stat().st_size > 10_000
    assert "most of all by 0:0" in call()[1]
    assert call(other, "--decisive", tmp_path / "parts")[0] == 0
    assert len(list((tmp_path / "parts").glob("*.wav"))) == 2
    assert call(other, "--decisive", tmp_path / "one.wav")[0] == 2
    words.remove("--explain")
    assert call("--decisive", tmp_path / "one.wav")[0] == 2
    assert "explanation" not in json.loads(call("--json")[1])
    result = classify(path, model=str(checkpoint), explain=True)
    assert result.json()["explanation"] == row["explanation"]
