"""`partita compose` and `partita.compose` as a user meets them: files, cards, the same bytes, errors, Ctrl-C."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scores import performance
from test_hostile_midi import damaged

import partita
from partita.audio import AudioFile
from partita.checkpoint import save
from partita.cli import main
from partita.composing import Key
from partita.composing.training_set import index_training_set
from partita.data import load
from partita.errors import UsageError
from partita.events import DRUMS, Note, Track
from partita.midi import Score
from partita.models import model_class
from partita.render import TAIL
from partita.tasks.compose import Batch, destination

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def composer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small composer with an index of the pieces that it knows, and a way of sampling on its card."""
    dataset = load("synthetic-scores:6")
    model = model_class("note-transformer").tiny()
    folder = save(
        model, tmp_path_factory.mktemp("composer") / "tiny", {"sampling": {"temperature": 0.9, "min_p": 0.02}}
    )
    parts = {name: [(example.id, example.score) for example in dataset.split(name)] for name in ("train", "valid")}
    index_training_set(folder, parts["train"], [score for _, score in parts["valid"]])
    return folder


@pytest.fixture
def piece(tmp_path: Path) -> Path:
    performance(200).write(tmp_path / "piece.mid")
    return tmp_path / "piece.mid"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call `partita compose` in this process and in a folder of its own."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def call(*words: object) -> tuple[int, str, str]:
        code = main(["compose", *map(str, words)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_batch_is_midi_files_a_picture_and_a_card(run: Run, piece: Path, composer: Path) -> None:
    code, out, err = run(piece, "--seconds", 5, "--variations", 2, "--model", composer)
    assert code == 0, err
    names = {f"piece-continued{end}" for end in ("-1.mid", "-2.mid", ".png", ".json")}
    assert {path.name for path in Path.cwd().iterdir()} == names
    card = json.loads(Path("piece-continued.json").read_text())
    assert [row["file"] for row in card["variations"]] == ["piece-continued-1.mid", "piece-continued-2.mid"]
    assert card["sampling"] == {"temperature": 0.9, "top_k": 0, "top_p": 1.0, "min_p": 0.02}
    assert card["prompt"]["file"] == "piece.mid"
    assert card["seconds"] == pytest.approx(5, abs=0.002)
    for row in card["variations"]:
        score = Score.read(row["file"])
        assert score.tracks[:-1] == Score.read(piece).tracks
        assert len(score.tracks[-1].notes) == row["notes"]
        assert score.seconds == pytest.approx(card["begin"] + 5, abs=0.002)
        assert f"    {row['originality']['notes']} notes" not in out
    assert card["variations"][0] != card["variations"][1]
    assert out.count("shared with the training set") == 2


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(run: Run, piece: Path, composer: Path) -> None:
    given = (piece, "--seconds", 4, "--variations", 2, "--model", composer)
    for folder, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert run(*given, "--out", folder, "--seed", seed)[0] == 0
    first, second, other = (content(Path(name)) for name in "abc")
    assert first == second
    assert first["piece-continued-1.mid"] != other["piece-continued-1.mid"]


def test_a_new_piece_needs_no_prompt_and_lasts_as_long_as_asked(run: Run, composer: Path) -> None:
    code, out, err = run("--seconds", 6.5, "--model", composer, "--no-picture", "--json")
    assert code == 0, err
    card = json.loads(out)
    assert card == json.loads(Path("new-piece.json").read_text())
    assert card["prompt"] is None
    assert Score.read("new-piece.mid").seconds == 6.5
    assert not Path("new-piece.png").exists()


def test_wishes_are_for_new_pieces_and_shape_the_file(run: Run, composer: Path) -> None:
    code, out, err = run(
        "--seconds", 5, "--model", composer, "--key", "F# minor", "--tempo", 80, "--density", 4, "--json"
    )
    assert code == 0, err
    card, score = json.loads(out), Score.read("new-piece.mid")
    assert card["wishes"] == {"key": "F# minor", "tempo": 80, "density": 4}
    assert card["variations"][0]["key"] == str(Key.found(score))
    assert score.tempos.tolist() == [(0, 750_000)]
    assert score.key_signatures.tolist() == [(0, 3, 1)]
    assert score.seconds == pytest.approx(5, abs=0.001)


def test_filling_keeps_what_is_outside(run: Run, piece: Path, composer: Path) -> None:
    code, _, err = run(piece, "--infill", "2:5.5", "--model", composer, "--out", "filled.mid")
    assert code == 0, err
    before, after = Score.read(piece), Score.read("filled.mid")
    begin, end = before.ticks_at([2, 5.5])
    for old, new in zip(before.tracks, after.tracks, strict=False):
        inside = (old.notes["tick"] >= begin) & (old.notes["tick"] < end)
        assert inside.any()
        assert np.array_equal(old.notes[~inside], new.notes)
    added = after.tracks[-1].notes
    assert len(added)
    assert added["tick"].min() >= begin
    assert (added["tick"] + added["duration"]).max() <= end
    assert after.end == before.end


def test_python_gives_the_command_s_bytes_and_notes_as_they_come(run: Run, piece: Path, composer: Path) -> None:
    assert run(piece, "--seconds", 20, "--model", composer, "--seed", 5, "--temperature", 0.8)[0] == 0
    heard: list[tuple[int, partita.midi.Note | object]] = []
    done: list[int] = []
    batch = partita.compose(
        piece,
        seconds=20,
        model=str(composer),
        seed=5,
        temperature=0.8,
        listen=lambda variation, event: heard.append((variation, event)),
        progress=lambda so_far, total, words: done.append(so_far),
    )
    assert isinstance(batch, Batch)
    assert batch.compositions[0].score.to_bytes() == Path("piece-continued.mid").read_bytes()
    assert len([event for _, event in heard if isinstance(event, Note)]) == batch.compositions[0].json()["notes"]
    assert (done[0], done[-1]) == (0, 20)
    again = partita.compose(Score.read(piece), seconds=20, model=str(composer), seed=5, temperature=0.8)
    assert again.compositions[0].score == batch.compositions[0].score


def test_a_long_prompt_is_used_to_its_end_and_that_is_said(run: Run, composer: Path, tmp_path: Path) -> None:
    notes = [Note(500 * i, 400, 50 + i % 30) for i in range(7200)]
    Score([Track(notes)], ticks_per_beat=500).write(tmp_path / "hour.mid")
    code, out, err = run(tmp_path / "hour.mid", "--seconds", 3, "--model", composer, "--no-picture")
    assert code == 0, err
    assert "the model looks at the last" in err
    assert "from 1:00:00 on" in out


def test_drums_are_kept_and_not_looked_at(composer: Path) -> None:
    drums = Track([Note(100 * i, 50, 38) for i in range(60)], channel=DRUMS)
    score = Score([Track([Note(1000 * i, 900, 60) for i in range(6)]), drums], ticks_per_beat=500)
    batch = partita.compose(score, infill=(2, 4), model=str(composer))
    assert drums in batch.compositions[0].score.tracks
    assert any("60 notes of drums" in remark for remark in batch.remarks)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["no.mid"], "no such file"),
        (["empty.mid"], "empty"),
        (["text.mid"], "not a MIDI file"),
        (["drums.mid"], "only drums"),
        (["silent.mid"], "no notes to go on from"),
        (["piece.mid", "--infill", "3"], "such as 12:20"),
        (["piece.mid", "--infill", "5:2"], "no span"),
        (["piece.mid", "--infill", "1:1e9"], "no span"),
        (["--infill", "1:2"], "needs a MIDI file"),
        (["piece.mid", "--seconds", "0"], "seconds is above 0"),
        (["piece.mid", "--seconds", "nan"], "seconds is above 0"),
        (["piece.mid", "--variations", "0"], "variations is 1 to 100"),
        (["piece.mid", "--temperature", "-1"], "temperature"),
        (["piece.mid", "--top-p", "0"], "top-p"),
        (["piece.mid", "--seed", "-1"], "seed"),
        (["--key", "H"], "no key 'H'"),
        (["--tempo", "1000"], "20 to 300 beats"),
        (["--density", "0"], "0.5 to 30 notes"),
        (["piece.mid", "--key", "D"], "wishes for a new piece"),
        (["piece.mid", "--out", "piece.wav"], "written as .mid"),
        (["piece.mid", "--out", "no/such/folder/x.mid"], "no such folder"),
        (["piece.mid", "--out", "piece.mid"], "the prompt itself"),
        (["piece.mid", "--model", "genre-linear"], "which does not compose"),
        (["piece.mid", "--model", "nothing"], "no such checkpoint"),
    ],
)
def test_a_wrong_request_exits_with_2_and_one_line(
    run: Run, piece: Path, composer: Path, words: list[str], reason: str
) -> None:
    performance(200).write("piece.mid")
    Path("empty.mid").write_bytes(b"")
    Path("text.mid").write_text("hello")
    Score([Track([Note(0, 9, 36)], channel=DRUMS)]).write("drums.mid")
    Score().write("silent.mid")
    before = content(Path.cwd())
    code, out, err = run(*words, *(() if "--model" in words else ("--model", composer)))
    assert (code, out) == (2, "")
    assert reason in err
    assert err.count("\n") == 1
    assert content(Path.cwd()) == before


