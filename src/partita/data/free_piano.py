"""Music from which shipped weights may be learnt: POP909 as piano reductions, and Bach's chorales.

`free-piano:DIR` wants POP909's songs in DIR/pop909/NUMBER/NUMBER.mid, of which melody, bridge and piano become one
piano, and the chorales as DIR/jsb/jsb-chorales-16th.json. Either may be missing.
"""

import json
from pathlib import Path
from typing import Any

from partita.data.base import Dataset, split_by_group
from partita.errors import DataError
from partita.events import Note, Track
from partita.example import Example
from partita.midi import Score

SOURCE = "POP909 (909 popular songs as piano arrangements) and 382 chorales by J. S. Bach"
LICENCE = "POP909's files: MIT, the songs themselves are not free; the chorales: public domain"
CITATION = (
    "Z. Wang and others: POP909: a pop-song dataset for music arrangement generation. ISMIR 2020. "
    "N. Boulanger-Lewandowski, Y. Bengio, P. Vincent: Modeling temporal dependencies in high-dimensional sequences. "
    "ICML 2012."
)
PROTOCOLS = {"song": "songs split 90/4/6 at random; the chorales in their own parts"}
FRACTIONS = {"train": 0.90, "valid": 0.04, "test": 0.06}
SIXTEENTH = 150
"""Milliseconds of a sixteenth in a chorale, whose tempo is not written: 100 quarter notes a minute."""
VELOCITY = 64


def load(path: str, protocol: str, seed: int) -> Dataset:
    """Load both collections.

    Raises `DataError` where neither is there.
    """
    root = Path(path).expanduser()
    songs = sorted((root / "pop909").glob("*/*.mid"), key=lambda file: file.stem) if path else []
    pop = [Example(f"pop909/{file.stem}", Score.read(file), "", f"pop909/{file.stem}") for file in songs]
    bach = chorales(root / "jsb" / "jsb-chorales-16th.json") if path else {}
    if not pop and not bach:
        raise DataError(f"{path or '(nothing)'}: neither pop909/*/*.mid nor jsb/jsb-chorales-16th.json is here")
    splits = split_by_group(pop, seed, FRACTIONS)
    splits = {part: [*examples, *bach.get(part, ())] for part, examples in splits.items()}
    notes = [f"{name} is not in this copy" for name, part in (("POP909", pop), ("the chorales", bach)) if not part]
    return Dataset("free-piano", splits, f"{PROTOCOLS[protocol]} (seed {seed})", notes=notes)


def chorales(path: Path) -> dict[str, list[Example]]:
    """The parts of the chorales' file; none where it is missing.

    Raises `DataError` where it is of another form.
    """
    if not path.is_file():
        return {}
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))
        return {
            part: [
                Example(f"jsb/{part}.{number:03d}", chorale(steps), "", f"jsb/{part}.{number:03d}")
                for number, steps in enumerate(parts[part])
            ]
            for part in FRACTIONS
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not the chorales as lists of four pitches for each sixteenth ({error})") from None


def chorale(steps: list[list[Any]]) -> Score:
    """Four voices from their pitches in each sixteenth, where -1 is a rest; a pitch that stays is one long note.

    >>> chorale([[60, 55], [60, 57]]).tracks[0].notes["duration"].tolist()
    [150, 300, 150]
    """
    notes: list[Note] = []
    for voice in range(max(map(len, steps), default=0)):
        line = [step[voice] if voice < len(step) else -1 for step in steps]
        begin = 0
        for place in range(1, len(line) + 1):
            if place == len(line) or line[place] != line[begin]:
                if line[begin] >= 0:
                    notes.append(Note(begin * SIXTEENTH, (place - begin) * SIXTEENTH, line[begin], VELOCITY))
                begin = place
    return Score([Track(notes)], ticks_per_beat=500)
