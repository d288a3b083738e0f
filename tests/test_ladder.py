"""The ladder: rungs that leak only by name, paired intervals that cover, runs that are done once; and the leak test."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import partita.tasks.ladder as task
from partita import data, ladder
from partita.audio import Audio, AudioFile, Excerpt, Reading
from partita.cli import main
from partita.data.base import Dataset, split_by_group
from partita.data.rungs import LEAKS, rungs, song_of, windows
from partita.errors import DataError, UsageError
from partita.evaluation.climbing import divide
from partita.example import Example, Spectrogram
from partita.metrics.paired import Outcomes, accuracy, gap, gap_on_same_songs, resample

SECONDS_PER_COLUMN = 0.1


def song(name: str, label: str, group: str, levels: np.ndarray) -> Example:
    return Example(name, Spectrogram(levels, SECONDS_PER_COLUMN, "gtzan-logmel", name), label, group)


def blank(name: str, label: str, group: str, columns: int = 160) -> Example:
    return song(name, label, group, np.zeros((4, columns), np.uint8))


def fingerprinted(count: int = 24) -> list[Example]:
    """Songs of which each has a colour of its own, the loudness and noise of its bands; labels are arbitrary."""
    songs = []
    for number in range(count):
        rng = np.random.default_rng([7, number])
        loudness, noise = (
            np.interp(np.arange(128), np.linspace(0, 127, 20), rng.uniform(*ends, 20))[:, None]
            for ends in ((60, 200), (2, 40))
        )
        levels = np.clip(loudness + noise * rng.normal(0, 1, (128, 192)), 0, 255).astype(np.uint8)
        songs.append(song(f"song {number:02d}", "ab"[number % 2], f"song {number:02d}", levels))
    return songs


@pytest.fixture(scope="module")
def leaky() -> task.Ladder:
    """A ladder of songs that can be learnt by heart and in no other way."""

    def load(spec: str, protocol: str | None, seed: int, **_: object) -> Dataset:
        splits = split_by_group(fingerprinted(), seed, {"train": 0.6, "valid": 0.4})
        return Dataset("synthetic", splits, "songs split at random")

    options = {"columns": 32, "hop": 32, "copies": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(task.datasets, "load", load)
        return ladder("genre-linear", data="synthetic:12", seconds=3.2, seeds=3, settings=options)


def test_a_model_that_learns_songs_is_high_on_leaky_rungs_and_at_chance_on_whole_songs(leaky: task.Ladder) -> None:
    reached = {row["rung"]: row for row in leaky.rungs if row["unit"] == "segments"}
    assert min(reached["a"]["accuracy"], reached["b"]["accuracy"]) > 0.9
    for rung in "cd":
        low, high = reached[rung]["interval"]
        assert low < 0.5 < high
        assert 0.3 < reached[rung]["accuracy"] < 0.7
    worth = {row["gap"]: row for row in leaky.gaps if row["unit"] == "segments"}
    assert worth["a - c"]["interval"][0] > 0
    low, high = worth["c - d"]["interval"]
    assert low < 0 < high


def test_all_rungs_learn_from_equally_many_windows(leaky: task.Ladder) -> None:
    assert leaky.train + leaky.valid == 24 * 6
    assert abs(leaky.valid / leaky.train - 0.4 / 0.6) < 0.1


ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12), st.integers(0, 5)), min_size=4, max_size=40)


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, seed=st.integers(0, 3))
def test_rungs_divide_the_same_songs_and_only_a_and_b_cut_them(rows: list[tuple[str, int, int]], seed: int) -> None:
    pool = [blank(f"{i}", label, f"artist {g}", 40 + 20 * length) for i, (label, g, length) in enumerate(rows)]
    honest = Dataset("made", split_by_group(pool, seed, {"train": 0.6, "valid": 0.4}), "by artist")
    if not all(honest.splits.values()):
        return
    made = rungs(honest, pool, 4.0, seed)
    sizes = {tuple(len(part) for part in each.splits.values()) for each in made.values()}
    assert len(sizes) == 1, "every rung learns from as many windows and is measured on as many"
    artist = {each.id: each.group for each in pool}
    for name, each in made.items():
        names = [window.id for part in each.splits.values() for window in part]
        assert len(names) == len(set(names)), "no window is on both sides"
        sides = [{song_of(window) for window in each.splits[part]} for part in ("train", "valid")]
        assert name in "ab" or not sides[0] & sides[1], "no song is on both sides of c and d"
        artists = [{artist[song] for song in side} for side in sides]
        assert name != "d" or not artists[0] & artists[1], "no artist is on both sides of d"
        assert each.groups_cross == (name in "ab")
        assert name == "d" or LEAKS[name] in each.protocol


@settings(max_examples=12, deadline=None)
@given(songs=st.integers(2, 9), seed=st.integers(0, 4), name=st.sampled_from(["song", "artist", "synthetic"]))
def test_no_group_crosses_any_protocol_that_can_be_made(
    tmp_path_factory: pytest.TempPathFactory, songs: int, seed: int, name: str
) -> None:
    if name == "synthetic":
        dataset = data.load(f"synthetic:{songs}", None, seed)
    else:
        root = tmp_path_factory.mktemp("music")
        for i in range(4 * songs):
            file = root / "xy"[i % 2] / (f"album {i % songs}" if i % 3 else "") / f"{i}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        dataset = data.load(f"folder:{root}", name, seed)
    groups = [{example.group for example in part} for part in dataset.splits.values()]
    assert sum(map(len, groups)) == len(set().union(*groups))
    assert not dataset.groups_cross


def test_groups_cross_only_where_it_is_asked_for_and_said() -> None:
    parts = {"train": [blank("1", "x", "artist")], "valid": [blank("2", "x", "artist")]}
    with pytest.raises(DataError, match="is in train and in valid"):
        Dataset("made", parts, "none", leaks="artists")
    with pytest.raises(DataError, match="must say what it leaks"):
        Dataset("made", parts, "none", groups_cross=True)
    made = Dataset("made", parts, "at random", "artists are on both sides", groups_cross=True)
    assert made.protocol == made.only(["x"]).protocol == "at random; leaky on purpose: artists are on both sides"


def test_windows_cover_whole_columns_and_name_their_song() -> None:
    cut = windows(blank("a@b", "x", "g", 100), 4.0, 2.0)
    assert [window.id for window in cut] == ["a@b@0", "a@b@20", "a@b@40", "a@b@60"]
    assert {song_of(window) for window in cut} == {window.group for window in cut} == {"a@b"}
    assert all(window.media.levels.shape[1] == 40 for window in cut)  # type: ignore[union-attr]
    assert windows(blank("short", "x", "g", 39), 4.0, 2.0) == []


def test_windows_of_sound_are_its_samples(tmp_path: Path) -> None:
    wave = np.random.default_rng(0).uniform(-0.5, 0.5, 22_050 * 5).astype(np.float32)
    Audio(wave[None], 22_050).write(tmp_path / "a.wav")
    for media in (Audio(wave[None], 22_050), AudioFile(tmp_path / "a.wav")):
        cut = windows(Example("a", media, "x", "a"), 2.0, 1.0)
        assert [window.id for window in cut] == ["a@0", "a@1", "a@2", "a@3"]
        reading = Reading()
        heard = np.concatenate(list(cut[2].media.blocks(22_050, reading)))  # type: ignore[union-attr]
        np.testing.assert_allclose(heard, wave[44_100:88_200], atol=1e-4)
        assert reading.seconds == 2.0
        assert reading.silent is None
        assert len({window.content for window in cut}) == 4
    silence = Excerpt(Audio(np.zeros((1, 22_050)), 22_050), 0.5, 0.25)
    list(silence.blocks(22_050, reading := Reading()))
    assert reading.silent
    missing = Example("m", AudioFile(tmp_path / "missing.wav"), "x", "m")
    assert windows(missing, 2.0, 1.0) == []


class TestPairedIntervals:
    def test_they_cover_the_truth_about_as_often_as_they_say(self) -> None:
        """Songs and seeds shift both sides alike; the gap of their shares is what is left, 0.1 on average."""
        rng, covered, rounds = np.random.default_rng(1), 0, 120
        for _ in range(rounds):
            easy, luck = rng.normal(0, 0.15, 60), rng.normal(0, 0.02, (5, 2))
            sides = []
            for side, base in enumerate((0.6, 0.5)):
                chance = np.clip(base + easy + luck[:, side, None], 0, 1)
                asked = np.full((5, 60), 6.0)
                sides.append(Outcomes(rng.binomial(6, chance).astype(float), asked))
            low, high = gap(*sides, resample(5, 60, 400)).interval
            covered += low <= 0.1 <= high
        assert covered / rounds >= 0.92

    def test_of_equal_outcomes_they_are_nothing_wide(self) -> None:
        rng = np.random.default_rng(0)
        same = Outcomes(rng.integers(0, 4, (3, 20)).astype(float), np.full((3, 20), 4.0))
        estimate = gap(same, same, resample(3, 20))
        assert estimate.value == estimate.interval.low == estimate.interval.high == 0

    def test_pairing_makes_them_narrower(self) -> None:
        rng = np.random.default_rng(0)
        easy = rng.uniform(0, 1, 80)
        ask = np.full((4, 80), 6.0)
        left, right = (Outcomes(rng.binomial(6, easy, (4, 80)).astype(float), ask) for _ in range(2))
        weights = resample(4, 80)
        paired = np.ptp(gap(left, right, weights).interval)
        unpaired = np.hypot(*(np.ptp(accuracy(side, weights).interval) for side in (left, right)))
        assert paired < 0.6 * unpaired

    def test_the_same_songs_are_compared_however_easy_the_others_are(self) -> None:
        right = np.array([[4.0, 4, 4, 0]])
        asked = np.array([[4.0, 4, 4, 0]])
        left, other = Outcomes(right, asked), Outcomes(np.array([[0, 0, 4.0, 0]]), np.array([[0, 0, 4.0, 4]]))
        weights = resample(1, 4)
        assert gap(left, other, weights).value == 0.5
        assert gap_on_same_songs(left, other, weights).value == 0


def test_a_ladder_is_done_once_and_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"data": "synthetic:4", "seconds": 4.0, "seeds": 1, "settings": {"columns": 32, "copies": 0}}
    first = ladder("genre-linear", out=tmp_path, **options)
    kept = (tmp_path / "results.jsonl").read_text()
    lines = kept.splitlines(keepends=True)
    (tmp_path / "results.jsonl").write_text("".join(lines[:4]) + lines[4][:30])  # killed while it wrote
    trained = []
    climb = task.measure_rung
    monkeypatch.setattr(task, "measure_rung", lambda *args: trained.append(args[2]) or climb(*args))
    assert ladder("genre-linear", out=tmp_path, **options) == first
    assert trained == ["d"]
    with pytest.raises(UsageError, match="results of something else"):
        ladder("genre-linear", out=tmp_path, **{**options, "seconds": 2.0})
    (tmp_path / "results.jsonl").write_text("what is this\n")
    with pytest.raises(UsageError, match="does not hold such results"):
        ladder("genre-linear", out=tmp_path, **options)


def test_impossible_ladders_are_refused() -> None:
    for values in ({"seeds": 0}, {"seconds": 0.0}):
        with pytest.raises(UsageError, match="seeds are a number"):
            ladder("genre-linear", data="synthetic:3", **values)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="no windows of 60 s"):
        ladder("genre-linear", data="synthetic:4", seconds=60.0)


def test_the_command_prints_tables_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["ladder", "genre-linear", "--data", "synthetic:4", "--seconds", "4", "--seeds", "1"]
    words += ["--set", "columns=32", "--set", "copies=0", "--out", str(tmp_path / "out")]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "| gap | unit | worth |" in shown
    assert "to learn from" in shown
    assert (tmp_path / "out" / "ladder.png").stat().st_size > 5_000
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["rung"] for row in found["rungs"]] == ["a", "b", "c", "c", "d", "d"]
    assert found == json.loads((tmp_path / "out" / "ladder.json").read_text())


def test_raw_sample_models_climb_too() -> None:
    found = ladder("bach", data="synthetic:4", seconds=4.0, seeds=1, settings={"steps": 2, "batch": 4})
    assert len(found.rungs) == 6
    assert not found.left_out


def test_songs_left_out_are_on_no_rung(tmp_path: Path) -> None:
    listed = tmp_path / "leave-out.txt"
    names = sorted(example.id for example in data.load("synthetic:4").examples)
    listed.write_text(f"{names[0]}  # faulty\n")
    divided = divide("synthetic:4", None, None, 4.0, 0, listed)
    kept = {song_of(example) for rung in divided.values() for example in rung.examples}
    assert kept == set(names[1:])
