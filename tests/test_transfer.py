"""Genre transfer by parts: its laws, on sounds made from seeds."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita import figures, rhythm
from partita.audio import Audio
from partita.checkpoint import load, read_card
from partita.cli import main
from partita.errors import UnusableAudioError, UsageError
from partita.models.classifier import Classifier
from partita.tags import read_tags
from partita.tasks.transfer import add_style, transfer
from partita.transfers import METHODS, method_class, stems
from partita.transfers.accompaniment import SHIFTS, Chords, accompany, by_beat, cheapest, phrases, pitch_classes
from partita.transfers.donors import GUIDE, search
from partita.transfers.drums import map_time
from partita.transfers.judge import shipped
from partita.transfers.library import styles
from partita.transfers.measurement import Comparison, equalised, spectrum
from partita.transfers.stems import Stems, StemsConfig, take_apart

RATE = 22_050


def song(tempo: float, root: float, seconds: float = 6.0, rate: int = RATE, channels: int = 1, seed: int = 0) -> Audio:
    """A chord that swells on the beats, and noise bursts on them."""
    rng, t = np.random.default_rng(seed), np.arange(round(seconds * rate)) / rate
    since = t % (60 / tempo)
    tones = sum(np.sin(2 * np.pi * root * k * t) / k for k in (1, 1.25, 1.5, 2, 3)) * (0.6 + 0.4 * np.exp(-4 * since))
    beats = rng.normal(size=len(t)) * np.exp(-since / 0.02)
    wave = 0.1 * tones + 0.2 * beats
    return Audio(np.repeat(wave[None], channels, axis=0).astype(np.float32), rate, f"song at {tempo:g}")


@pytest.mark.parametrize(("rate", "channels"), [(22_050, 1), (44_100, 2), (8000, 1), (48_000, 6), (192_000, 1)])
def test_length_rate_and_channels_stay(rate: int, channels: int) -> None:
    content = song(120, 220, 3.0, rate, channels)
    made = Stems().apply(content, song(90, 330, 4.0, channels=2))
    assert (made.samples.shape, made.rate) == (content.samples.shape, rate)
    assert np.isfinite(made.samples).all()
    assert np.abs(made.samples).max() <= 10 ** (-1 / 20) + 1e-4


def test_no_strength_gives_the_content_back() -> None:
    content = song(120, 220)
    assert np.array_equal(Stems(StemsConfig(strength=0)).apply(content, song(90, 330)).samples, content.samples)


def test_the_same_seed_gives_the_same_bytes_and_more_strength_more_change() -> None:
    content, style = song(120, 220), song(90, 330, seed=1)
    made = {strength: Stems(StemsConfig(strength)).apply(content, style, seed=3) for strength in (0.3, 1.0)}
    again = Stems(StemsConfig(1.0)).apply(content, style, seed=3)
    assert np.array_equal(made[1.0].samples, again.samples)
    change = {strength: np.abs(each.samples - content.samples).mean() for strength, each in made.items()}
    assert 0 < change[0.3] < change[1.0]


def test_the_styles_drums_fall_on_the_contents_beats() -> None:
    made = Stems().apply(song(120, 220, 8.0), song(96, 330, 8.0, seed=1))
    drums = np.abs(made.samples[0])
    beat = np.arange(1, 14) * RATE // 2  # every half second
    on = np.mean([drums[place : place + 800].mean() for place in beat])
    between = np.mean([drums[place + RATE // 4 - 400 : place + RATE // 4 + 400].mean() for place in beat])
    assert on > 1.5 * between


def test_time_runs_on_between_beats_and_at_its_own_speed_at_onsets() -> None:
    ours, theirs = take_apart(song(120, 220, 8.0)).rhythm, take_apart(song(96, 330, 8.0)).rhythm
    times = map_time(ours, theirs)
    moments = np.linspace(1.0, 6.0, 500)
    steps = np.diff(times.style_seconds(moments))
    assert np.mean(steps > 0) > 0.99  # but where the loop begins anew
    assert 0.7 < np.median(steps) / (moments[1] - moments[0]) < 1.5


def chords(*roots: int, tempo: float = 120.0) -> Audio:
    """Two beats of each major triad, so many semitones above A, with a knock on every beat."""
    beat = round(60 / tempo * RATE)
    t = np.arange(2 * beat) / RATE
    triads = [sum(np.sin(2 * np.pi * 220 * 2 ** ((root + k) / 12) * t) for k in (0, 4, 7)) for root in roots]
    wave = 0.1 * np.concatenate(triads)
    for start in range(0, len(wave), beat):
        wave[start : start + 200] += 0.3 * np.random.default_rng(0).normal(size=200)
    return Audio(wave[None].astype(np.float32), RATE, "chords")


def test_the_accompaniment_follows_the_chords_of_the_content() -> None:
    style = take_apart(chords(0, 5, 7, 2, 9, 4, 0, 5))
    content = take_apart(chords(3, 3, 8, 8, 10, 5, 1, 3))
    made = accompany(content.chords, style.chords, style.harmonic, RATE, 8 * RATE)
    assert made.shape == (1, 8 * RATE)
    ours, _ = by_beat(content.chords.classes, RATE, content.rhythm.beats)
    theirs, size = by_beat(pitch_classes(made, RATE), RATE, content.rhythm.beats)
    agree = (ours * theirs).sum(1)[size > 0.2 * np.median(size)]
    assert np.median(agree) > 0.9, "every triad is there after transposing"
    same = accompany(style.chords, style.chords, style.harmonic, RATE, 8 * RATE)
    assert np.corrcoef(same[0, RATE:-RATE], style.harmonic[0, RATE:-RATE])[0, 1] > 0.9, "its own is played as it is"


@given(st.integers(0, 2**32 - 1), st.integers(-5, 6))
def test_beats_are_found_again_through_any_transposition(seed: int, shift: int) -> None:
    style = np.random.default_rng(seed).random((12, 12)) ** 8
    style /= np.linalg.norm(style, axis=1)[:, None]
    wanted = np.roll(style[4:10], shift, axis=1)
    chain, shifts = cheapest(wanted, style, np.ones(12), np.zeros((12, 6), bool))
    assert ((chain >= 0) & (chain < 12)).all()
    assert np.isin(shifts, SHIFTS).all()
    agreement = [wanted[k] @ np.roll(style[b], s) for k, (b, s) in enumerate(zip(chain, shifts, strict=True))]
    runs = list(phrases(chain, shifts))
    assert [beat for first, last in runs for beat in range(first, last)] == list(range(6)), "every beat in one phrase"
    assert sum(agreement) >= 6 - 0.06 * len(runs) - 0.012 * 6 * 6, "no worse than the phrase that was taken"


def test_a_style_without_tones_or_beats_accompanies_with_silence() -> None:
    content = take_apart(chords(0, 5))
    for frames in (0, RATE // 10, 2 * RATE):
        tones = np.zeros((2, frames), np.float32)
        classes = np.zeros((12, 1 + frames // 512), np.float32)
        made = accompany(content.chords, Chords(content.rhythm, classes), tones, RATE, 2 * RATE)
        assert made.shape == (2, 2 * RATE)
        assert not made.any()


def test_the_styles_tempo_can_be_taken() -> None:
    content, style = song(120, 220, 8.0), song(100, 330, 8.0)
    made = Stems(StemsConfig(tempo="style")).apply(content, style)
    assert made.seconds == pytest.approx(8.0 * 1.2, rel=0.03)
    assert rhythm.listen(made.mono(RATE)).tempo == pytest.approx(100, rel=0.03)


def test_a_long_song_is_changed_in_pieces_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    content, style = song(120, 220, 7.0, channels=2), song(90, 330, 4.0)
    whole = Stems().apply(content, style)
    monkeypatch.setattr(stems, "PIECE_SECONDS", 3.0)
    pieces = Stems().apply(content, style)
    assert pieces.samples.shape == whole.samples.shape
    power = [np.square(each.samples).reshape(2, 70, -1).mean((0, 2)) for each in (whole, pieces)]
    assert np.median(power[1] / power[0]) == pytest.approx(1, abs=0.3)
    assert (power[1] > 0.05 * np.median(power[1])).all()
    assert np.abs(pieces.samples).max() < 1


@pytest.mark.parametrize("name", METHODS)
def test_what_holds_no_music_is_refused_by_every_method(name: str) -> None:
    method, good = method_class(name)(), song(120, 220, 2.0)
    for bad in (Audio(np.zeros((1, 2 * RATE)), RATE), Audio(good.samples[:, :4000], RATE)):
        with pytest.raises(UnusableAudioError):
            method.apply(bad, good)
        with pytest.raises(UnusableAudioError):
            method.apply(good, bad)


def test_a_recording_may_be_its_own_style_and_have_no_beat() -> None:
    drone = Audio(0.3 * np.sin(2 * np.pi * 220 * np.arange(4 * RATE) / RATE), RATE)
    assert np.isfinite(Stems().apply(drone, drone).samples).all()


def test_a_style_of_several_recordings_lends_the_mean_of_their_spectra() -> None:
    low, high = song(100, 110, 4.0, seed=1), song(90, 440, 4.0, seed=2)
    guide = load(GUIDE)
    assert isinstance(guide, Classifier)
    found = search(song(120, 220, 4.0), [low, high], {"rock": 1.0}, guide, StemsConfig())
    assert {trial.donor.name for trial in found} == {low.name, high.name}
    mean = (centred(spectrum(low)) + centred(spectrum(high))) / 2
    for trial in found:
        made, alone = (
            centred(spectrum(method.apply(song(120, 220, 4.0), trial.donor))) for method in (trial.method, Stems())
        )
        assert np.abs(made - mean).mean() < 0.5 * np.abs(alone - mean).mean()


def centred(levels: np.ndarray) -> np.ndarray:
    """Levels without their mean: loudness is no part of a spectrum."""
    return levels - levels.mean()


def test_the_guide_shares_no_song_with_what_is_measured() -> None:
    card = read_card(GUIDE)
    assert card["metrics"]["valid"]["accuracy"] > 0.6  # of the benchmark's contents and donors
    assert card["data"]["train"] == 517
    assert isinstance(load(GUIDE), Classifier)


def test_the_command_writes_a_tagged_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, tempo in (("content", 120), ("style", 90)):
        song(tempo, 220, 2.0).write(tmp_path / f"{name}.wav")
    for form in ("wav", "ogg", "flac"):
        out = tmp_path / f"out.{form}"
        assert (
            main(["transfer", str(tmp_path / "content.wav"), "--to", str(tmp_path / "style.wav"), "--out", str(out)])
            == 0
        )
        assert "style of style.wav" in read_tags(out)["encodedby"]
    assert "judge hears" in capsys.readouterr().out


def test_every_stage_counts_to_its_end_and_stops_where_it_is_told(tmp_path: Path, checkpoint: Path) -> None:
    for number, tempo in enumerate((90, 100)):
        song(tempo, 330, 2.0, seed=number).write(tmp_path / f"{number}.wav")
    heard: list[tuple[int, int, str]] = []
    transfer(song(120, 220, 2.0), to=tmp_path, guide=checkpoint, progress=lambda *told: heard.append(told))
    trials = [(done, total) for done, total, words in heard if words.startswith(("listening", "trying"))]
    assert trials == [(0, 4), (1, 4), (2, 4), (3, 4)], "every donor is listened to and tried"
    assert all(done < after for (done, total, _), (after, same, _) in pairwise(heard) if total == same and after)
    heard.clear()
    transfer(
        song(120, 220, 7.0),
        to=song(90, 330, 2.0),
        method="random-cnn",
        settings={"iterations": "3", "filters": "8", "inversion": "1"},
        progress=lambda *told: heard.append(told),
    )
    (total,) = {total for _, total, words in heard if words != "measuring"}
    assert [done for done, total, words in heard if words != "measuring"] == [*range(total + 1)]
    assert total == 2 * (3 + 1), "two pieces of 5 s, and of each the losses before and after every iteration"


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, tempo in (("content", 120), ("style", 90)):
        song(tempo, 220, 2.0).write(tmp_path / f"{name}.wav")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    for stage in (Stems, "combine"), (Comparison, "measure"):
        with monkeypatch.context() as patch:
            patch.setattr(*stage, interrupted)
            assert main(["transfer", str(tmp_path / "content.wav"), "--to", str(tmp_path / "style.wav")]) == 130
    assert {path.name for path in tmp_path.glob("*.*")} == {"content.wav", "style.wav"}


def test_a_donor_is_one_of_several(tmp_path: Path) -> None:
    path = tmp_path / "style.wav"
    song(90, 330, 2.0).write(path)
    for single in (path, song(90, 330, 2.0)):
        with pytest.raises(UsageError, match="donor"):
            transfer(song(120, 220, 2.0), to=single, donor=str(path))
    assert transfer(song(120, 220, 2.0), to=tmp_path, donor=str(path)).donor == str(path)


def test_measures_agree_with_what_they_are_of() -> None:
    content, style = song(120, 220), song(90, 330, seed=1)
    scale = Comparison(content, style, shipped(), target="disco")
    own, wanted = scale.measure(content), Comparison(style, style, shipped()).measure(style)
    assert own.chroma == pytest.approx(1)
    assert (wanted.pulse, wanted.bar) == pytest.approx((1, 1))
    assert (wanted.spectrum_db, wanted.balance_db) == pytest.approx((0, 0), abs=1e-3)
    assert scale.measure(equalised(content, style)).spectrum_db < 0.5 * own.spectrum_db
    assert scale.measure(content) == scale.measure(Audio(np.repeat(content.samples, 2, axis=0), RATE))


def test_controls_stand_beside_the_result(tmp_path: Path, checkpoint: Path) -> None:
    for number, tempo in enumerate((90, 100)):
        song(tempo, 330, 2.0, seed=number).write(tmp_path / f"{number}.wav")
    made = transfer(song(120, 220, 2.0), to=tmp_path, guide=str(checkpoint), controls=True)
    assert [*made.controls] == ["equaliser alone", "random donor"]
    assert made.controls["equaliser alone"].spectrum_db < made.before.spectrum_db


@pytest.mark.parametrize("options", [{"strength": 2.0}, {"drums": -1.0}, {"timbre": float("nan")}, {"tempo": "mine"}])
def test_settings_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        StemsConfig(**options)  # type: ignore[arg-type]


def test_the_reports_methods_are_at_hand_with_settings_of_their_own() -> None:
    made = transfer(song(120, 220, 3.0), to=song(90, 330, 3.0), method="random-cnn", settings={"iterations": "0"})
    assert made.method == "random-cnn"
    assert made.json()["settings"]["iterations"] == 0
    assert made.audio.samples.shape == song(120, 220, 3.0).samples.shape
    for refused in ({"drums": 0.5}, {"settings": {"layers": 3}}, {"to": "rock"}):
        with pytest.raises(UsageError, match="random-cnn"):
            transfer(song(120, 220, 3.0), **{"to": song(90, 330, 3.0), "method": "random-cnn", **refused})


def test_a_style_of_the_library_gives_one_of_its_recordings(tmp_path: Path, checkpoint: Path) -> None:
    for number, tempo in enumerate((90, 100)):
        song(tempo, 330, 3.0, seed=number).write(tmp_path / f"{number}.wav")
    (tmp_path / "notes.txt").write_text("no music")
    assert len(add_style("mine", tmp_path)) == 2
    assert "mine" in styles()
    made = transfer(song(120, 220, 3.0), to="mine", guide=str(checkpoint))
    assert Path(made.donor) in styles()["mine"]
    assert made.probability is not None
    assert made.after.chroma < made.before.chroma == pytest.approx(1)
    assert not made.controls
    answer = made.json()
    assert answer["judge"]["accuracy"] >= 0.65
    assert 0 <= answer["after"]["target"] <= 1
    figures.save(figures.transfer(made.pictures()), tmp_path / "made.png")


def test_a_genre_is_a_style_out_of_the_box_and_ones_own_takes_its_place(tmp_path: Path) -> None:
    bundled = styles()
    assert {"blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"} <= {*bundled}
    assert all(path.is_file() for paths in bundled.values() for path in paths)
    made = transfer(song(120, 220, 2.0), to="reggae", donor=str(bundled["reggae"][0]))
    assert (made.target, Path(made.donor)) == ("reggae", bundled["reggae"][0])
    song(100, 330, 2.0).write(tmp_path / "own.wav")
    assert styles()["blues"] != add_style("blues", tmp_path) == styles()["blues"]


def test_unknown_styles_and_unreadable_ones_say_so(tmp_path: Path, wav: Callable[..., Path]) -> None:
    (tmp_path / "noise.mp3").write_bytes(b"no music")
    with pytest.raises(UsageError, match="styles add"):
        transfer(wav(), to="polka")
    with pytest.raises(Exception, match=r"noise\.mp3"):
        transfer(wav(), to=tmp_path / "noise.mp3")
    with pytest.raises(UsageError, match="plain word"):
        add_style("../x", tmp_path)
