"""Evaluation: what it says of a classifier, what it keeps, whom it compares with, and the lock of the test split."""

import csv
import json
import multiprocessing
import shutil
from pathlib import Path

import numpy as np
import pytest

from partita import evaluate, ledger, train
from partita.checkpoint import load as load_checkpoint
from partita.checkpoint import read_card, shipped
from partita.cli import main
from partita.data import load
from partita.errors import DataError, UsageError
from partita.evaluation import Evaluation, Prepared, baselines, predict, read_predictions, write_predictions
from partita.ledger import count_test_use
from partita.models.classifier import Classifier

DATA = "synthetic:8"
QUICK = {"copies": 1, "columns": 32, "hop": 32}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One cache for this file: the same songs come in every test."""
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def _shared_cache(_own_folders: None, shared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTITA_CACHE", shared)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, shared: str) -> Path:
    """A checkpoint trained by the public function, whose card knows its training songs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARTITA_CACHE", shared)
        return train("genre-linear", data=DATA, out=tmp_path_factory.mktemp("own") / "mine", settings=QUICK).folder


@pytest.fixture
def result(checkpoint: Path) -> Evaluation:
    return evaluate(checkpoint, data=DATA, baselines=False)


def test_every_number_follows_from_the_songs(result: Evaluation) -> None:
    truth = np.array([song["truth"] for song in result.songs])
    predicted = np.array([song["predicted"] for song in result.songs])
    assert result.accuracy == np.mean(truth == predicted)
    assert np.trace(result.confusion) == np.sum(truth == predicted)
    votes = np.array([song["votes"] for song in result.songs])
    columns = [result.labels.index(label) for label in truth]
    assert result.segments.n == votes.sum()
    assert result.segments.accuracy == votes[np.arange(len(votes)), columns].sum() / votes.sum()
    assert result.votes.hard == np.mean([song["hard_vote"] == song["truth"] for song in result.songs])
    assert result.abstention.curve[-1][:2] == pytest.approx([1, 1 - result.accuracy])
    for interval in (result.interval, result.bootstrap):
        assert interval.low <= result.accuracy <= interval.high
    json.dumps(result.json(), allow_nan=False)


