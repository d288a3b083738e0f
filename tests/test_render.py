"""Rendering, listened to by measuring: pitch, loudness, length, pedal."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from partita.audio import Audio
from partita.errors import UnusableMidiError, UsageError
from partita.events import DRUMS, Control, Note, Tempo, Track
from partita.midi import Score
from partita.render import PEAK, TAIL, installed_soundfont, render

RATE = 22_050
FONTS = [
    "plain",
    pytest.param(None, marks=pytest.mark.skipif(installed_soundfont() is None, reason="pretty_midi is not installed")),
]
fonts = pytest.mark.parametrize("font", FONTS)


def note(pitch: int = 69, milliseconds: int = 2_000, velocity: int = 100, **options: object) -> Score:
    """One note, of 1 ms ticks."""
    return Score([Track([Note(0, milliseconds, pitch, velocity)], **options)], 500)  # type: ignore[arg-type]


def loudness(audio: Audio, begin: float, end: float) -> float:
    """Root mean square of a stretch of seconds."""
    return float(np.sqrt(np.mean(audio.samples[:, int(begin * audio.rate) : int(end * audio.rate)] ** 2)))


def hertz(audio: Audio, near: float) -> float:
    """The frequency of the strongest partial within a semitone of `near`, from a parabola over its spectral peak."""
    wave = audio.mono()[int(0.1 * audio.rate) : int(1.9 * audio.rate)]
    size = 8 * len(wave)
    spectrum = np.log(np.abs(np.fft.rfft(wave * np.hanning(len(wave)), size)) + 1e-12)
    bins = np.arange(len(spectrum)) * audio.rate / size
    inside = np.flatnonzero(np.abs(12 * np.log2(np.maximum(bins, 1) / near)) < 1)
    peak = inside[np.argmax(spectrum[inside])]
    left, middle, right = spectrum[peak - 1 : peak + 2]
    return float((peak + 0.5 * (left - right) / (left - 2 * middle + right)) * audio.rate / size)


@fonts
@pytest.mark.parametrize("pitch", [45, 69])
def test_pitch_within_three_cents(font: str | None, pitch: int) -> None:
    right = 440 * 2 ** ((pitch - 69) / 12)
    assert abs(1200 * np.log2(hertz(render(note(pitch), RATE, font), right) / right)) < 3


@fonts
def test_length_is_the_scores_and_the_tail(font: str | None) -> None:
    score = Score([Track([Note(0, 100, 60), Note(480, 960, 64, 90)])], 480, [Tempo(0, 700_000), Tempo(600, 300_000)])
    audio = render(score, RATE, font)
    end = score.seconds
    assert end == pytest.approx(0.7 * 600 / 480 + 0.3 * 840 / 480)
    assert audio.samples.shape == (2, round((end + TAIL) * RATE))
    assert loudness(audio, end - 0.2, end) > 10 * loudness(audio, audio.seconds - 0.1, audio.seconds)


@fonts
def test_a_note_ends_and_the_pedal_holds_it(font: str | None) -> None:
    filler = Track([Note(3_900, 100, 40, 1)], channel=1)
    dry = Score([*note(milliseconds=300).tracks, filler], 500)
    pedal = Track(controls=[Control(0, 64, 127), Control(1_500, 64, 0)])
    wet = Score([*dry.tracks, pedal], 500)
    dry_sound, wet_sound = render(dry, RATE, font), render(wet, RATE, font)
    assert loudness(wet_sound, 1.0, 1.4) > 10 * loudness(dry_sound, 1.0, 1.4)
    assert loudness(wet_sound, 2.5, 3.0) < 0.1 * loudness(wet_sound, 1.0, 1.4)
    assert len(wet_sound.samples[0]) == len(dry_sound.samples[0])


@fonts
def test_velocity_and_volume_are_heard(font: str | None) -> None:
    levels = [loudness(render(note(velocity=velocity), RATE, font), 0.1, 1.0) for velocity in (20, 50, 80, 127)]
    assert levels == sorted(levels)
    assert 20 * np.log10(levels[3] / levels[1]) == pytest.approx(40 * np.log10(127 / 50), abs=1.6)
    full, half = (
        loudness(render(note(controls=[Control(0, 7, volume)]), RATE, font), 0.1, 1.0) for volume in (100, 50)
    )
    assert 20 * np.log10(full / half) == pytest.approx(12, abs=1.6)


@fonts
def test_nothing_clips_however_much_sounds(font: str | None) -> None:
    score = Score([Track([Note(0, 500, pitch, 127) for pitch in range(20, 110)], channel=c) for c in range(4)], 500)
    assert np.abs(render(score, RATE, font).samples).max() == pytest.approx(PEAK, abs=1e-3)
    assert np.abs(render(note(velocity=30), RATE, font).samples).max() < 0.5 * PEAK


@fonts
def test_onsets_follow_the_tempo_map(font: str | None) -> None:
    score = Score(
        [Track([Note(0, 100, 60, 90), Note(960, 100, 72, 90)])], 480, [Tempo(0, 400_000), Tempo(480, 900_000)]
    )
    wave = np.abs(render(score, RATE, font).mono())
    onset = score.seconds_at(960)
    assert onset == pytest.approx(1.3)
    loud = np.flatnonzero(wave > 0.2 * wave.max()) / RATE
    assert loud[loud > 1.0][0] == pytest.approx(onset, abs=0.03)


@fonts
def test_drums_and_the_same_bytes_again(font: str | None) -> None:
    score = Score([Track([Note(0, 200, 36), Note(300, 200, 42), Note(600, 200, 49)], channel=DRUMS)], 500)
    audio = render(score, RATE, font)
    assert min(loudness(audio, begin, begin + 0.1) for begin in (0.0, 0.3, 0.6)) > 1e-4
    assert (audio.samples == render(score, RATE, font).samples).all()


def soundfont(path: Path) -> Path:
    """A font of one recording, 0.1 s of a sine of 440 Hz that loops over whole periods, softer below middle C."""
    rate, period = 44_000, 100
    sine = (20_000 * np.sin(2 * np.pi * np.arange(44 * period) / period)).astype("<i2")
    head = struct.pack("<20sIIIIIBbHH", b"sine", 0, len(sine), 10 * period, 20 * period, rate, 69, 0, 0, 1)
    pairs = lambda *rows: b"".join(struct.pack("<Hh", *row) for row in rows)  # noqa: E731 - the form of generators
    low, high = 0 | 59 << 8, 60 | 127 << 8
    tables = {
        b"phdr": struct.pack("<20sHHHIII", b"sine", 0, 0, 0, 0, 0, 0)
        + struct.pack("<20sHHHIII", b"", 0, 0, 1, 0, 0, 0),
        b"pbag": pairs((0, 0), (1, 0)),
        b"pgen": pairs((41, 0), (0, 0)),
        b"inst": struct.pack("<20sH", b"sine", 0) + struct.pack("<20sH", b"", 3),
        b"ibag": pairs((0, 0), (1, 0), (5, 0), (8, 0)),
        b"igen": pairs((54, 1), (43, low), (48, 150), (38, -1200), (53, 0), (43, high), (38, -1200), (53, 0), (0, 0)),
        b"shdr": head + struct.pack("<20sIIIIIBbHH", b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0),
    }
    chunk = lambda kind, body: kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)  # noqa: E731
    lists = chunk(b"LIST", b"sdta" + chunk(b"smpl", sine.tobytes()))
    lists += chunk(b"LIST", b"pdta" + b"".join(chunk(*pair) for pair in tables.items()))
    path.write_bytes(chunk(b"RIFF", b"sfbk" + lists))
    return path


def test_a_soundfont_is_played_in_tune_with_its_loop_and_its_zones(tmp_path: Path) -> None:
    font = soundfont(tmp_path / "sine.sf2")
    for pitch in (48, 60, 69, 76):
        right = 440 * 2 ** ((pitch - 69) / 12)
        assert abs(1200 * np.log2(hertz(render(note(pitch), RATE, font), right) / right)) < 1
    high, low = (loudness(render(note(pitch), RATE, font), 1.0, 1.9) for pitch in (60, 59))
    assert 20 * np.log10(high / low) == pytest.approx(0.4 * 15, abs=0.1)
    assert loudness(render(note(), RATE, font), 2.6, 3.0) < 1e-4 * high
    assert (render(note(), RATE, font).samples == render(note(program=30), RATE, font).samples).all()


def test_damaged_soundfonts_are_refused_or_played(tmp_path: Path) -> None:
    whole = soundfont(tmp_path / "sine.sf2").read_bytes()
    rng = np.random.default_rng(0)
    tables = whole.index(b"pdta")
    for _ in range(150):
        data = bytearray(whole)
        for place in rng.integers(tables, len(data), 3):
            data[place] = rng.integers(256)
        (tmp_path / "bad.sf2").write_bytes(data[: rng.integers(len(data))] if rng.random() < 0.3 else data)
        try:
            audio = render(note(milliseconds=50), 8_000, tmp_path / "bad.sf2")
        except UsageError:
            continue
        assert np.isfinite(audio.samples).all()


def test_every_pitch_at_any_rate_is_a_sound() -> None:
    for rate in (8_000, 44_100):
        for pitch in (0, 60, 127):
            audio = render(note(pitch, 200), rate, "plain")
            assert np.isfinite(audio.samples).all()


def test_what_can_not_be_rendered(tmp_path: Path) -> None:
    with pytest.raises(UnusableMidiError, match="nothing to hear"):
        render(Score())
    with pytest.raises(UnusableMidiError, match="minutes"):
        render(note(milliseconds=4_000_000))
    (tmp_path / "x.sf2").write_bytes(os.urandom(100))
    for path in (tmp_path / "x.sf2", tmp_path / "missing.sf2", tmp_path):
        with pytest.raises(UsageError, match="soundfont"):
            render(note(), soundfont=path)
