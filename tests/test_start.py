"""start.py: what it asks of pip and uv, without installing anything."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """start.py as a module whose .venv is a temporary folder."""
    spec = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    return module


def test_it_uses_the_standard_library_alone() -> None:
    lines = (ROOT / "start.py").read_text(encoding="utf-8").splitlines()
    imported = {line.split()[1].split(".")[0] for line in lines if line.startswith(("import ", "from "))}
    assert imported <= set(sys.stdlib_module_names)


def test_every_folder_of_wheels_that_pip_knows_is_passed_on(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = (
        "global.find-links='\\n/wheels/a\\n/wheels/b'\n:env:.find-links='/wheels/c /wheels/a'\nglobal.timeout='60'\n"
    )
    answer = subprocess.CompletedProcess([], 0, stdout=listed)
    monkeypatch.setattr(start.subprocess, "run", lambda *_, **__: answer)
    assert start.wheel_folders() == ["/wheels/a", "/wheels/b", "/wheels/c"]


def test_torch_comes_from_local_wheels_then_from_the_right_index_then_from_any(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(start, "wheel_folders", lambda: ["/wheels"])
    monkeypatch.setattr(start, "works", lambda *command, **_: tried.append(" ".join(map(str, command))))
    monkeypatch.setattr(start, "must", lambda command: tried.append(" ".join(map(str, command))))
    start.install_torch()
    assert [("--no-index" in words, "--torch-backend=auto" in words) for words in tried] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    assert all("--compile-bytecode" in words for words in tried)


def test_a_stamp_of_the_same_project_skips_the_set_up(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []
    monkeypatch.setattr(start, "works", lambda *command, **_: done.append(command) or True)
    start.VENV.mkdir()
    start.set_up(develops=False)
    assert done
    done.clear()
    start.set_up(develops=False)
    assert not done, "nothing is done twice"
    start.set_up(develops=True)
    assert "[dev]" in str(done), "the tests need more"


def test_an_old_python_is_told_what_would_be_right(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start.sys, "version_info", (3, 9))
    assert start.main([]) == 2
    assert "Python 3.11 or newer" in capsys.readouterr().out
