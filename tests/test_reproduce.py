"""The reports' claims and their reproduction."""

import json
from pathlib import Path

import pytest
import torch

import partita
from partita import claims
from partita.checkpoint import shipped
from partita.claims import REPORTS
from partita.cli import main
from partita.data.gtzan import GENRES
from partita.errors import UsageError
from partita.settings import Plan, own_settings, refuse_unknown
from partita.tasks import reproduce as task

every_report = pytest.mark.parametrize("name", REPORTS)


@every_report
def test_every_report_prints_its_claims(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", name]) == 0
    text = capsys.readouterr().out
    assert all(claim.what in text for claim in REPORTS[name].claims)


def test_settings_may_name_their_model() -> None:
    given = {"epochs": "2", "fft": "448", "lildata.filters": "8,8,8,8"}
    assert own_settings("lildata", given) == {"epochs": "2", "fft": "448", "filters": "8,8,8,8"}
    assert own_settings("bach", given) == {"epochs": "2"}
    refuse_unknown(given, ["softmax", "lildata"])
    for unknown in ("epoch", "softmax.filters", "bach.epochs"):
        with pytest.raises(UsageError, match=unknown):
            refuse_unknown({unknown: "2"}, ["softmax", "lildata"])


def test_shares_of_known_size_carry_their_interval() -> None:
    songs = next(claim for claim in claims.report("p66").claims if claim.what == "bach, songs")
    assert songs.interval == pytest.approx((0.786, 0.957), abs=5e-4)
    tracks = claims.report("fstmuse").claims[0]
    assert tracks.interval == pytest.approx((0.743, 0.926), abs=5e-4)


@every_report
def test_corrected_variants_are_settings_that_the_models_have(name: str) -> None:
    for trial in REPORTS[name].trials:
        for variant in trial.corrected:
            plan = Plan.of(trial.model, GENRES, variant)
            with torch.device("meta"):
                assert plan.kind(plan.config).parameter_count > 0


def test_a_report_is_tried_under_both_protocols_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = claims.Trial("bach", "b", 2.0, ({"level": "rms"},))
    monkeypatch.setitem(REPORTS, "p66", claims.Report("a report", "leaky", (), (trial,)))
    settings = {"filters": "4,4,4", "steps": 4, "batch": 4}
    result = partita.reproduce("p66", data="synthetic:6", settings=settings, out=tmp_path, device="cpu")
    assert [(row["variant"], row["rung"]) for row in result.rows] == [
        ("exact", "b"),
        ("exact", "d"),
        ("level=rms", "d"),
    ]
    for row in result.rows:
        assert 0 <= row["segments"]["accuracy"] <= 1
        assert (row["songs"] is None) == (row["rung"] == "b")
        assert 0.2 <= row["majority"]["accuracy"] <= 1
    assert json.loads((tmp_path / "reproduction.json").read_text()) == json.loads(json.dumps(result.json()))
    monkeypatch.setattr(task, "measure_rung", None)
    again = partita.reproduce("p66", data="synthetic:6", settings=settings, out=tmp_path, device="cpu")
    assert again == result, "what is finished is not trained again"
    with pytest.raises(UsageError, match="something else"):
        partita.reproduce("p66", data="synthetic:6", out=tmp_path)


def test_what_can_not_be_tried_is_refused() -> None:
    with pytest.raises(UsageError, match="Known: p66"):
        partita.reproduce("p67")
    with pytest.raises(UsageError, match="no classifiers"):
        partita.reproduce("aaa", data="synthetic-scores:4", seeds=2)


@pytest.mark.skipif("aaa-vae-notes" not in shipped(), reason="no checkpoint is shipped yet")
def test_what_was_measured_of_shipped_corrected_models_is_told() -> None:
    rows = partita.reproduce("aaa").rows
    assert {row["model"] for row in rows} == {"aaa-lstm", "aaa-vae", "aaa-lstm-notes", "aaa-vae-notes"}
    static = next(row for row in rows if row["model"] == "aaa-vae" and "distinct of 64" in row["beside"])
    assert static["beside"]["distinct of 64"] == 1, "the report's one static output"


def test_models_that_write_music_are_tried_as_they_are_and_corrected(tmp_path: Path) -> None:
    settings = {
        "steps": 3,
        "batch": 4,
        "aaa-lstm.lag": 8,
        "aaa-lstm.rows": 32,
        "aaa-lstm.units": "8,8",
        "aaa-vae.size": 128,
        "aaa-vae.filters": "2,2,2",
        "aaa-lstm-notes.width": 8,
        "aaa-vae-notes.width": 8,
    }
    result = partita.reproduce("aaa", data="synthetic-scores:12", settings=settings, out=tmp_path, device="cpu")
    assert {row["model"] for row in result.rows} == {"aaa-lstm", "aaa-vae", "aaa-lstm-notes", "aaa-vae-notes"}
    assert all(row["value"] >= 0 for row in result.rows if "ahead" not in row["what"])
    assert {path.name for path in tmp_path.glob("*.png")} == {"overlay.png", "continuation.png"}
