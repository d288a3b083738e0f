"""Whose style: of several recordings of a genre the one with which a guide hears the genre best.

Genre is a matter of sets, not of one recording: the spectrum is the mean of them all, and for everything else one is
the donor. Each is tried on a stretch of the content; a guide model, which the result must not be judged by, hears donor
and result; that and what is left of the content's chords decide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from partita import rhythm
from partita.audio import Audio
from partita.errors import UnusableAudioError
from partita.models.classifier import Classifier
from partita.training import Progress
from partita.transfers.base import refuse_unusable
from partita.transfers.likeness import Likeness, likeness, on_grid
from partita.transfers.stems import STYLE_SECONDS, Parts, Spectrum, Stems, StemsConfig, at_rate, middle, take_apart

GUIDE = Path(str(files("partita.transfers") / "guide"))
"""A checkpoint: genre-linear on songs that the judge was not trained on."""
TRIAL_SECONDS = 20.0
"""The middle of the content that donors are tried on."""
DONOR_WEIGHT, LEAST_CHROMA, CHROMA_WEIGHT = 2.0, 0.8, 10.0
"""What counts beside the guide's log-probability of a result: its log-probability of the donor itself, since it knows
real recordings better, and each unit by which chords fall below their least likeness."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One donor, tried by a method: what the guide says of the result, and what of content and style is in it."""

    donor: Audio
    method: Stems
    score: float
    probability: float
    likeness: Likeness


def search(
    content: Audio,
    donors: Sequence[Audio],
    target: Mapping[str, float],
    guide: Classifier,
    config: StemsConfig,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Trial]:
    """Every donor, the best first. All are tried at the content's tempo.

    `target` gives the guide's labels their weights: 1 for the genre wanted, or the labels of recordings it is like.
    Donors that are silent or too short are passed over. `progress(done, total, words)` counts trials. Raises
    `UnusableAudioError` where none is left.
    """
    refuse_unusable(content)
    tell = progress or (lambda done, total, words: None)
    excerpt = middle(content, TRIAL_SECONDS)
    ours, chords = take_apart(excerpt), excerpt.mono(rhythm.RATE)
    usable: list[tuple[Audio, Parts]] = []
    for number, donor in enumerate(donors):
        tell(number, 2 * len(donors), f"listening to {Path(donor.name).name}")
        try:
            refuse_unusable(donor)
        except UnusableAudioError:
            continue
        usable.append((donor, take_apart(at_rate(middle(donor, STYLE_SECONDS), excerpt.rate))))
    if not usable:
        raise UnusableAudioError(donors[0].name if donors else "the style", "no recording in it can be used")
    method, trials = Stems(config, Spectrum.of([theirs for _, theirs in usable])), []
    for number, (donor, theirs) in enumerate(usable, 2 * len(donors) - len(usable)):
        tell(number, 2 * len(donors), f"trying {Path(donor.name).name}")
        made = Audio(method.combine(excerpt, ours, theirs, seed), excerpt.rate, content.name)
        samples = made.mono(rhythm.RATE)
        alike = likeness(chords, on_grid(ours.rhythm, samples), samples, theirs.rhythm)
        heard, typical = guide.classify(made).probabilities, guide.classify(donor).probabilities
        score = _nats(heard, target) + DONOR_WEIGHT * _nats(typical, target)
        score += CHROMA_WEIGHT * min(0.0, alike.chroma - LEAST_CHROMA)
        probability = sum(weight * heard[label] for label, weight in target.items())
        trials.append(Trial(donor, method, score, probability, alike))
    return sorted(trials, key=lambda trial: -trial.score)


def _nats(heard: Mapping[str, float], target: Mapping[str, float]) -> float:
    """The weighted log-probability of the labels wanted."""
    return sum(weight * float(np.log(max(heard[label], 1e-3))) for label, weight in target.items())