def survive(run: Run, composer: Path, files: list[Path]) -> int:
    """Go on from every file, and fill its first half second; how many of them could be used."""
    usable = 0
    for number, path in enumerate(files):
        for words in (("--seconds", 0.5), ("--infill", "0:0.5")):
            given = (path, *words, "--model", composer, "--no-picture", "--out", f"{number}{words[0]}.mid")
            code, out, err = run(*given, "--seed", number)
            assert code in (0, 2), path
            if code == 2:
                assert (out, err.count("\n")) == ("", 1), path
                assert not Path(given[-1]).exists()
            usable += code == 0
    return usable


def test_a_damaged_prompt_is_gone_on_from_or_named_in_one_line(run: Run, composer: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{seed}.mid" for seed in range(24)]
    for seed, path in enumerate(files):
        path.write_bytes(damaged(performance(60, seed).to_bytes(), seed))
    assert 0 < survive(run, composer, files) < 2 * len(files), "both kinds are tried"


def test_real_hostile_prompts(run: Run, composer: Path, real_data: Path) -> None:
    survive(run, composer, sorted((real_data / "hostile" / "midi").glob("*.mid")))


def test_a_stop_half_way_leaves_nothing(run: Run, piece: Path, composer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    given = (piece, "--seconds", 3, "--model", composer, "--out", "here.mid")
    for target in ("partita.figures.save", "partita.composing.Stream.__iter__", "partita.checkpoint.write_json"):
        with monkeypatch.context() as patched:
            patched.setattr(target, stop)
            code, out, err = run(*given)
        assert (code, out, err) == (130, "", "partita: stopped; nothing was written\n"), target
        assert not content(Path.cwd())


def test_the_sound_is_written_too(run: Run, composer: Path, tmp_path: Path) -> None:
    Score([Track([Note(0, 200, 60)])], ticks_per_beat=500).write(tmp_path / "note.mid")
    assert run(tmp_path / "note.mid", "--seconds", 1, "--model", composer, "--wav", "--no-picture")[0] == 0
    assert AudioFile("note-continued.wav").info().seconds == pytest.approx(0.2 + 1 + TAIL, abs=0.01)


def test_too_long_to_render_is_said_and_leaves_nothing(run: Run, composer: Path, tmp_path: Path) -> None:
    Score([Track([Note(3_600_000, 400, 50)])], ticks_per_beat=500).write(tmp_path / "long.mid")
    code, _, err = run(tmp_path / "long.mid", "--seconds", 3, "--model", composer, "--wav")
    assert code == 2
    assert "60 are rendered" in err
    assert not content(Path.cwd())


def test_names_follow_what_is_asked_for(tmp_path: Path) -> None:
    assert destination(None, "a/b.mid") == Path("b-continued")
    assert destination(None, "a/b.mid", "filled") == Path("b-filled")
    assert destination(tmp_path / "new", None) == tmp_path / "new" / "new-piece"
    assert destination(tmp_path / "x.midi", None) == tmp_path / "x"
    with pytest.raises(UsageError, match="music is written as"):
        destination(tmp_path / "x.wav", None)


def test_a_piece_is_varied_and_led_towards_another(run: Run, piece: Path, tmp_path: Path) -> None:
    model = save(model_class("aaa-vae-notes").tiny(), tmp_path / "vae", {})
    performance(300).write(tmp_path / "other.mid")
    code, _, err = run(piece, "--vary", 0.4, "--variations", 2, "--seconds", 6, "--model", model)
    assert code == 0, err
    card = json.loads(Path("piece-varied.json").read_text())
    assert card["rework"] == {"vary": 0.4, "toward": None}
    assert card["seconds"] == pytest.approx(6, abs=0.01)
    first, second = (Path(f"piece-varied-{number}.mid").read_bytes() for number in (1, 2))
    assert first != second
    way = partita.compose(piece, toward=tmp_path / "other.mid", variations=3, seconds=6, model=str(model))
    assert way.card()["rework"]["toward"]["file"] == "other.mid"
    assert len({made.score.to_bytes() for made in way.compositions}) == 3
    new = partita.compose(None, seconds=6, model=str(model))
    assert new.compositions[0].score.seconds == pytest.approx(6, abs=0.01)
    for wrong in ({"vary": 0.4, "infill": "1:2"}, {"vary": 0.4, "toward": piece}, {"vary": 2.0}):
        with pytest.raises(UsageError):
            partita.compose(piece, model=str(model), **wrong)  # type: ignore[arg-type]


def test_a_model_that_does_not_encode_says_so(piece: Path, composer: Path) -> None:
    with pytest.raises(UsageError, match="aaa-vae-notes does"):
        partita.compose(piece, vary=0.5, model=str(composer))
