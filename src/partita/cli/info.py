"""The command `partita info`."""

from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from partita.audio import AudioFile
from partita.cli.console import clock, complain, say, say_json
from partita.errors import AudioError
from partita.tags import read_tags


def info(*files: str, json: Annotated[bool, Parameter(negative=())] = False) -> int:
    """Show what audio files are: container, codec, length, rate, channels, tags.

    Parameters
    ----------
    files
        Audio or video files.
    json
        Print one JSON object a line.
    """
    failed = 0
    for file in files:
        try:
            header = AudioFile(file).info()
        except AudioError as error:
            failed += 1
            complain(str(error))
            if json:
                say_json({"file": file, "error": error.reason})
            continue
        tags = read_tags(file)
        if json:
            say_json({"file": file, **asdict(header), "tags": tags})
            continue
        length = "unknown length" if header.seconds is None else f"{clock(header.seconds)} ({header.seconds:.2f} s)"
        say(f"{file}: {header.container} ({header.codec}), {length}, {header.rate} Hz, {header.channels} channels")
        for key, value in tags.items():
            say(f"    {key}: {value}")
    if not files:
        complain("name at least one file")
    return 2 if failed == len(files) else 1 if failed else 0
