"""What the page says about each option of the tasks: a label, its kind, its range, and a sentence.

Which options a verb has, and their defaults, come from its task; an option that has no line here fails a test.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "a switch",
    "a whole number",
    "a number",
    "a slider",
    "a choice",
    "text",
    "a list",
    "settings",
    "a model",
    "a label",
    "an architecture",
]
Family = Literal["classifier", "composer", "generator"]


@dataclass(frozen=True)
class Field:
    """An option on the page: `least` to `most` in steps of `step`, or one of `choices`; `advanced` ones are folded.

    A model, or the architecture of one, is of a `family`; a label is one of those that the chosen model has.
    """

    label: str
    kind: Kind
    words: str
    least: float | None = None
    most: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()
    advanced: bool = True
    family: Family | None = None


DEVICES = ("auto", "cpu", "cuda", "mps")

FIELDS = {
    "model": Field("Model", "a model", "A shipped model or one of your own.", advanced=False, family="classifier"),
    "compose.model": Field("Model", "a model", "Who composes.", advanced=False, family="composer"),
    "generate.model": Field("Model", "a model", "Who plays.", advanced=False, family="generator"),
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
    "compose.seconds": Field("Seconds", "a number", "How long the new music is.", 1, 3600, advanced=False),
    "generate.seconds": Field(
        "Seconds", "a number", "How long it is; of a loop, about how long.", 1, 600, advanced=False
    ),
    "variations": Field("Variations", "a whole number", "How many to make, each different.", 1, 100, advanced=False),
    "infill": Field("Span", "text", "Write the music in this span of seconds anew, such as 12:20."),
    "vary": Field(
        "Vary", "a number", "Vary the prompt instead: 0 gives it back, 1 is a new piece; aaa-vae-notes can.", 0, 1, 0.05
    ),
    "temperature": Field(
        "Temperature",
        "a number",
        "Above 1 bolder, below 1 tamer, 0 always the likeliest; empty: as the model's card has it.",
        0,
        None,
        0.05,
    ),
    "top_k": Field("Top k", "a whole number", "Draw among so many of the likeliest; 0 takes all.", 0),
    "top_p": Field("Top p", "a number", "Draw among the likeliest that have this share together.", 0, 1, 0.01),
    "min_p": Field("Min p", "a number", "Draw among those of at least this share of the likeliest one's.", 0, 1, 0.01),
    "key": Field("Key", "text", "For a new piece, such as D, F# minor or Bbm; empty: any."),
    "compose.tempo": Field("Tempo", "a number", "For a new piece, beats a minute; empty: any.", 20, 400),
    "density": Field("Density", "a number", "For a new piece, notes a second; empty: any.", 0.5, 50),
    "guard": Field("Guard", "a switch", "Write again where the music loops, falls silent or crowds."),
    "label": Field("Class", "a label", "What it is to sound like; or the classes take turns.", advanced=False),
    "bpm": Field(
        "Beats a minute",
        "a number",
        "100 if empty, or what a recording that goes on has in its tags.",
        20,
        400,
        advanced=False,
    ),
    "loop": Field("Loop", "a switch", "Whole bars whose end leads into their begin.", advanced=False),
    "method": Field(
        "Method",
        "a choice",
        "How it is done. All but stems are those of the student reports: slow, and without rhythm.",
        choices=("stems", "vgg19", "lildata", "random-cnn"),
    ),
    "strength": Field("Strength", "a slider", "How much of the style is taken.", 0, 1, 0.05, advanced=False),
    "drums": Field("Drums", "a slider", "How loud its drums are; 0 keeps the content's.", 0, 2, 0.05, advanced=False),
    "timbre": Field("Timbre", "a slider", "How much of its colour the tones take.", 0, 1, 0.05, advanced=False),
    "comping": Field(
        "Comping", "a slider", "How far the tones take its course over the bar.", 0, 1, 0.05, advanced=False
    ),
    "transfer.tempo": Field("Tempo of", "a choice", "Whose tempo the result has.", choices=("content", "style")),
    "guide": Field(
        "Guide",
        "a model",
        "Chooses where the style has several recordings; it may be any classifier.",
        family="classifier",
    ),
    "controls": Field(
        "Controls", "a switch", "Also measure the content with the style's spectrum alone, and a donor drawn at random."
    ),
    "samples": Field(
        "Samples", "a whole number", "Of a composer: compare so many pieces that it writes with real music; 0: not.", 0
    ),
    "copies": Field("Copies", "a switch", "Of a generator: look for copies of training recordings; takes longest."),
    "evaluate.seconds": Field("Seconds", "a number", "How long each of those pieces is.", 1),
    "rate": Field("Rate", "a whole number", "Samples a second of the rendering.", 8000, 96_000),
}
