"""Composing into scores: where new music goes, how its stream is watched, and whether it is a copy."""

from partita.composing.guards import Fault, Limits, Watch
from partita.composing.place import Event, Place
from partita.composing.rework import Rework, Reworked, opening
from partita.composing.stream import Repair, Stream
from partita.composing.wishes import Key, Wishes

__all__ = [
    "Event",
    "Fault",
    "Key",
    "Limits",
    "Place",
    "Repair",
    "Rework",
    "Reworked",
    "Stream",
    "Watch",
    "Wishes",
    "opening",
]
