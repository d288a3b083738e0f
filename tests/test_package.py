"""The package from outside: public names, light imports, house rules that a linter does not know."""

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import partita
from partita.cli import COMMANDS

SOURCE = Path(partita.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))


def test_public_names_are_what_dir_shows() -> None:
    assert dir(partita) == sorted(partita.__all__)
    for name in partita.__all__:
        assert getattr(partita, name) is getattr(partita, name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = partita.nonsense


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import partita", {"torch", "numpy"}),
        ("from partita.cli import app; app(['--help'], result_action='return_value')", {"torch", "numpy", "soundfile"}),
        ("from partita.cli import main; main(['models'])", {"torch", "numpy"}),
        ("import partita.audio, partita.features, partita.example, partita.data", {"torch", "scipy", "librosa"}),
        ("from partita.cli import main; main(['classify', '--help'])", {"torch"}),
        ("from partita.cli import main; main(['compose', '--help'])", {"torch", "matplotlib", "symusic"}),
    ],
)
def test_nothing_heavy_is_imported_early(statement: str, unwanted: set[str]) -> None:
    code = f"import sys; {statement}; print('LOADED', *sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(output.rsplit("LOADED", 1)[1].split())
    assert not loaded & unwanted


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_are_small_and_hold_nothing_forbidden(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "misc"}
    for node in ast.walk(ast.parse(text)):
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        assert called not in {"eval", "exec", "__import__", "torch.load", "torch.save"}, f"{path}: {called}"
        assert called != "print" or path.name == "console.py", f"{path}: prints"
        if isinstance(node, ast.Import):
            assert not {alias.name for alias in node.names} & {"pickle", "joblib", "torchaudio"}, path


@pytest.mark.parametrize(
    ("command", "function"),
    [
        ("classify", "classify_many"),
        ("compose", "compose"),
        ("train", "train"),
        ("reproduce", "reproduce"),
        ("tune", "tune"),
        ("evaluate", "evaluate"),
        ("evaluate", "repeat"),
        ("ladder", "ladder"),
        ("audit", "audit"),
        ("transfer", "transfer"),
    ],
)
def test_command_and_function_share_parameters_and_defaults(command: str, function: str) -> None:
    on_the_line = inspect.signature(getattr(import_module(f"partita.cli.{command}"), command)).parameters
    renamed = {"settings": "set"}
    for name, parameter in inspect.signature(getattr(partita, function)).parameters.items():
        if name in {"sources", "progress", "listen"}:
            continue
        twin = on_the_line[renamed.get(name, name)]
        assert twin.default == parameter.default, name


def test_every_command_has_a_file_and_a_line_of_help() -> None:
    files = {path.stem for path in (SOURCE / "cli").glob("*.py")} - {"__init__", "console", "results"}
    assert files == set(COMMANDS)
    assert all(line.endswith(".") for line in COMMANDS.values())
