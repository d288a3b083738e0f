"""What the page says about each option of the tasks: a label, its kind, its range, and a sentence.

Which options a verb has, and their defaults, come from its task; an option that has no line here fails a test.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "a switch", "a whole number", "a number", "a choice", "text", "a list", "settings", "a model", "an architecture"
]


@dataclass(frozen=True)
class Field:
    """An option on the page: `least` to `most` in steps of `step`, or one of `choices`; `advanced` ones are folded."""

    label: str
    kind: Kind
    words: str
    least: float | None = None
    most: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()
    advanced: bool = True


DEVICES = ("auto", "cpu", "cuda", "mps")

FIELDS = {
    "model": Field("Model", "a model", "A shipped model or one of your own.", advanced=False),
    "train.model": Field(
        "Kind of model", "an architecture", "What is trained from scratch on your music.", advanced=False
    ),
    "audit.model": Field("Judge", "an architecture", "The classifier that is cross-validated to find doubtful labels."),
    "threshold": Field(
        "Unsure below", "a number", "A top probability below this is called unsure.", 0, 1, 0.05, advanced=False
    ),
    "explain": Field(
        "Find what decided",
        "a switch",
        "The seconds and frequencies that decided; some seconds for each minute of music.",
    ),
    "device": Field("Device", "a choice", "Where the model runs.", choices=DEVICES),
    "suspects": Field(
        "Doubtful labels", "a switch", "Also look for songs that a classifier which never heard them files elsewhere."
    ),
    "protocol": Field(
        "Protocol", "text", "How songs are divided for learning and measuring; the most honest way if empty."
    ),
    "genres": Field("Genres", "a list", "Only these labels, with commas between them; all if empty."),
    "balance": Field("Balance", "a switch", "As many training songs of each genre as the rarest has."),
    "seed": Field("Seed", "a whole number", "Everything random is drawn from it: the same seed, the same result.", 0),
    "settings": Field("Settings", "settings", "Settings of the model or its training by name, such as steps=500."),
    "calibration_folds": Field(
        "Calibration folds",
        "a whole number",
        "Fit the confidence by so many folds inside the training part; 0: not.",
        0,
    ),
    "split": Field("Part", "a choice", "Which part to measure on.", choices=("valid", "train", "test")),
    "test": Field("Open the test part", "a switch", "Every look at a test part makes the next number worth less."),
    "baselines": Field("Baselines", "a switch", "Measure simple models beside it."),
    "gap": Field("Gap", "a switch", "Also measure the songs that it was trained on."),
    "compare": Field("Compare with", "a list", "Other checkpoints, paired song by song."),
    "stress": Field("Stress", "a switch", "Classify again after changes that leave the genre as it was."),
}
