"""What five student reports claim, with the uncertainty that they omit, and how each claim can be tried again.

A trial names a model, the rung of the ladder that the report's own split stands on (b: chunks of one song on both
sides; c: songs whole, artists on both sides), and settings that mend what is faulty in its design. The honest rung
is d.
"""

from dataclasses import dataclass

from partita.errors import unknown
from partita.metrics.classification import Interval, wilson


@dataclass(frozen=True)
class Claim:
    """A printed number: a share of `n`, or any other value where `n` is None. `caution` is what it leaves unsaid."""

    what: str
    value: float
    n: int | None = None
    caution: str = ""

    @property
    def interval(self) -> Interval | None:
        """The Wilson interval that `n` independent cases would give."""
        return wilson(round(self.value * self.n), self.n) if self.n else None


@dataclass(frozen=True)
class Trial:
    """One model of a report: its `own` rung, on windows of `seconds`, and the settings of each `corrected` variant."""

    model: str
    own: str
    seconds: float
    corrected: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Report:
    """A report: its title, how it divided its data, its claims, and the trials of its classifiers.

    `shipped` are checkpoints of its corrected models whose cards say what was measured of them.
    """

    title: str
    split: str
    claims: tuple[Claim, ...]
    trials: tuple[Trial, ...] = ()
    shipped: tuple[str, ...] = ()


REPORTS = {
    "p66": Report(
        "P66, University of the Basque Country: genre from raw samples of GTZAN",
        "50 of 1,000 songs held out; validation parts drawn from the songs that are trained on",
        (
            Claim("bach, parts", 0.8258, None, "validation parts come from training songs"),
            Claim("bach, songs", 45 / 50, 50, "the same 50 songs chose the network; artists are on both sides"),
            Claim("bach, parts of five disco songs", 315 / 500, 500, "the song is the unit: five of them"),
            Claim("beethoven, parts", 0.8344, None, "validation parts come from training songs; songs not given"),
            Claim(
                "chance that eleven votes agree on a wrong genre",
                ((1 - 0.8258) / 9) ** 11,
                None,
                "takes votes as independent; the report's own vote table has about 1.5 effective votes a song",
            ),
        ),
        (
            Trial("bach", "b", 3.0, ({"level": "rms"}, {"front": "log-mel"})),
            Trial("beethoven", "b", 3.0, ({"level": "rms"},)),
        ),
    ),
    "lildata": Report(
        "Lil Data (Cid, Janowski, Jiang): genre of five-second clips of mixes",
        "clips of the same mixes on both sides, about 8,000 to train, 1,000 and 750 held out",
        (
            Claim("lildata, clips of 4 genres", 0.96, None, "neighbours of one mix on both sides; number not given"),
            Claim("lildata, clips of 8 genres", 0.81, 750, "neighbours of one mix on both sides; clips depend"),
            Claim("resnet50, clips of 8 genres", 0.34, 750, "0.94 on its training clips"),
        ),
        (
            Trial("softmax", "b", 5.0, ({"scale": "standardised"},)),
            Trial("lildata", "b", 5.0, ({"scale": "standardised"},)),
            Trial("resnet50", "b", 5.0, ({"scale": "standardised"},)),
        ),
    ),
    "dilated-cnn": Report(
        "Dilated CNN, April 2019: genre of three-second chunks of GTZAN",
        "songs 80/20, stratified; chunks of one song on one side, artists on both",
        (
            Claim("dilated-cnn, chunks", 1402 / 2000, 2000, "ten chunks a song: far fewer independent cases"),
            Claim("dilated-cnn, songs", 149 / 200, 200, "test accuracy was looked at after every change"),
            Claim("dilated-cnn, validation loss (nats)", 1.2059),
            Claim("the same, chunks of one song on both sides", 0.85, None, "the report's own demonstration of a leak"),
            Claim(
                "the same, overlapping windows on both sides", 0.94, None, "the report's own demonstration of a leak"
            ),
        ),
        (Trial("dilated-cnn", "c", 3.0, ({"level": "rms"},)),),
    ),
    "fstmuse": Report(
        "FstMuse (Rodriguez, Rahman): genre of thirty-second tracks of FMA",
        "tracks shuffled without a seed, 20 % held out; artists on both sides",
        (
            Claim("toymodel, 3 genres, validation", 48 / 56, 56, "training accuracy 1.00: 666,053 weights a track"),
            Claim("toymodel, 3 genres, test", 0.80, None, "number of tracks not given"),
            Claim("fstmuse, 7 genres, training", 0.51),
            Claim("fstmuse, 7 genres, validation", 0.35, None, "chance is 0.143; number of tracks not given"),
            Claim("fstmuse, 7 genres, test", 0.33, None, "chance is 0.143; number of tracks not given"),
        ),
        (
            Trial("toymodel", "c", 29.9, ({"pooling": "global", "scale": "log"},)),
            Trial("fstmuse", "c", 29.9, ({"pooling": "global", "scale": "log"},)),
        ),
    ),
    "aaa": Report(
        "AAA (Gehmayr): continuing and creating piano pieces",
        "measured on the very piece that was trained on",
        (
            Claim("LSTM, mean absolute error of the roll", 0.555, None, "silence: 0.0088 on average, at most 0.0186"),
            Claim(
                "the same, of repeating the last frame", 0.0073, None, "not in the report; measured on the same pieces"
            ),
        ),
        shipped=("aaa-lstm-notes", "aaa-vae-notes"),
    ),
}


def report(name: str) -> Report:
    """A report by its name.

    Raises `UsageError` for an unknown one.
    """
    if name not in REPORTS:
        raise unknown("report", name, list(REPORTS))
    return REPORTS[name]
