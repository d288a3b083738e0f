"""A corpus rendered from MIDI: labels, groups, tempo, licence, and going on where it stopped."""

import csv
import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

import partita
from partita import data
from partita.audio import Audio, AudioFile
from partita.cli import main
from partita.cli.data import render as command
from partita.errors import DataError, UsageError
from partita.events import Note, Tempo, TimeSignature, Track
from partita.midi import Score
from partita.tags import read_tags
from partita.tasks.render import Corpus, render_corpus

Make = Callable[..., Corpus]


def write(path: Path, bars: int = 2, pitch: int = 38) -> None:
    """Bars of four beats at 150 beats a minute."""
    path.parent.mkdir(parents=True, exist_ok=True)
    notes = [Note(480 * beat, 240, pitch) for beat in range(4 * bars)]
    Score([Track(notes, channel=9)], 480, [Tempo(0, 400_000)], [TimeSignature(0, 4, 4)]).write(path)


@pytest.fixture
def midi(tmp_path: Path) -> Path:
    for name in ("rock/a_1.mid", "rock/a_2.mid", "jazz/one.mid", "jazz/two.mid"):
        write(tmp_path / "midi" / name, pitch=36 + len(name))
    (tmp_path / "midi" / "jazz" / "bad.mid").write_bytes(b"MThd")
    return tmp_path / "midi"


@pytest.fixture
def make(midi: Path, tmp_path: Path) -> Make:
    def run(**options: object) -> Corpus:
        settings = {"licence": "CC0", "soundfont": "plain", "mono": True, "rate": 8_000} | options
        return render_corpus(midi, tmp_path / "out", **settings)  # type: ignore[arg-type]

    return run


def test_it_loads_as_a_data_set_with_its_groups(make: Make) -> None:
    corpus = make(processes=2)
    assert len(corpus.rows) == 4
    assert [failure.split(":")[0].rsplit("/")[-1] for failure in corpus.failures] == ["bad.mid"]
    dataset = data.load(f"folder:{corpus.folder}")
    assert dataset.labels == ("jazz", "rock")
    groups = {example.id.rsplit("/")[-1]: example.group for example in dataset.examples}
    assert groups["rock-a_1.flac"] == groups["rock-a_2.flac"], "movements of a work stay together"
    assert groups["jazz-one.flac"] != groups["jazz-two.flac"]


def test_every_file_says_its_tempo_and_its_licence(make: Make) -> None:
    corpus = make()
    with (corpus.folder / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["midi"] for row in rows] == [row.midi for row in corpus.rows]
    for row in rows:
        assert (row["bpm"], row["beats_per_bar"], row["licence"]) == ("150.0", "4", "CC0")
        tags = read_tags(corpus.folder / row["file"])
        assert (tags["bpm"], tags["genre"], tags["copyright"]) == ("150", row["label"], "CC0")
        assert float(row["seconds"]) == pytest.approx(4.5)


def test_a_table_names_no_file_outside_its_folder(make: Make, midi: Path) -> None:
    write(midi.parent / "outside.mid")
    table = midi / "info.csv"
    names = ("rock/a_1.mid", "../outside.mid", str(midi.parent / "outside.mid"), "jazz/../../outside.mid")
    table.write_text("file,label,group\n" + "".join(f"{name},rock,{n}\n" for n, name in enumerate(names)))
    corpus = make(table=table)
    assert [row.midi for row in corpus.rows] == ["rock/a_1.mid"]
    assert all("outside" in failure for failure in corpus.failures)
    assert len(corpus.failures) == 3


def test_it_goes_on_where_it_stopped_and_only_with_its_settings(make: Make) -> None:
    first = make()
    kept, lost = (first.folder / row.file for row in first.rows[:2])
    stamp, content = kept.stat().st_mtime_ns, lost.read_bytes()
    lost.unlink()
    assert make().rows == first.rows
    assert kept.stat().st_mtime_ns == stamp
    assert lost.read_bytes() == content
    with pytest.raises(UsageError, match="other settings"):
        make(rate=16_000)


def test_a_table_labels_groups_and_chooses(make: Make, midi: Path) -> None:
    table = midi / "info.csv"
    table.write_text(
        "midi_filename,style,drummer,kind\nrock/a_1.mid,funk/slow,d1,beat\njazz/one.mid,latin,d2,beat\n"
        "jazz/two.mid,latin,d2,fill\nnone.mid,latin,d2,beat\n"
    )
    corpus = make(table=table, label="style", group="drummer", where={"kind": "beat"}, programs={"latin": 24})
    assert [(row.label, row.group) for row in corpus.rows] == [("funk", "d1"), ("latin", "d2")]
    assert len(corpus.failures) == 1
    with pytest.raises(DataError, match="no column 'mood'"):
        make(table=table, label="mood", group="drummer")


def test_drums_may_be_played_as_others(make: Make, midi: Path, tmp_path: Path) -> None:
    rendered = make(drums={46: 36, 48: 36}, labels=["jazz"])
    for name in ("one", "two"):
        write(tmp_path / "low" / "jazz" / f"{name}.mid", pitch=36)
    low = render_corpus(tmp_path / "low", tmp_path / "same", licence="CC0", soundfont="plain", mono=True, rate=8_000)
    for one, other in zip(rendered.rows, low.rows, strict=True):
        ours, theirs = (Audio.read(corpus.folder / row.file) for corpus, row in ((rendered, one), (low, other)))
        assert (ours.samples == theirs.samples).all()


def test_long_pieces_are_cut_at_a_bar_line(make: Make) -> None:
    assert {row.seconds for row in make(seconds=2.0).rows} == {2.9}


def test_what_can_not_be_rendered_is_said(make: Make, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="under which licence"):
        make(licence=" ")
    with pytest.raises(DataError, match="no MIDI file"):
        make(labels=["polka"])
    with pytest.raises(DataError, match="no such folder"):
        render_corpus(tmp_path / "none", tmp_path / "out", licence="CC0")


def test_the_command_does_the_same(midi: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["data", "render", str(midi), str(tmp_path / "out"), "--licence", "CC0", "--soundfont", "plain"]
    assert main([*words, "--rate", "8000", "--programs", "rock=16"]) == 1, "one file is damaged"
    out, err = capsys.readouterr()
    assert "4 recordings, 0:18: 2 jazz, 2 rock" in out
    assert "bad.mid" in err
    assert main([*words, "--programs", "rock=loud"]) == 2
    assert main([*words, "--drums", "low=36"]) == 2
    defaults = {name: p.default for name, p in inspect.signature(command).parameters.items()}
    function = inspect.signature(partita.render_corpus).parameters
    assert {n: p.default for n, p in function.items() if n != "progress"} == defaults
    assert AudioFile(next((tmp_path / "out").rglob("*.flac"))).info().rate == 8_000
