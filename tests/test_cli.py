"""The command line as a user meets it: output, exit codes, errors, going on after an interruption."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import encode, tone

from partita.cli import COMMANDS, main
from partita.tags import read_tags

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the command line in this process: (exit code, standard output, standard error)."""

    def call(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def music(wav: Callable[..., Path], tmp_path: Path) -> Path:
    """A folder with two good files and a bad one."""
    for name in ("music/a.wav", "music/inner/b.wav"):
        wav(name)
    (tmp_path / "music" / "bad.mp3").write_bytes(b"<html>" * 100)
    (tmp_path / "music" / "notes.txt").write_text("not audio by its name")
    return tmp_path / "music"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches(run: Run, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert COMMANDS[command][:20] in out.replace("\n", " ")


def test_classify_text_and_timeline(run: Run, wav: Callable[..., Path], checkpoint: Path) -> None:
    path = wav()
    code, out, err = run("classify", path, "--model", checkpoint, "--top", 2, "--timeline")
    assert code == 0, err
    first, *rest = out.splitlines()
    assert first.startswith(f"{path}: ")
    assert first.count(",") <= 2
    assert rest[0].strip().startswith("0:00 to 0:0")


def test_classify_json(run: Run, music: Path, checkpoint: Path) -> None:
    code, out, err = run("classify", music, "--model", checkpoint, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert [Path(row["file"]).name for row in rows] == ["a.wav", "bad.mp3", "b.wav"]
    good = rows[0]
    assert {"file", "genre", "probability", "probabilities", "segments", "unsure", "model"} <= good.keys()
    assert good["genre"] == max(good["probabilities"], key=good["probabilities"].get)
    assert isinstance(good["unsure"], bool)
    assert {"start", "end", "probabilities"} == good["segments"][0].keys()
    assert rows[1].keys() == {"file", "error"}
    assert "bad.mp3" in err


def test_classify_csv(run: Run, music: Path, checkpoint: Path) -> None:
    code, out, _ = run("classify", music, "--model", checkpoint, "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 1
    assert len(rows) == 3
    assert float(rows[0]["probability"]) == max(
        float(rows[0][label]) for label in ("arpeggio", "beat", "drone", "noise")
    )
    assert rows[1]["error"]


def test_below_the_threshold_it_is_unsure_and_still_says_the_top_genre(
    run: Run, wav: Callable[..., Path], checkpoint: Path
) -> None:
    path = wav()
    _, out, _ = run("classify", path, "--model", checkpoint, "--threshold", 1, "--json")
    row = json.loads(out)
    assert row["unsure"] is True
    assert row["genre"] in row["probabilities"]
    assert "unsure" in run("classify", path, "--model", checkpoint, "--threshold", 1)[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["classify"], "name at least one file"),
        (["classify", "x.wav", "--json", "--csv"], "exclude each other"),
        (["classify", "x.wav", "--top", "0"], "--top"),
        (["classify", "x.wav", "--threshold", "7"], "threshold"),
        (["classify", "x.wav", "--jobs", "-2"], "jobs"),
        (["classify", "x.wav", "--model", "nothing"], "no such checkpoint"),
        (["classify", "x.wav", "--device", "abacus"], "device"),
        (["classify", "x.wav", "--nonsense"], "nonsense"),
        (["classify", "--list", "/no/such/list"], "no such list file"),
        (["clasify"], "clasify"),
        (["train", "genre-linear", "--data", "folder:/none", "--out", "/tmp/never"], "no such folder"),
        (["train", "genre-liner", "--data", "synthetic:2", "--out", "/tmp/never"], "Did you mean"),
        (["train", "genre-cnn", "--data", "synthetic:2", "--out", "/tmp/never", "--set", "steps"], "NAME=VALUE"),
        (
            ["train", "genre-cnn", "--data", "synthetic:2", "--out", "/tmp/never", "--set", "steps=many"],
            "wants a value",
        ),
        (["train", "genre-cnn", "--data", "synthetic:2", "--out", "/tmp/never", "--set", "stepps=3"], "no setting"),
        (["train", "genre-cnn", "--data", "synthetic:2", "--out", "/tmp/never", "--set", "width=-1"], "can't be built"),
        (["train", "genre-cnn", "--data", "synthetic:2", "--out", "/tmp/never", "--set", "batch=0"], "from 1 up"),
        (["train", "genre-linear", "--data", "synthetic:2", "--out", "/tmp/never", "--seed", "-1"], "seed"),
        (["train", "genre-cnn", "--data", "synthetic:4", "--out", "/tmp/never", "--calibration-folds", "1"], "folds"),
        (["train", "genre-linear", "--data", "synthetic:2", "--out", "README.md/x"], "README.md"),
        (["evaluate", "nothing", "--data", "synthetic:2"], "no such checkpoint"),
        (["models", "nothing"], "no such checkpoint"),
        (["info"], "name at least one file"),
        (["info", "/no/such.wav"], "no such file"),
    ],
)
def test_a_wrong_request_exits_with_2_and_one_line(
    run: Run, checkpoint: Path, words: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if words[0] == "classify" and "--model" not in words:
        words = [*words, "--model", str(checkpoint)]
    code, out, err = run(*words)
    assert code == 2
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_only_bad_files_exit_with_2(run: Run, music: Path, checkpoint: Path) -> None:
    assert run("classify", music / "bad.mp3", "--model", checkpoint)[0] == 2


def test_globs_lists_and_duplicates(run: Run, music: Path, checkpoint: Path, tmp_path: Path) -> None:
    names = tmp_path / "list.txt"
    names.write_text(f"{music / 'a.wav'}\n\n{music / 'inner'}\n", encoding="utf-8")
    _, out, _ = run("classify", "--list", names, music / "**" / "*.wav", "--model", checkpoint)
    assert len(out.splitlines()) == 2


def test_standard_input_holds_one_recording(wav: Callable[..., Path], checkpoint: Path) -> None:
    words = [sys.executable, "-m", "partita", "classify", "-", "--model", str(checkpoint), "--json"]
    done = subprocess.run(words, input=wav().read_bytes(), capture_output=True, check=True)
    assert json.loads(done.stdout)["file"] == "-"


def test_an_interrupted_batch_goes_on(run: Run, music: Path, checkpoint: Path, tmp_path: Path) -> None:
    output = tmp_path / "genres.jsonl"
    run("classify", music / "a.wav", "--model", checkpoint, "--output", output)
    output.write_text(output.read_text() + '{"file": "cut off', encoding="utf-8")
    code, _, err = run("classify", music, "--model", checkpoint, "--output", output)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert code == 1
    assert "1 of 3 files are in" in err
    assert sorted(Path(row["file"]).name for row in rows) == ["a.wav", "b.wav", "bad.mp3"]
    before = sorted(output.read_text().splitlines())
    assert run("classify", music, "--model", checkpoint, "--output", output)[0] == 1, "failures are tried again"
    assert sorted(output.read_text().splitlines()) == before
    (music / "bad.mp3").write_bytes((music / "a.wav").read_bytes())
    assert run("classify", music, "--model", checkpoint, "--output", output)[0] == 0, "a mended file is answered"
    assert "error" not in output.read_text()


def test_an_output_of_something_else_is_left_alone(run: Run, music: Path, checkpoint: Path, tmp_path: Path) -> None:
    for name, text in (
        ("a.csv", "day,weather\n1,sun\n"),
        ("b.csv", "a note"),
        ("c.jsonl", "[1]\n"),
        ("d.csv", "\xe9\n"),
    ):
        diary = tmp_path / name
        diary.write_text(text, encoding="latin-1")
        code, _, err = run("classify", music, "--model", checkpoint, "--output", diary)
        assert (code, diary.read_text(encoding="latin-1")) == (2, text)
        assert "does not hold results" in err
    assert run("classify", music, "--model", checkpoint, "--output", tmp_path / "x.txt")[0] == 2


def test_csv_output_has_one_header(run: Run, music: Path, checkpoint: Path, tmp_path: Path) -> None:
    output = tmp_path / "genres.csv"
    run("classify", music / "a.wav", "--model", checkpoint, "--output", output)
    run("classify", music, "--model", checkpoint, "--output", output)
    assert output.read_text().count("probability") == 1
    assert len(output.read_text().splitlines()) == 4


def test_tags_are_written_only_where_certain_and_absent(run: Run, wav: Callable[..., Path], checkpoint: Path) -> None:
    path = wav("song.wav")
    words = ["classify", path, "--model", checkpoint, "--write-tags", "--tag-from"]
    assert "would write" in run(*words, 0, "--dry-run", "--threshold", 0)[2]
    assert read_tags(path) == {}
    assert "not certain enough" in run(*words, 1, "--threshold", 0)[2]
    assert "written" in run(*words, 0, "--threshold", 0)[2]
    genre = read_tags(path)["genre"]
    assert "has a genre already" in run(*words, 0, "--threshold", 0)[2]
    assert "written" in run(*words, 0, "--threshold", 0, "--overwrite-tags")[2]
    assert read_tags(path)["genre"] == genre


def test_plots(run: Run, music: Path, checkpoint: Path, tmp_path: Path) -> None:
    run("classify", music, "--model", checkpoint, "--plot", tmp_path / "all.png")
    assert (tmp_path / "all.png").read_bytes().startswith(b"\x89PNG")
    run("classify", music, "--model", checkpoint, "--plot", tmp_path / "each")
    assert {path.name for path in (tmp_path / "each").iterdir()} == {"a.wav.png", "b.wav.png"}
    assert run("classify", music, "--model", checkpoint, "--plot", tmp_path / "x.bmp")[0] == 2


def test_train_evaluate_classify_with_ones_own_labels(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    settings = [word for pair in ("steps=40", "batch=8", "validate_every=20") for word in ("--set", pair)]
    code, text, err = run("train", "genre-cnn", "--data", "synthetic:6", "--out", out, *settings)
    assert code == 0, err
    assert "accuracy" in text
    files = {path.name for path in out.iterdir()} - {"events"}
    assert files == {"model.safetensors", "card.json", "history.jsonl", "curves.png"}
    assert run("train", "genre-cnn", "--data", "synthetic:6", "--out", out)[0] == 2, "never overwrite a checkpoint"
    code, text, _ = run("evaluate", out, "--data", "synthetic:6", "--json")
    result = json.loads(text)
    wanted = {"accuracy", "interval", "n", "macro_f1", "nll", "ece", "protocol", "baselines", "per_label"}
    assert code == 0
    assert wanted <= result.keys()
    assert result["baselines"].keys() == {"majority", "genre-linear"}
    assert run("evaluate", out, "--data", "synthetic:6", "--split", "test")[0] == 2, "the test split is locked"
    assert run("evaluate", out, "--data", "synthetic:6", "--split", "test", "--test")[0] == 0


def test_training_passes_over_a_bad_file(run: Run, wav: Callable[..., Path], tmp_path: Path) -> None:
    for label, hz in (("low", 200.0), ("high", 900.0)):
        for i in range(6):
            wav(f"set/{label}/{i}.wav", hz=hz + i, seconds=2)
        (tmp_path / "set" / label / "bad.mp3").write_bytes(b"no audio at all" * 50)
    out = tmp_path / "mine"
    code, _, err = run("train", "genre-linear", "--data", f"folder:{tmp_path / 'set'}", "--out", out)
    assert code == 0, err
    left_out = json.loads((out / "card.json").read_text())["left_out"]
    assert all("bad.mp3" in line for line in left_out)


def test_models_lists_and_counts(run: Run, checkpoint: Path) -> None:
    assert "genre-cnn" in run("models")[1]
    assert "sha256" in run("models", checkpoint)[1]
    summary = json.loads(run("models", "genre-linear", "--summary", "--json")[1])
    assert summary["parameters"] == sum(row["parameters"] for row in summary["layers"]) == 2920
    assert run("models", "--summary")[0] == 2


def test_info(run: Run, music: Path) -> None:
    code, out, err = run("info", music / "a.wav", music / "bad.mp3", "--json")
    assert code == 1
    assert json.loads(out.splitlines()[0])["rate"] == 22_050
    assert "bad.mp3" in err
    assert "22050 Hz, 1 channels" in run("info", music / "a.wav")[1]


def test_doctor_finds_all_well(run: Run) -> None:
    code, out, _ = run("doctor")
    assert code == 0
    assert "torch" in out
    assert out.rstrip().endswith("All well.")


@pytest.mark.skipif(os.name == "nt", reason="wants a POSIX shell")
def test_a_reader_that_goes_away_is_no_error(music: Path, checkpoint: Path) -> None:
    command = f"{sys.executable} -m partita classify {music} --model {checkpoint} | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, env={**os.environ})
    assert "Traceback" not in done.stderr


def test_an_archive_without_training_part_still_has_baselines(run: Run, checkpoint: Path, tmp_path: Path) -> None:
    archive = tmp_path / "only-valid.npz"
    levels = np.random.default_rng(0).integers(0, 256, (8, 128, 60)).astype(np.uint8)
    labels = ["arpeggio", "beat", "drone", "drone"] * 2
    names = [f"{label}/{label}.{i:05d}.wav" for i, label in enumerate(labels)]
    np.savez(archive, logmel=levels, name=np.array(names), genre=np.array(labels), split=np.array(["valid"] * 8))
    code, out, _ = run("evaluate", checkpoint, "--data", f"gtzan-logmel:{archive}", "--json")
    assert code == 0
    majority = json.loads(out)["baselines"]["majority"]
    assert (majority["label"], majority["accuracy"]) == ("drone", 0.5)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_file_name_that_is_no_text_is_answered(checkpoint: Path, wav: Callable[..., Path]) -> None:
    path = wav()
    odd = os.fsencode(path.parent) + b"/odd-\xff.wav"
    os.rename(path, odd)
    words = [sys.executable, "-m", "partita", "classify", path.parent, "--model", checkpoint]
    done = subprocess.run([*words, "--json"], capture_output=True, check=True)
    assert "\\udcff" in done.stdout.decode()
    assert b"Traceback" not in subprocess.run(words, capture_output=True, check=True).stderr


def test_an_interrupt_is_answered_in_one_line(run: Run, checkpoint: Path, wav: Callable[..., Path]) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("partita.cli.classify.classify_many", interrupted)
        code, out, err = run("classify", wav(), "--model", checkpoint)
    assert (code, out) == (130, "")
    assert err.startswith("partita: stopped.")


def test_a_file_that_can_hold_no_tags_does_not_stop_the_others(
    run: Run, wav: Callable[..., Path], checkpoint: Path
) -> None:
    path = wav("music/b.wav")
    encode(path.with_name("a.aac"), tone(2, 44_100), 44_100, "aac", "adts")
    words = ["classify", path.parent, "--model", checkpoint, "--write-tags", "--tag-from", 0, "--threshold", 0]
    assert "can't be tagged" in run(*words, "--dry-run")[2]
    code, _, err = run(*words)
    assert code == 1
    assert "a.aac: can't be tagged" in err
    assert read_tags(path)["genre"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_tag_written_through_a_link_reaches_the_file(run: Run, wav: Callable[..., Path], checkpoint: Path) -> None:
    path = wav("song.wav")
    link = path.with_name("link.wav")
    link.symlink_to(path)
    run("classify", link, "--model", checkpoint, "--write-tags", "--tag-from", 0, "--threshold", 0)
    assert link.is_symlink()
    assert read_tags(path)["genre"]


def test_an_empty_folder_does_not_stop_the_others(run: Run, wav: Callable[..., Path], checkpoint: Path) -> None:
    path = wav("music/a.wav")
    (path.parent.parent / "empty").mkdir()
    nothing = path.parent / "live [bootleg].mp3"
    code, out, err = run("classify", path, path.parent.parent / "empty", nothing, "--model", checkpoint)
    assert (code, len(out.splitlines())) == (1, 1)
    assert "without audio files" in err
    assert "no such file" in err


def test_a_list_from_windows_is_read(run: Run, wav: Callable[..., Path], checkpoint: Path, tmp_path: Path) -> None:
    names = tmp_path / "list.txt"
    names.write_bytes(b"\xef\xbb\xbf" + str(wav()).encode() + b"\r\n" + b"caf\xe9.mp3\r\n")
    code, out, err = run("classify", "--list", names, "--model", checkpoint)
    assert (code, len(out.splitlines())) == (1, 1)
    assert "no such file" in err


def test_pictures_of_files_with_one_name_are_all_kept(
    run: Run, wav: Callable[..., Path], checkpoint: Path, tmp_path: Path
) -> None:
    files = [wav("x/s.wav"), wav("y/s.wav")]
    run("classify", *files, "--model", checkpoint, "--plot", tmp_path / "each")
    assert {path.name for path in (tmp_path / "each").iterdir()} == {"s.wav.png", "s.wav-2.png"}


def test_training_refuses_what_classify_refuses(run: Run, wav: Callable[..., Path], tmp_path: Path) -> None:
    for label, hz in (("low", 200.0), ("high", 900.0)):
        for i in range(6):
            wav(f"set/{label}/{i}.wav", hz=hz + i, seconds=2)
    whole = (tmp_path / "set" / "low" / "0.wav").read_bytes()
    for i in range(6):
        (tmp_path / "set" / "low" / f"{i}.wav").write_bytes(whole[: int(len(whole) * 0.8) + i])
    soundfile.write(tmp_path / "set" / "low" / "silent.wav", np.zeros(50_000), 22_050)
    soundfile.write(tmp_path / "set" / "high" / "one.wav", np.full(1, 0.5), 192_000)
    out = tmp_path / "mine"
    assert run("train", "genre-linear", "--data", f"folder:{tmp_path / 'set'}", "--out", out)[0] == 0
    card = json.loads((out / "card.json").read_text())
    assert card["data"]["train"] + card["data"]["valid"] <= 12
    assert any("is damaged: 1.6 of 2.0 s readable" in note for note in card["data"]["notes"])
