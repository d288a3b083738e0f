"""What was measured of models that write music or make sound, as a page."""

from typing import Any

from partita.likelihood import Likelihood, NoteLikelihood
from partita.likeness import Resemblance
from partita.metrics.originality import Originality
from partita.metrics.symbolic.sets import Likeness
from partita.sound_likeness import SoundLikeness
from partita.studio.work.paper import Cell, Paper, Range, Table
from partita.studio.work.papers import Rows, beside, pairs
from partita.tasks.sweep import Sweep


def of_rolls(result: Likelihood) -> Paper:
    """What steps of piano rolls cost a model."""
    beside = {result.model.split("@")[0]: result.nll_per_step, **result.baselines}
    kind = "exactly" if result.exact else "at most"
    return Paper(
        _title(result.model, result.data),
        result.model,
        f"{result.nll_per_step:.3f} nats",
        f"a step of the piano roll costs it {kind}; {_interval(result.interval)}",
        [
            ("Protocol", [result.protocol, *result.notes, *(f"Left out: {each}" for each in result.failures)]),
            ("Beside others", pairs("Nats per step, the less the better", ("model", "nats per step"), beside)),
            ("Pieces", [_listed("Each piece", result.pieces)]),
        ],
    )


def of_notes(result: NoteLikelihood) -> Paper:
    """What notes cost a composer."""
    rows: Rows = [[result.model.split("@")[0], result.bits_per_note, None, Range(*result.interval)]]
    rows += [
        [name, row["bits_per_note"], row["difference"], Range(*row["interval"])]
        for name, row in {**result.baselines, **result.comparisons}.items()
    ]
    columns = ("model", "bits per note", "this one's less its", "interval")
    return Paper(
        _title(result.model, result.data),
        result.model,
        f"{result.bits_per_note:.3f} bits",
        f"a note costs it; {_interval(result.interval)}. A second of music costs {result.bits_per_second:.1f} bits",
        [
            ("Protocol", [result.protocol, *result.notes]),
            (
                "Beside others",
                [Table("Paired by piece in the fields that both tell; the less the better", columns, rows)],
            ),
            ("Fields", pairs("What each field of a note costs", ("field", "bits"), result.by_field)),
            ("What it writes", [beside(result.findings["rows"], "what")] if result.findings.get("rows") else []),
            ("Pieces", [_listed("Each piece", result.pieces)]),
        ],
    )


def of_samples(result: Resemblance) -> Paper:
    """A composer's samples beside real music."""
    three = (("composed", result.likeness), ("real music", result.ceiling), ("each note transposed", result.floor))
    sets: Rows = [[name, *_likeness(found)] for name, found in three]
    measures: Rows = [
        [name, row["composed"].value, Range(*row["composed"].interval), row["real"].value, Range(*row["real"].interval)]
        for name, row in result.measures.items()
    ]
    known = (("samples", result.originality), ("real music", result.human))
    copies: Rows = [[name, *_originality(found)] for name, found in known if found]
    return Paper(
        f"{result.samples} pieces of {_title(result.model, result.data)}",
        result.model,
        f"{result.likeness.frechet_unbiased:.2f}",
        "is the Fréchet distance of its pieces from real music; real music itself has "
        f"{result.ceiling.frechet_unbiased:.2f}, music without pitch {result.floor.frechet_unbiased:.2f}",
        [
            ("Protocol", [result.protocol, _sampling(result.sampling), *result.notes]),
            ("Likeness", [Table("The pieces beside real music, which is the most to be hoped for", LIKENESS, sets)]),
            (
                "Measures",
                [Table("Means over pieces", ("measure", "composed", "interval", "real", "interval of real"), measures)],
            ),
            (
                "Copies",
                [Table("Held against the training set", COPIES, copies)]
                if copies
                else ["No index of the training set, so nothing is said about copies."],
            ),
        ],
    )


LIKENESS = ("set", "overlapping area", "interval", "divergence, nats", "Fréchet distance")
COPIES = ("set", "longest shared run, notes", "interval", "at most")


def _likeness(found: Likeness) -> list[Cell]:
    return [found.area.value, Range(*found.area.interval), found.divergence, found.frechet_unbiased]


def _originality(found: Originality) -> list[Cell]:
    return [found.longest, Range(*found.longest_interval), found.extreme.notes]


def of_sounds(result: SoundLikeness) -> Paper:
    """A generator's sounds beside real ones."""
    distances: Rows = [
        [f"{name}, {embedding}", found.made, found.real, Range(*found.bound[1:]), found.noise]
        for embedding, kinds in result.distances.items()
        for name, found in kinds.items()
    ]
    words = {
        "novelty": "novelty, dB",
        "agreement": "found in their class",
        "copied": "copies of training recordings",
        "nearest": "nearest training recording (correlation)",
        "token_copies": "runs of 16 tokens that come in training",
    }
    rows: Rows = [
        [words.get(name, name), float(pair["made"]), float(pair["real"])] for name, pair in result.pairs.items()
    ]
    first = next(iter(result.distances.values()))["frechet"]
    columns = ("distance", "made", "real", "range of real", "noise")
    return Paper(
        f"{result.samples} sounds of {result.model.split('@')[0]}",
        result.model,
        f"{first.made:.2f}",
        f"is the Fréchet distance of its sounds from real ones; these have {first.real:.2f}, noise {first.noise:.2f}",
        [
            ("Protocol", [result.protocol, _sampling(result.sampling), *result.notes]),
            ("Distances", [Table("From held-out recordings; the less the better", columns, distances)]),
            ("Measures", [Table("Made beside real sounds", ("measure", "made", "real"), rows)]),
            (
                "Faults",
                [
                    f"{result.distinct:.0%} of the sounds are unlike all others; {len(result.faults)} of "
                    f"{result.samples} are faulty; {result.speed:.1f} seconds are made in a second on one core.",
                    *result.faults,
                ],
            ),
        ],
    )


def of_sweep(result: Sweep) -> Paper:
    """Ways of drawing from a composer."""
    first, best = result.rows[0], result.best.sampling

    def named(sampling: dict[str, float]) -> str:
        return f"temperature {sampling['temperature']:g}, min-p {sampling['min_p']:g}"

    density = "notes a second"
    rows: Rows = [
        [named(row.sampling), *_likeness(row.likeness), row.measures[density]["composed"].value] for row in result.rows
    ]
    for name, found in (("real music", first.ceiling), ("each note transposed", first.floor)):
        rows.append([name, *_likeness(found), first.measures[density]["real"].value])
    return Paper(
        f"Ways of drawing from {first.model.split('@')[0]}",
        first.model,
        "",
        f"{named(best)} comes nearest to real music of {len(result.rows)} ways of drawing",
        [
            ("Protocol", [first.protocol]),
            ("Ways of drawing", [Table("The less the distance, the more like real music", (*LIKENESS, density), rows)]),
        ],
    )


def _listed(caption: str, rows: list[dict[str, Any]]) -> Table:
    names = [name for name, value in (rows[0] if rows else {}).items() if isinstance(value, str | int | float)]
    return Table(caption, names, [[row[name] for name in names] for row in rows])


def _title(model: str, data: str) -> str:
    return f"{model.split('@', maxsplit=1)[0]} on {data}"


def _interval(interval: tuple[float, float]) -> str:
    return f"another draw of pieces would give {interval[0]:.3f} to {interval[1]:.3f} (95 %)"


def _sampling(sampling: dict[str, float]) -> str:
    return "Drawn at " + ", ".join(f"{name.replace('_', '-')} {value:g}" for name, value in sampling.items()) + "."