def test_a_song_too_quiet_to_have_a_segment_votes_as_a_whole(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_checkpoint(checkpoint)
    assert isinstance(model, Classifier)
    example = load(DATA).split("valid")[0]
    prepared = Prepared([{"label": np.array(0)}], [example])
    whole = np.log(np.array([0.1, 0.2, 0.6, 0.1], np.float32))
    monkeypatch.setattr(type(model), "song_scores", lambda *_: iter([(whole, np.zeros((0, 4), np.float32))]))
    predicted = predict(model, prepared)
    np.testing.assert_array_equal(predicted.votes, [[0, 0, 1, 0]])
    np.testing.assert_allclose(predicted.soft, [whole], rtol=1e-6)


def test_the_gap_is_measured_on_the_checkpoint_s_own_training_songs_alone(own: Path, checkpoint: Path) -> None:
    here = evaluate(own, data=DATA, baselines=False)
    assert here.gap is not None
    assert here.gap.n == here.n
    assert here.gap.difference == pytest.approx(here.gap.accuracy - here.accuracy)
    assert evaluate(own, data=DATA, baselines=False, gap=False).gap is None
    assert evaluate(own, data="synthetic:7", baselines=False).gap is None
    assert evaluate(checkpoint, data=DATA, baselines=False).gap is None


def test_the_second_call_takes_the_fitted_baseline_from_the_cache(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(baselines, "cache_folder", lambda: tmp_path)
    first = evaluate(checkpoint, data=DATA)

    def never(*_: object) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr(baselines, "_fitted", never)
    assert evaluate(checkpoint, data=DATA).baselines == first.baselines
    with pytest.raises(AssertionError, match="fitted again"):
        evaluate(checkpoint, data="synthetic:7")


def test_predictions_pair_with_themselves_and_with_others(result: Evaluation, own: Path, tmp_path: Path) -> None:
    table = tmp_path / "songs.csv"
    write_predictions(result.songs, result.labels, table)
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert [row["id"] for row in rows] == [song["id"] for song in result.songs]
    assert all(float(row["p_" + row["predicted"]]) >= 0.25 for row in rows)
    assert all(int(row["segments"]) == sum(song["votes"]) for row, song in zip(rows, result.songs, strict=True))
    beside = evaluate(own, data=DATA, baselines=False, compare=[table, own]).comparisons
    assert [compared.n for compared in beside] == [result.n, result.n]
    assert beside[0].other_accuracy == result.accuracy
    assert (beside[1].difference, beside[1].only_this, beside[1].p) == (0, 0, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,truth,predicted\nx,drone,beat\n", "none of the"),
        ("id,truth,predicted\n{0},{wrong},beat\n", "but it is"),
        ("id,truth,predicted\n{0},drone,beat\n{0},drone,beat\n", "twice"),
        ("id,truth,predicted\n{0},drone\n", "cell is empty"),
        ("file,genre\na.mp3,jazz\n", "wants the columns"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(
    own: Path, result: Evaluation, tmp_path: Path, text: str, message: str
) -> None:
    song = result.songs[0]
    wrong = next(label for label in result.labels if label != song["truth"])
    (tmp_path / "other.csv").write_text(text.format(song["id"], wrong=wrong))
    with pytest.raises(DataError, match=message):
        evaluate(own, data=DATA, baselines=False, compare=[tmp_path / "other.csv"])
    with pytest.raises(DataError, match="can't be read"):
        read_predictions(tmp_path / "none.csv")


def test_a_card_of_one_s_own_takes_the_numbers(own: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(own, tmp_path / "copy")
    here = evaluate(copy, data=DATA, baselines=False, update_card=True)
    evaluate(copy, data="synthetic:7", baselines=False, update_card=True)
    metrics = read_card(copy)["metrics"]
    assert metrics.keys() == {"valid", "valid of synthetic"}
    assert metrics["valid"]["votes"] == json.loads(json.dumps(here.json()))["votes"]
    with pytest.raises(UsageError, match="its card stays as it is"):
        evaluate(next(iter(shipped())), data=DATA, update_card=True)


def test_each_look_at_the_test_split_is_counted(own: Path, checkpoint: Path) -> None:
    with pytest.raises(UsageError, match="locked"):
        evaluate(own, data=DATA, split="test")
    looks = [evaluate(own, data=DATA, split="test", test=True, baselines=False).test_uses for _ in range(3)]
    assert [look.count for look in looks if look] == [1, 2, 3]
    assert looks[0] is not None
    assert looks[0].last is None
    assert looks[2] is not None
    assert "test used 3 times with this one, last on 2" in looks[2].words()
    beside = evaluate(checkpoint, data=DATA, split="test", test=True, baselines=False, compare=[own]).test_uses
    assert beside is not None
    assert beside.count == 1, "another checkpoint has its own count"
    last = evaluate(own, data=DATA, split="test", test=True, baselines=False).test_uses
    assert last is not None
    assert last.count == 5, "being compared with is a look, too"
    assert evaluate(own, data=DATA, baselines=False).test_uses is None


def test_a_look_that_cannot_be_counted_is_refused(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PARTITA_STATE", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="PARTITA_STATE"):
        evaluate(own, data=DATA, split="test", test=True, baselines=False)


def _look(number: int) -> int:
    return count_test_use("weights", "songs", model=str(number), data="tones").count


def test_looks_of_two_processes_at_once_are_all_counted() -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        counts = pool.map(_look, range(40), chunksize=1)
    assert max(counts) == 40
    assert len(list(ledger.state_folder().rglob("*.json"))) == 40
    assert _look(0) == 41


def test_the_digest_of_a_split_tells_other_songs_apart() -> None:
    dataset = load(DATA)
    assert dataset.digest("train") == load(DATA).digest("train")
    assert len({dataset.digest("train"), dataset.digest("valid"), load("synthetic:9").digest("train")}) == 3


def test_the_command_writes_the_table_and_the_page_and_says_the_protocol_first(
    own: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, page = tmp_path / "songs.csv", tmp_path / "report.html"
    words = ["evaluate", own, "--data", DATA, "--compare", checkpoint, own, "--csv", table, "--html", page]
    assert main([str(word) for word in words]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert "The song is the unit" in first
    wanted = ("accuracy", "  beside", "  trained", "segments", "hard vote", "soft vote", "  votes", "abstain", "paired")
    assert all(any(line.startswith(start) for line in rest) for start in wanted)
    assert sum("exact McNemar p" in line for line in rest) == 2
    assert "take 0.05 / 2" in "\n".join(rest)
    assert read_predictions(table).keys() == {example.id for example in load(DATA).split("valid")}
    assert page.read_text(encoding="utf-8").endswith("</html>\n")


def test_the_command_repeats_and_refuses_what_does_not_go_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "genre-linear", "--data", DATA, "--no-baselines", "--seeds", "2"]
    quick = [word for name, value in QUICK.items() for word in ("--set", f"{name}={value}")]
    assert main([*words, "--out", str(tmp_path), *quick]) == 0
    out = capsys.readouterr().out
    assert "over 2 runs" in out
    assert "seed-1" in out
    for extra in (["--csv", "x.csv"], ["--compare", "genre-cnn"], ["--update-card"]):
        assert main([*words, "--out", str(tmp_path), *extra]) == 2
        assert "for one checkpoint" in capsys.readouterr().err
    assert main([*words[:-2], "--out", str(tmp_path)]) == 2
    assert "train anew" in capsys.readouterr().err
