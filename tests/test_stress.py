"""Alterations change what they say and nothing else; the suite tells a listener from a horse."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import tone
from hypothesis import given, settings
from hypothesis import strategies as st

from partita import alterations as alter
from partita.alterations import ALTERATIONS
from partita.audio import Audio
from partita.cli import main
from partita.data import synthetic
from partita.errors import DataError
from partita.example import Example, Spectrogram
from partita.features import GTZAN_SECONDS_PER_COLUMN, gtzan_levels, spectrogram
from partita.models.classifier import Classifier, Prediction
from partita.models.layers import degraded
from partita.stress import apply, stress

RATE = 22_050


def sine(hz: float, seconds: float = 3.0) -> Audio:
    time = np.arange(int(seconds * RATE)) / RATE
    return Audio((0.3 * np.sin(2 * np.pi * hz * time)).astype(np.float32)[None], RATE)


def loudest_hz(audio: Audio) -> float:
    middle = audio.samples[0, RATE : 2 * RATE]
    return float(np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 8 * RATE)).argmax() / 8)


def level_db(audio: Audio) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(audio.samples[:, RATE : 2 * RATE] ** 2)) + 1e-12))


def row(samples: np.ndarray) -> Spectrogram:
    return Spectrogram(gtzan_levels(samples), GTZAN_SECONDS_PER_COLUMN, "gtzan-logmel")


def music(seconds: float = 30.0) -> np.ndarray:
    """All labels in turn; nothing above 9 kHz, so that rows span 80 dB, as those of music do."""
    songs = np.concatenate([synthetic.song(label, 0, seconds=seconds / 4) for label in synthetic.LABELS])
    return alter.filtered(Audio(songs[None], RATE), lambda hz: alter.low_pass(hz, 9000)).samples[0]


@given(st.floats(100, 4000), st.sampled_from([-1, 1]))
@settings(max_examples=4, deadline=None)
def test_pitch_moves_by_a_semitone_and_time_stays(hz: float, semitones: int) -> None:
    altered = alter.higher(sine(hz), semitones)
    assert altered.seconds == pytest.approx(3.0, abs=0.001)
    cents = 1200 * np.log2(loudest_hz(altered) / hz)
    assert cents == pytest.approx(100 * semitones, abs=6)
    assert level_db(altered) == pytest.approx(level_db(sine(hz)), abs=0.5)


@given(st.floats(100, 4000), st.sampled_from([0.94, 1.06]))
@settings(max_examples=4, deadline=None)
def test_tempo_changes_the_length_and_leaves_pitch_and_level(hz: float, speed: float) -> None:
    altered = alter.faster(sine(hz), speed)
    assert altered.seconds == pytest.approx(3.0 / speed, abs=0.001)
    assert 1200 * np.log2(loudest_hz(altered) / hz) == pytest.approx(0, abs=6)
    assert level_db(altered) == pytest.approx(level_db(sine(hz)), abs=0.5)


def test_events_stay_where_the_tempo_puts_them() -> None:
    clicks = np.zeros(4 * RATE, np.float32)
    clicks[[RATE, 2 * RATE, 3 * RATE]] = 1
    altered = alter.stretched(clicks, 1.06)
    envelope = np.add.reduceat(altered**2, np.arange(0, len(altered), 220))
    for second in (1, 2, 3):
        place = int(second / 1.06 * RATE / 220)
        assert envelope[place - 4 : place + 5].max() > 0.05 * envelope.sum()


def test_filters_take_away_what_they_say() -> None:
    limit, rumble, eq = (ALTERATIONS[name].sound for name in ("band limit 8 kHz", "high-pass 30 Hz", "equaliser"))
    assert level_db(limit(sine(9000))) < -80 < level_db(limit(sine(7000)))
    assert level_db(rumble(sine(10))) < level_db(sine(10)) - 35
    assert level_db(rumble(sine(100))) == pytest.approx(level_db(sine(100)), abs=0.1)
    for hz in (80, 500, 3000, 9000):
        assert abs(level_db(eq(sine(hz))) - level_db(sine(hz))) <= alter.EQUALISER_DB + 0.01
    assert abs(level_db(eq(sine(500))) - level_db(sine(500))) > 0.01


def test_noise_has_the_stated_power_and_is_the_same_every_time() -> None:
    audio = Audio(music(8)[None], RATE)
    first, again = (ALTERATIONS["noise 20 dB"].sound(audio) for _ in range(2))
    np.testing.assert_array_equal(first.samples, again.samples)
    ratio = np.mean(audio.samples**2) / np.mean((first.samples - audio.samples) ** 2)
    assert 10 * np.log10(ratio) == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize(("rate", "channels"), [(22_050, 1), (44_100, 2), (37_000, 1)])
def test_the_codec_keeps_the_music_and_its_length(rate: int, channels: int) -> None:
    audio = Audio(tone(3.0, rate, channels).T, rate)
    coded = ALTERATIONS["MP3 64 kbit/s"].sound(audio)
    assert coded.samples.shape == audio.samples.shape
    assert coded.rate == rate
    low = [spectrogram(np.ascontiguousarray(a.samples[0]))[:100].mean(1) for a in (audio, coded)]
    assert np.corrcoef(*np.log10(np.array(low) + 1e-6))[0, 1] > 0.95
    assert not np.array_equal(coded.samples, audio.samples)


def test_width_changes_only_what_differs() -> None:
    rng = np.random.default_rng(0)
    audio = Audio(rng.normal(0, 0.1, (2, 5000)).astype(np.float32), RATE)
    for name in ("mono", "twice as wide"):
        altered = ALTERATIONS[name].sound(audio)
        np.testing.assert_allclose(altered.mono(), audio.mono(), atol=1e-6)
    mono = ALTERATIONS["mono"].sound(audio).samples
    np.testing.assert_array_equal(mono[0], mono[1])
    assert apply(ALTERATIONS["mono"], sine(440)) is None, "there is nothing to alter"


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("equaliser", 6), ("tempo +6 %", 12), ("pitch +1", 14), ("band limit 8 kHz", 6), ("noise 20 dB", 14)],
)
def test_rows_are_altered_as_the_sound_is(name: str, tolerance: float) -> None:
    samples = music()
    alteration = ALTERATIONS[name]
    assert alteration.picture is not None
    if name == "equaliser":  # drawn from the content, so give both the same curve
        curve = alter.equaliser(np.random.default_rng(0))
        of_sound = alter.filtered(Audio(samples[None], RATE), curve)
        of_row = alter.shaped_levels(row(samples).levels, curve)
    else:
        of_sound, of_row = alteration.sound(Audio(samples[None], RATE)), alteration.picture(row(samples).levels)
    heard = gtzan_levels(of_sound.mono(), of_row.shape[1]).astype(float)
    plain, altered = row(samples).levels.astype(float), of_row.astype(float)
    if name.startswith("noise"):  # two draws of noise agree on the whole, not cell by cell
        heard, plain, altered = (x.reshape(128, -1, 43).mean(2) for x in (heard, plain, altered))
    assert np.abs(heard - altered).mean() < tolerance
    if plain.shape == heard.shape:
        assert np.abs(heard - altered).mean() < np.abs(heard - plain).mean(), "nearer than the unaltered row"


def test_what_is_learnt_from_is_degraded_as_often_as_asked() -> None:
    levels, rng = row(music()).levels, np.random.default_rng(0)
    assert degraded(levels, 0.0, rng) is levels
    assert rng.random() == np.random.default_rng(0).random(), "nothing is drawn where nothing is asked for"
    made = [degraded(levels, 0.4, np.random.default_rng(seed)) for seed in range(200)]
    changed = [each for each in made if each is not levels]
    assert 60 < len(changed) < 100
    assert all(each.shape == levels.shape and each.dtype == np.uint8 for each in changed)
    treble = np.array([each[100:].mean() for each in changed]) - levels[100:].mean()
    assert (treble > 3).any(), "noise fills the treble"
    assert (treble < -3).any(), "a band limit empties it"


def test_rows_say_what_they_cannot_show() -> None:
    for name in ("gain +6 dB", "MP3 64 kbit/s", "mono"):
        assert apply(ALTERATIONS[name], row(music(4))) is None
        assert ALTERATIONS[name].why


class Horse(Classifier):
    """Answers by loudness alone."""

    labels = ("loud", "soft")  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__(None)

    def classify(self, media: object) -> Prediction:
        assert isinstance(media, Audio)
        loud = 1 / (1 + np.exp(-40 * (np.sqrt(np.mean(media.samples**2)) - 0.2)))
        return Prediction({"loud": float(loud), "soft": float(1 - loud)}, (), media.seconds)


def test_a_horse_is_found_out() -> None:
    examples = []
    for number in range(20):
        label = "loud" if number % 2 else "soft"
        samples = synthetic.song("drone", number, seconds=2)
        samples = samples / np.sqrt(np.mean(samples**2)) * (0.25 if label == "loud" else 0.15)
        examples.append(Example(str(number), Audio(samples[None], RATE), label, str(number)))
    found = {result.name: result for result in stress(Horse(), examples)}
    for sign in ("+", "-"):
        gain = found[f"gain {sign}6 dB"]
        assert (gain.n, gain.consistency) == (20, 0.5)
        assert gain.difference == pytest.approx(-0.5)
        assert gain.difference_interval.high < 0
        assert gain.p < 0.01
    assert found["high-pass 30 Hz"].consistency == 1
    assert found["high-pass 30 Hz"].p == 1
    assert found["mono"].n == 0
    assert "mono" in found["mono"].why


def test_without_a_usable_song_it_says_so() -> None:
    with pytest.raises(DataError, match="none of the 0 files"):
        stress(Horse(), [])


def test_evaluate_stores_and_prints_it(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", checkpoint, "--data", "synthetic:3", "--split", "valid", "--no-baselines", "--stress"]
    assert main([str(word) for word in words]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in ALTERATIONS)
    assert main([str(word) for word in [*words, "--json"]]) == 0
    stored = json.loads(capsys.readouterr().out)["stress"]
    assert [row["name"] for row in stored] == [*ALTERATIONS]
    assert all(row["n"] or row["why"] for row in stored)
