"""The HTML report: whole and offline, readable by people and machines, and safe with odd names."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from partita import evaluate
from partita.cli.evaluate import summary_lines
from partita.errors import UsageError
from partita.evaluation import Evaluation
from partita.ledger import TestUses
from partita.report import evaluation_page, write_report
from partita.stress import Stressed

VOID = {"meta", "img", "source", "br", "wbr"}


class Reader(HTMLParser):
    """Collects tags, checks that they close, and keeps what is written."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def result(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARTITA_CACHE", str(tmp_path_factory.mktemp("cache")))
        return evaluate(checkpoint, data="synthetic:8", compare=[checkpoint])


def test_the_page_is_whole_offline_and_made_for_every_reader(result: Evaluation, tmp_path: Path) -> None:
    page = write_report(result, tmp_path / "report.html").read_text(encoding="utf-8")
    read = Reader(page)
    assert page == evaluation_page(result), "the same numbers give the same bytes"
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert not read.of("script") + read.of("link")
    assert read.of("html")[0]["lang"] == "en"
    assert any(meta.get("name") == "viewport" for meta in read.of("meta"))
    pictures = read.of("img")
    assert len(pictures) == 3
    assert all(picture["alt"] and str(picture["src"]).startswith("data:image/svg+xml") for picture in pictures)
    assert "prefers-color-scheme: dark" in page
    assert read.words.index("The song is the unit") < read.words.index(f"{100 * result.accuracy:.1f} %")
    for word in (*result.labels, "genre-linear", "majority", "McNemar", "AURC", "Macro-F1"):
        assert word in read.words
    assert len(read.of("table")) == 7


def test_a_label_without_songs_has_no_recall(result: Evaluation) -> None:
    label, row = next(iter(result.per_label.items()))
    changed = replace(result, per_label={**result.per_label, label: {**row, "n": 0}})
    assert len(Reader(evaluation_page(changed)).of("tr")) == len(Reader(evaluation_page(result)).of("tr")) - 1
    assert f"  {label:<14} no songs" in summary_lines(changed)


def test_changes_that_leave_the_genre_are_shown_or_excused(result: Evaluation) -> None:
    measured = Stressed("noise", "white noise", 7, accuracy=0.5, difference=-0.25)
    page = evaluation_page(replace(result, stress=[measured, Stressed("cut", "a cut", 0, why="no sound here")]))
    words = Reader(page).words
    assert "white noise" in words
    assert "-25.0" in words
    assert "a cut: not measured, no sound here" in words
    assert "leave the genre" not in Reader(evaluation_page(result)).words


def test_looks_at_the_test_split_are_shown(result: Evaluation) -> None:
    page = evaluation_page(replace(result, test_uses=TestUses(3, "2026-05-04")))
    assert "Test used 3 times with this one, last on 2026-05-04" in Reader(page).words


def test_names_are_words_not_markup(result: Evaluation) -> None:
    odd = '<td onclick="x">&"'
    songs = [{**song, "id": odd, "truth": odd} for song in result.songs]
    labels = (odd, *result.labels[1:])
    songs = [{**song, "truth": labels[0], "predicted": labels[1]} for song in songs]
    per_label = {odd: next(iter(result.per_label.values()))}
    changed = replace(result, songs=songs, labels=labels, per_label=per_label, notes=[odd], model=odd, data=odd)
    read = Reader(evaluation_page(changed))
    assert odd in read.words
    assert not any("onclick" in attributes for _, attributes in read.tags)


def test_a_report_goes_only_where_it_can(result: Evaluation, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.html"):
        write_report(result, tmp_path / "report.pdf")
    with pytest.raises(UsageError, match="no such folder"):
        write_report(result, tmp_path / "none" / "report.html")
