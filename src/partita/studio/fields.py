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
    "numbers",
    "settings",
    "a model",
    "models",
    "a label",
    "a protocol",
    "an architecture",
    "a model or an architecture",
    "a data set",
    "a folder",
    "a file",
    "a new name",
]
Family = Literal["classifier", "composer", "generator"]


REFERENCES: frozenset[Kind] = frozenset({"a data set", "a folder", "a file", "a new name"})
"""Kinds whose value is no word or number but stands for something on disk: see `requests.Reference`."""

GENERATED = ("synthetic", "synthetic-scores", "synthetic-rolls")
"""Data sets that take a number in the place of a path."""
ARCHIVES = ("gtzan-logmel", "fma-logmel", "polyphonic")
"""Data sets that are one file; all others are folders."""
RECORDINGS = ("folder", "gtzan", "gtzan-logmel", "fma", "fma-logmel", "synthetic")
SCORES = ("midi", "maestro", "free-piano", "synthetic-scores")
ROLLS = ("polyphonic", "synthetic-rolls")


@dataclass(frozen=True)
class Field:
    """An option on the page: `least` to `most` in steps of `step`, or one of `choices`; `advanced` ones are folded.

    A model, or the architecture of one, is of a `family`, or any; a label is one of those that the chosen model has;
    a data set is of one of the kinds that are its `choices`; a file has one of those endings, or is one of those words.
    `example` is what an empty line shows.
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
    example: str = ""


DEVICES = ("auto", "cpu", "cuda", "mps")

FIELDS = {
    "model": Field("Model", "a model", "A shipped model or one of your own.", advanced=False, family="classifier"),
    "compose.model": Field("Model", "a model", "Who composes.", advanced=False, family="composer"),
    "generate.model": Field("Model", "a model", "Who plays.", advanced=False, family="generator"),
    "train.model": Field(
        "Kind of model",
        "an architecture",
        "What is trained from scratch on your music.",
        advanced=False,
    ),
    "audit.model": Field(
        "Judge",
        "an architecture",
        "The classifier that is cross-validated to find doubtful labels.",
        family="classifier",
    ),
    "evaluate.model": Field("Model", "a model", "A shipped model or one of your own.", advanced=False),
    "repeat.model": Field(
        "Model",
        "a model or an architecture",
        "What is trained anew; of a model that is there, its kind and settings are taken.",
        advanced=False,
        family="classifier",
    ),
    "tune.model": Field("Kind of model", "an architecture", "What is trained anew in every trial.", advanced=False),
    "ladder.model": Field(
        "Kind of model",
        "an architecture",
        "What is trained anew for every rung and seed.",
        advanced=False,
        family="classifier",
    ),
    "sweep.model": Field("Model", "a model", "Who composes.", advanced=False, family="composer"),
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
    "protocol": Field("Protocol", "a protocol", "How songs are divided for learning and measuring."),
    "genres": Field("Genres", "a list", "Only these labels, with commas between them; all if empty."),
    "balance": Field("Balance", "a switch", "As many training songs of each genre as the rarest has."),
    "seed": Field("Seed", "a whole number", "Everything random is drawn from it: the same seed, the same result.", 0),
    "settings": Field(
        "Settings",
        "settings",
        "Settings of the model or its training by name, such as steps=500.",
        example="steps=500, batch=16",
    ),
    "calibration_folds": Field(
        "Calibration folds",
        "a whole number",
        "Fit the confidence by so many folds inside the training part; 0: not.",
        0,
    ),
    "split": Field("Part", "a choice", "Which part to measure on.", choices=("valid", "train", "test"), advanced=False),
    "test": Field(
        "Open the locked test part",
        "a switch",
        "Once everything is chosen: every look is counted, and makes the next number worth less.",
        advanced=False,
    ),
    "baselines": Field("Baselines", "a switch", "Measure simple models beside it."),
    "gap": Field("Gap", "a switch", "Also measure the songs that it was trained on."),
    "compare": Field("Compare with", "models", "Other models, paired with it song by song.", advanced=False),
    "stress": Field("Stress", "a switch", "Classify again after changes that leave the genre as it was."),
    "update_card": Field("Note it on its card", "a switch", "Write the numbers into the card of your own model."),
    "seeds": Field("Seeds", "a whole number", "How often everything is drawn and trained anew.", 0, advanced=False),
    "repeat.seeds": Field(
        "Seeds", "a whole number", "Train with so many seeds, from 2 up; or fill in folds.", 0, advanced=False
    ),
    "folds": Field(
        "Folds",
        "a whole number",
        "Train on all but each of so many parts of the training songs, and measure on that part.",
        0,
        advanced=False,
    ),
    "trials": Field(
        "Trials", "a whole number", "In all, those of earlier searches of this name included.", 1, advanced=False
    ),
    "space": Field(
        "Space",
        "a list",
        "What is varied instead of what the model declares: LOW..HIGH, LOW..HIGH:STEP or LOW..HIGH:log.",
        example="dropout=0..0.5, learning_rate=1e-4..1e-2:log",
    ),
    "objective": Field(
        "What is sought",
        "a choice",
        "The least negative log-likelihood or the greatest accuracy of a classifier; the least loss of any other.",
        choices=("nll", "accuracy", "loss"),
    ),
    "prune": Field("Prune", "a switch", "Break off trainings that do worse than the median of earlier ones."),
    "jobs": Field("Processes", "a whole number", "How many are at work.", 1),
    "report": Field(
        "Report",
        "a choice",
        "Whose claims are looked at.",
        choices=("p66", "lildata", "dilated-cnn", "fstmuse", "aaa"),
        advanced=False,
    ),
    "ladder.seconds": Field("Seconds", "a number", "How long the windows are.", 0.1, advanced=False),
    "reproduce.seconds": Field("Seconds", "a number", "How long the windows are; the report's own if empty.", 0.1),
    "temperatures": Field("Temperatures", "numbers", "Every one is tried with every min-p.", advanced=False),
    "min_ps": Field("Min p", "numbers", "Every one is tried with every temperature.", advanced=False),
    "sweep.samples": Field("Samples", "a whole number", "How many pieces each pair writes.", 2, advanced=False),
    "sweep.seconds": Field("Seconds", "a number", "How long each of them is.", 1, advanced=False),
    "sweep.split": Field("Part", "a choice", "Which part real music is taken from.", choices=("valid", "train")),
    "data": Field("Music", "a data set", "What is learnt from and measured on.", choices=RECORDINGS, advanced=False),
    "evaluate.data": Field(
        "Music", "a data set", "What it is measured on.", choices=(*RECORDINGS, *SCORES, *ROLLS), advanced=False
    ),
    "train.data": Field(
        "Music", "a data set", "What is learnt from.", choices=(*RECORDINGS, *SCORES, *ROLLS), advanced=False
    ),
    "tune.data": Field(
        "Music", "a data set", "What is learnt from.", choices=(*RECORDINGS, *SCORES, *ROLLS), advanced=False
    ),
    "reproduce.data": Field(
        "Music",
        "a data set",
        "Train and measure the report's models on it; without any, what was measured for this version is shown.",
        choices=(*RECORDINGS, *SCORES),
        advanced=False,
    ),
    "sweep.data": Field("Music", "a data set", "What the samples are held against.", choices=SCORES, advanced=False),
    "out": Field("Keep it as", "a new name", "It stays when the studio closes, and the same request goes on with it."),
    "train.out": Field(
        "Name of the new model",
        "a new name",
        "A training that was broken off goes on under the same name, with the same music and options.",
        advanced=False,
    ),
    "tune.out": Field(
        "Name of the search",
        "a new name",
        "It stays when the studio closes; the same name, music and options go on with it.",
        advanced=False,
    ),
    "leave_out": Field(
        "Leave out", "a file", "A list of songs that take no part, as an audit writes it.", choices=(".txt",)
    ),
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
        "Comping",
        "a slider",
        "How much of its own playing joins in, on the content's chords.",
        0,
        1,
        0.05,
        advanced=False,
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
    "sampling_seed": Field(
        "Sampling seed", "a whole number", "Of a generator: takes other sounds and other clips of the same part.", 0
    ),
    "copies": Field("Copies", "a switch", "Of a generator: look for copies of training recordings; takes longest."),
    "evaluate.seconds": Field("Seconds", "a number", "How long each of those pieces is.", 1),
    "rate": Field("Rate", "a whole number", "Samples a second of the rendering.", 8000, 96_000),
    "midi": Field("MIDI files", "a folder", "A folder with .mid files in a folder for each genre.", advanced=False),
    "corpus.out": Field(
        "Name of the corpus",
        "a new name",
        "It stays when the studio closes; the same name and options go on with it.",
        advanced=False,
    ),
    "licence": Field(
        "Licence",
        "text",
        "That of the MIDI files; every recording is marked with it.",
        advanced=False,
        example="CC BY 4.0",
    ),
    "source": Field("Source", "text", "Where the MIDI files come from, for the list of what was made."),
    "corpus.soundfont": Field(
        "Soundfont",
        "a file",
        "What plays: an .sf2 file, or plain, a synthesised piano; by default what is installed.",
        choices=(".sf2", "plain"),
    ),
    "soundfont_licence": Field("Its licence", "text", "The soundfont's, for the list of what was made."),
    "table": Field(
        "Table",
        "a file",
        "A CSV with a row for each file: its name, label and group; else the folders say it.",
        choices=(".csv",),
    ),
    "corpus.label": Field("Column of labels", "text", "Of the table; of rock/halftime the label is rock."),
    "group": Field("Column of groups", "text", "Of the table, such as drummer: what must stay on one side of a split."),
    "where": Field("Only rows", "settings", "Only rows of the table that say so.", example="beat_type=beat"),
    "labels": Field("Labels", "a list", "Only these, with commas between them; all if empty."),
    "programs": Field(
        "Instruments",
        "settings",
        "General MIDI programs (for drums: kits) by label, in place of the files' own.",
        example="jazz=32, rock=16",
    ),
    "corpus.drums": Field(
        "Drums", "settings", "Pitches of the drum channel to be played as others.", example="22=42, 26=46"
    ),
    "corpus.seconds": Field(
        "Seconds", "a number", "Cut longer pieces at the bar line before it; 0 leaves them whole.", 0, advanced=False
    ),
    "mono": Field("Mono", "a switch", "One channel instead of two."),
    "format": Field("Format", "a choice", "How files are written.", choices=("flac", "ogg", "wav"), advanced=False),
    "processes": Field("Processes", "a whole number", "How many pieces are rendered at once.", 1),
}
