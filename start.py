#!/usr/bin/env python3
"""Set partita up in .venv and run it. Needs Python 3.11 or newer and nothing else.

    python3 start.py                 classify the bundled music
    python3 start.py test [ARGS]     run the tests (ARGS go to pytest)
    python3 start.py check           format, lint, types, import rules, tests
    python3 start.py COMMAND ...     run `partita COMMAND ...`; try --help

The first call installs; later calls find a stamp and start at once. Everything goes into .venv: remove that folder and
nothing is left.
"""

import ast
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
TORCH = "torch>=2.9"
ENVIRONMENT = {
    **os.environ,
    "VIRTUAL_ENV": str(VENV),
    "UV_NO_CACHE": "1",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", str(VENV / "matplotlib")),
    "PARTITA_CACHE": os.environ.get("PARTITA_CACHE", str(VENV / "cache")),
    "HYPOTHESIS_STORAGE_DIRECTORY": str(VENV / "hypothesis"),
}
CHECKS = [
    ["ruff", "format", "--check", "."],
    ["ruff", "check", "."],
    ["mypy"],
    ["lint-imports"],
    ["pytest"],
]


def main(words: list[str]) -> int:
    """Set up what the request needs, then run it."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the stranger's Python may be old
        print(f"partita needs Python 3.11 or newer; this is {sys.version.split()[0]}. Run start.py with a newer one.")
        return 2
    develops = words[:1] in (["test"], ["check"])
    try:
        set_up(develops)
        if words[:1] == ["test"]:
            return run([PYTHON, "-m", "pytest", *words[1:]], cwd=ROOT)
        if words[:1] == ["check"]:
            return next((code for check in CHECKS if (code := run([BIN / check[0], *check[1:]], cwd=ROOT))), 0)
        return run([PYTHON, "-m", "partita", *(words or ["demo"])])
    except subprocess.CalledProcessError as error:
        print(f"Setting up failed at: {' '.join(map(str, error.cmd))}", file=sys.stderr)
        print("Run the same command again to go on; remove .venv to begin anew.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def set_up(develops: bool) -> None:
    """Make .venv hold partita and all it needs, unless its stamp says that it does."""
    digest = hashlib.sha256(sys.version.encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    stamp, key = VENV / "partita-stamp", digest.hexdigest()
    done = stamp.read_text().split() if stamp.exists() else []
    if done[:1] == [key] and (not develops or "dev" in done):
        return
    print("Setting up .venv (once; a minute or two, most of it PyTorch) ...", file=sys.stderr, flush=True)
    if not works(PYTHON, "-c", "import pip"):
        shutil.rmtree(VENV, ignore_errors=True)
        try:
            must([sys.executable, "-m", "venv", VENV])
        except subprocess.CalledProcessError:
            print("On Debian and Ubuntu: sudo apt install python3-venv", file=sys.stderr)
            raise
    if not works(PYTHON, "-m", "uv", "--version"):
        must([PYTHON, "-m", "pip", "install", "--quiet", "uv"])
    if not works(PYTHON, "-c", "import torch"):
        install_torch()
    wanted = f"{ROOT}[dev]" if develops or "dev" in done else str(ROOT)
    pinned = ["--constraint", ROOT / "constraints.txt"]
    if not works(PYTHON, *uv(*pinned, "--editable", wanted), shown=True):
        print("The pinned versions do not install here; taking the newest that fit.", file=sys.stderr)
        must([PYTHON, *uv("--editable", wanted)])
    stamp.write_text(f"{key} {'dev' if wanted.endswith(']') else ''}\n")


def install_torch() -> None:
    """Take a wheel that pip is configured to find on this machine, else the build for this GPU or the CPU, else any."""
    folders = [option for folder in wheel_folders() for option in ("--find-links", folder)]
    if folders and works(PYTHON, *uv("--no-index", "--no-deps", *folders, TORCH)):
        return
    if works(PYTHON, *uv("--torch-backend=auto", TORCH), shown=True):
        return
    must([PYTHON, *uv(TORCH)])


def wheel_folders() -> list[str]:
    """The find-links of pip's configuration: uv does not read them by itself."""
    command = [str(PYTHON), "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT).stdout.splitlines()
    found = [ast.literal_eval(line.split("=", 1)[1]) for line in listed if ".find-links=" in line]
    return sorted({folder for value in found for folder in value.split()})


def uv(*words: object) -> list[str]:
    """The words after `python` for uv to install `words` into .venv, compiled, which halves the time of a start."""
    return ["-m", "uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", str(PYTHON), *map(str, words)]


def works(*command: object, shown: bool = False) -> bool:
    """Whether a command runs and succeeds; what it complains of is dropped unless `shown`."""
    quiet = None if shown else subprocess.DEVNULL
    words = [str(word) for word in command]
    try:
        return subprocess.run(words, stdout=quiet, stderr=quiet, check=False, env=ENVIRONMENT).returncode == 0
    except OSError:
        return False


def must(command: list[object]) -> None:
    """Run a command that has to succeed."""
    subprocess.run([str(word) for word in command], check=True, env=ENVIRONMENT)


def run(command: list[object], cwd: Path | None = None) -> int:
    """Run a command to its end and return its exit code; Ctrl-C is the command's to answer."""
    with subprocess.Popen([str(word) for word in command], env=ENVIRONMENT, cwd=cwd) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
