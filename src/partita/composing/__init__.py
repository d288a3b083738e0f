"""Composing into scores: where new music goes, how its stream is watched, and whether it is a copy."""

from partita.composing.guards import Fault, Limits, Watch
from partita.composing.place import Event, Place
from partita.composing.stream import Repair, Stream

__all__ = ["Event", "Fault", "Limits", "Place", "Repair", "Stream", "Watch"]
