"""Measures of symbolic music: of one passage, of sets of passages, and of likelihoods.

`passages.py` cuts scores into stretches of seconds; `pieces.py` measures one of them, `structure.py` how it repeats
itself; `sets.py` compares what was composed with real music; `notes.py` and `rolls.py` are about likelihoods.
"""

from partita.metrics.symbolic.notes import FieldNats, TokenFrequency, bits, bits_difference, bits_interval, count_notes
from partita.metrics.symbolic.passages import Passage, groove_consistency
from partita.metrics.symbolic.rolls import KeyChain, KeyFrequency, per_step, per_step_interval, uniform

__all__ = [
    "FieldNats",
    "KeyChain",
    "KeyFrequency",
    "Passage",
    "TokenFrequency",
    "bits",
    "bits_difference",
    "bits_interval",
    "count_notes",
    "groove_consistency",
    "per_step",
    "per_step_interval",
    "uniform",
]
