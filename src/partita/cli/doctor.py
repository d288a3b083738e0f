"""The command `partita doctor`."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, requires, version

from partita import __version__
from partita.cli.console import say


def doctor() -> int:
    """Show what is installed, what is missing, which device is used, and what to do about it.

    Exits with 2 where something that partita needs is missing.
    """
    say(f"partita {__version__}, Python {platform.python_version()} on {platform.platform()}")
    say(f"{os.cpu_count()} cores{_memory()}")
    missing = []
    for name, extra in _requirements():
        try:
            say(f"  {name:<16} {version(name)}")
        except PackageNotFoundError:
            say(f"  {name:<16} missing{f' (only for the extra {extra!r})' if extra else ''}")
            if not extra:
                missing.append(name)
    if missing:
        say(f"Missing: {', '.join(missing)}. Run: {sys.executable} -m pip install {' '.join(missing)}")
        return 2
    import torch

    from partita.checkpoint import shipped
    from partita.data.cache import cache_folder
    from partita.models.base import choose_device

    device = choose_device("auto")
    named = torch.cuda.get_device_name() if device.type == "cuda" else f"{os.cpu_count()} cores"
    say(f"device: {device.type} ({named})")
    if device.type == "cpu" and torch.version.cuda is None and _nvidia():
        say("There is an NVIDIA driver, but this PyTorch is a CPU build: install a CUDA build of torch to use it.")
    say(f"shipped checkpoints: {', '.join(shipped()) or 'none'}")
    folder = cache_folder()
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder.exists() else 0
    say(f"cache: {folder} ({size / 1e6:.0f} MB; may be removed at any time)")
    say("All well.")
    return 0


def _requirements() -> list[tuple[str, str]]:
    """Distribution names that partita asks for, each with the extra that wants it, or ""."""
    found = []
    for line in requires("partita") or []:
        name = line.split(";")[0]
        for mark in "<>=!~[ (":
            name = name.split(mark)[0]
        extra = line.split("extra ==")[1].strip(" '\"") if "extra ==" in line else ""
        found.append((name, extra))
    return sorted(set(found), key=lambda pair: (bool(pair[1]), pair))


def _memory() -> str:
    try:
        return f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB of memory"
    except (AttributeError, ValueError, OSError):
        return ""


def _nvidia() -> bool:
    from shutil import which

    return which("nvidia-smi") is not None
