"""What the studio measures and renders: every task of the command line has its verb, and a result that can be kept."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from studio_server import Client

import partita
from partita import claims
from partita import data as datasets
from partita.studio import fields, verbs
from partita.studio.work import measure
from partita.studio.work.base import Work
from partita.studio.work.paper import REPORT, Paper, Range, Share, Table

TONES = {"kind": "synthetic", "count": 4}
EVALUATE = {"verb": "evaluate", "parameters": {"model": "genre-linear"}}


def test_every_task_is_a_verb() -> None:
    public = {f"{place}:{name}" for name, place in partita._PUBLIC.items() if place.startswith("partita.tasks.")}
    functions = {place for place in public if place.rpartition(":")[2].islower()}
    offered = {verb.task for verb in verbs.VERBS.values()}
    assert functions - offered == {"partita.tasks.classify:classify_many"}, "a library is many jobs of one recording"
    files = {path.stem for path in Path(str(partita.__file__)).parent.glob("tasks/*.py")} - {"__init__"}
    assert files <= {task.partition(":")[0].rpartition(".")[2] for task in offered}


def test_choices_are_what_there_is() -> None:
    assert {*fields.RECORDINGS, *fields.SCORES, *fields.ROLLS} == set(datasets.DATASETS)
    assert {*fields.GENERATED, *fields.ARCHIVES} < set(datasets.DATASETS)
    assert fields.FIELDS["report"].choices == tuple(claims.REPORTS)


def measured(verb: str, folder: Path, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The result and the digest of a verb, with what it writes in `folder`."""
    told = io.StringIO()
    result, digest = getattr(measure, verb)(Work("It", folder, dict(arguments), told, {}))
    json.dumps(result, allow_nan=False)
    assert digest["words"]
    page = (folder / REPORT).read_text(encoding="utf-8")
    assert "<script" not in page
    assert digest["value"] in page
    assert "None" not in page
    return result, digest


SMALL = {"columns": "32", "hop": "32", "copies": "1"}
LINEAR = {"model": "genre-linear", "data": "synthetic:4", "device": "cpu", "settings": SMALL}
SCORES = {"model": "markov", "data": "synthetic-scores:12", "device": "cpu"}
ROLLS = {"model": "chord-transformer-jsb", "data": "synthetic-rolls:4", "device": "cpu"}


@pytest.mark.parametrize(
    ("verb", "arguments", "files"),
    [
        ("repeat", {**LINEAR, "seeds": 2, "baselines": False}, {"runs.csv", "spread.csv", "kept.zip"}),
        ("tune", {**LINEAR, "trials": 2, "settings": {"columns": "32", "hop": "32"}}, {"trials.csv", "kept.zip"}),
        ("reproduce", {"report": "p66"}, {"claims.csv", "measured.csv"}),
        ("reproduce", {"report": "aaa"}, {"claims.csv", "measured.csv"}),
        ("evaluate", SCORES, {"fields.csv", "pieces.csv"}),
        ("evaluate", {**SCORES, "samples": 4, "seconds": 4.0}, {"likeness.csv", "measures.csv", "kept.zip"}),
        ("evaluate", ROLLS, {"pieces.csv"}),
        (
            "sweep",
            {**SCORES, "temperatures": [1.0], "min_ps": [0.0, 0.1], "samples": 4, "seconds": 4.0},
            {"ways-of-drawing.csv", "kept.zip"},
        ),
    ],
)
def test_whatever_is_measured_is_a_page_and_tables(
    tmp_path: Path, verb: str, arguments: dict[str, Any], files: set[str]
) -> None:
    measured(verb, tmp_path, arguments)
    assert files <= {path.name for path in tmp_path.iterdir()}
    for name in files - {"kept.zip"}:
        rows = [*csv.reader(io.StringIO((tmp_path / name).read_text(encoding="utf-8")))]
        assert len(rows) > 1
        assert len({len(row) for row in rows}) == 1, name


