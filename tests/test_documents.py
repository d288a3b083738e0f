"""What the documents say is so: commands exist, links lead somewhere, figures are the cards', examples run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from partita.checkpoint import shipped
from partita.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for command, rest in re.findall(r"(?:^|bin/| )partita ([a-z]+)((?: [^\n`|#>]+)?)", text):
        if command in COMMANDS:
            source = (ROOT / "src" / "partita" / "cli" / f"{command}.py").read_text(encoding="utf-8")
            for option in re.findall(r"--([a-z][a-z-]+)", rest):
                assert option == "help" or f"{option.replace('-', '_')}:" in source, f"{command} --{option}"


def test_ci_runs_the_command_of_the_readme() -> None:
    last = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line.strip()][-1]
    assert last in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


@pytest.mark.skipif("genre-cnn" not in shipped(), reason="no checkpoint is shipped yet")
def test_figures_are_those_of_the_cards() -> None:
    check = subprocess.run([sys.executable, ROOT / "docs" / "render.py", "--check"], capture_output=True, check=False)
    assert check.returncode == 0, check.stdout


def test_the_example_of_training_runs() -> None:
    script = ROOT / "examples" / "train_on_generated_sounds.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "drone"


@pytest.mark.skipif("genre-cnn" not in shipped(), reason="no checkpoint is shipped yet")
def test_the_example_of_a_folder_runs(tmp_path: Path) -> None:
    script, music = ROOT / "examples" / "classify_a_folder.py", ROOT / "src" / "partita" / "music"
    (tmp_path / "bad.mp3").write_bytes(b"no")
    done = subprocess.run([sys.executable, script, music, tmp_path], capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 6
    assert "can't be used" in done.stdout.splitlines()[-1]