def test_a_table_is_the_same_on_the_page_and_as_csv(tmp_path: Path) -> None:
    table = Table(
        "All",
        ("what", "right", "of", "gap"),
        [["<a>", Share(0.5, (0.25, 0.75)), 1234, None], ["b", None, 1, Range(-0.1, 0.2)]],
    )
    Paper("Title", "", "50 %", "right", [("All of it", [table])]).write(tmp_path)
    assert (tmp_path / "all-of-it.csv").read_text(encoding="utf-8").splitlines() == [
        'what,right,"right, low","right, high",of,"gap, low","gap, high"',
        "<a>,0.5,0.25,0.75,1234,,",
        "b,,,,1,-0.1,0.2",
    ]
    page = (tmp_path / REPORT).read_text(encoding="utf-8")
    for words in ("&lt;a&gt;", "50.0", "25–75", "1,234", "-0.100 to 0.200"):
        assert words in page
    assert "<a>" not in page


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({**EVALUATE, "given": {}}, "needs data"),
        ({**EVALUATE, "given": {"data": {"kind": "pickle", "path": "/tmp"}}}, "data set"),
        ({**EVALUATE, "given": {"data": {"kind": "synthetic", "count": 10**9}}}, "from 1 to 1000"),
        ({**EVALUATE, "given": {"data": {"kind": "synthetic", "count": "4; rm"}}}, "from 1 to 1000"),
        ({**EVALUATE, "given": {"data": TONES, "leave_out": {"path": "/etc/passwd"}}}, "no .txt file"),
        ({**EVALUATE, "given": {"data": TONES, "out": {"name": "../x"}}}, "name"),
        (
            {**EVALUATE, "given": {"data": TONES}, "parameters": {"model": "genre-linear", "compare": ["/etc/passwd"]}},
            "no such model",
        ),
        ({"verb": "sweep", "given": {"data": TONES}, "parameters": {"temperatures": ["1"]}}, "not numbers"),
        ({"verb": "tune", "given": {"data": TONES}, "parameters": {"model": "genre-linear"}}, "needs out"),
        (
            {
                "verb": "corpus",
                "given": {"midi": {"kept": "gone"}, "out": {"name": "x"}},
                "parameters": {"licence": "x"},
            },
            "no longer",
        ),
        (
            {
                "verb": "corpus",
                "given": {"midi": {"path": "."}, "out": {"name": "x"}, "soundfont": {"word": "/etc/passwd"}},
                "parameters": {"licence": "CC0"},
            },
            "there is no",
        ),
    ],
)
def test_a_wrong_request_is_answered_in_words(client: Client, asked: dict[str, Any], words: str) -> None:
    status, body, _ = client.ask("POST", "/api/jobs", asked)
    assert status in {404, 422}
    assert words in body["error"]


def test_what_is_kept_under_a_name_goes_on_and_what_fails_is_said(client: Client) -> None:
    out = {"name": "my ladder"}
    options = {"model": "genre-linear", "seconds": 4.0, "settings": SMALL}
    given = {"data": TONES, "out": out}
    first, again, wrong = (
        client.start("ladder", given, seeds=1, **options),
        client.start("ladder", given, seeds=1, **options),
        client.start("ladder", given, seeds=1, **options | {"seconds": 3.0}),
    )
    jobs = client.finish(first, again, wrong)
    assert [job["state"] for job in jobs] == ["done", "done", "failed"]
    assert jobs[0]["title"] == "genre-linear on generated music"
    assert jobs[0]["result"] == jobs[1]["result"], "nothing was trained again"
    assert jobs[0]["given"] == given
    assert {"rungs.csv", "gaps.csv", REPORT} <= set(jobs[0]["files"])
    _, archive, headers = client.ask("GET", f"/api/jobs/{again}/files/kept.zip?keep=true")
    assert "attachment" in headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        assert {"results.jsonl", "ladder.json"} <= set(file.namelist())
    page = client.ask("GET", f"/api/jobs/{first}/files/{REPORT}")
    assert "default-src 'none'" in page[2]["content-security-policy"]
    described = client.ask("GET", "/api/studio")[1]["data"]
    assert next(each for each in described if each["name"] == "folder")["protocols"].keys() == {"song", "artist"}
