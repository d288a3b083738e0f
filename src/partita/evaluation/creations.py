"""What is measured of the AAA report's models, exact and corrected, as rows of figures with what they have to beat.

`findings` is what `partita evaluate` adds to the likelihood of a corrected model: continuations by `aaa-lstm-notes`,
latent vectors, reconstructions and new pieces of `aaa-vae-notes`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from partita.data import Dataset
from partita.evaluation.continuation import Continuation, measure_continuation
from partita.evaluation.free_running import HORIZON, FreeRunning, measure_free_running
from partita.evaluation.latents import Latents, measure_latents
from partita.evaluation.preparation import prepare_all
from partita.evaluation.reconstruction import measure_reconstruction
from partita.models import model_class
from partita.models.aaa_lstm_notes import AAALSTMNotes
from partita.models.aaa_vae_notes import AAAVAENotes
from partita.models.composer import Composer
from partita.sampling import Sampling

Row = dict[str, Any]
"""A figure: "model", "variant", "what", "value", its "interval" or None, and what stands "beside" it by name."""

MEASURES = {
    "onset": "notes found, F1 by onset",
    "frames": "keys that sound, F1 of frames",
    "chroma": "pitch classes in common",
    "density": "notes a second",
}
"""What is compared of continuations, in words."""


def findings(
    model: Composer,
    dataset: Dataset,
    split: str = "valid",
    *,
    sampling: Sampling | None = None,
    others: Sequence[tuple[str, Composer]] = (),
    seed: int = 0,
) -> dict[str, Any]:
    """What is measured of a model on a split, JSON-ready: "rows" for reading, and all figures by what they are of.

    `others` go on from the same prompts. Nothing for models that it does not know.
    """
    if isinstance(model, AAAVAENotes):
        return _creating(model, dataset, split, seed)
    if isinstance(model, AAALSTMNotes):
        return _continuing(model, dataset, split, sampling or Sampling(), others, seed)
    return {}


def _creating(model: AAAVAENotes, dataset: Dataset, split: str, seed: int) -> dict[str, Any]:
    windows = np.concatenate([model.spread(item, 4) for item in prepare_all(model, dataset.split(split)).items])
    latents = measure_latents(model, torch.from_numpy(windows).to(next(model.parameters()).device), seed=seed)
    found = measure_reconstruction(model, dataset.splits.get("train", ()), dataset.split(split), seed=seed)
    name = model.name
    rows = [
        row(name, "corrected", "notes given back, F1 by onset", found.onset, found.baselines, found.interval),
        row(name, "corrected", "notes given back, F1 by onset and end", found.onset_end, {}),
        row(name, "corrected", "notes in a window drawn", found.drawn, {"real windows": found.notes}),
        *latent_rows(name, "corrected", latents),
    ]
    return {"rows": rows, "reconstruction": found.json(), "latents": latents.json()}


def _continuing(
    model: AAALSTMNotes,
    dataset: Dataset,
    split: str,
    sampling: Sampling,
    others: Sequence[tuple[str, Composer]],
    seed: int,
) -> dict[str, Any]:
    train, held = (prepare_all(model, dataset.splits.get(part, ())).items for part in ("train", split))
    forced = measure_continuation(model, train, held, seed=seed)
    composers: dict[str, tuple[Composer, Sampling]] = {model.name: (model, sampling)}
    composers |= {name: (composer, Sampling()) for name, composer in others}
    if dataset.splits.get("train"):
        composers["markov"] = (_chain(dataset), Sampling())
    free = measure_free_running(composers, dataset.split(split), seed=seed)
    rows = [*continuation_rows(forced), *(free_running_rows(free) if free else ())]
    return {"rows": rows, "continuation": forced.json(), "free running": free.json() if free else None}


def _chain(dataset: Dataset) -> Composer:
    """The baseline of counts, fitted to the training part."""
    kind = model_class("markov")
    chain = kind.new(kind.Config(), 0)
    chain.fit(prepare_all(chain, dataset.split("train")).items, np.random.default_rng(0))
    assert isinstance(chain, Composer)
    return chain


def continuation_rows(measured: Continuation) -> list[Row]:
    """What the corrected LSTM knows of the next step, given the true past."""
    name, rows = "aaa-lstm-notes", []
    for what, value, key in (
        ("nats per step", measured.nats, "nats"),
        ("onsets of the next step found, F1", measured.onset, "onset"),
    ):
        beside = {title: figures[key] for title, figures in measured.baselines.items() if key in figures}
        rows.append(row(name, "corrected", what, value, beside, measured.interval if key == "nats" else None))
    if measured.free:
        last = len(measured.free)
        beside = {"given the truth": measured.forced[-1], "given its own, first second": measured.free[0]}
        beside |= {"Markov chain given the truth": measured.chain[-1], "note frequency": measured.frequency[-1]}
        what = f"nats per step of onsets in second {last} after a prompt, given what it drew"
        rows.append(row(name, "corrected", what, measured.free[-1], beside))
    return rows


def free_running_rows(measured: FreeRunning) -> list[Row]:
    """What the first composer wrote after prompts, beside the others, and how far it is ahead of `markov`."""
    name, rows = next(iter(measured.figures)), []
    for measure, words in MEASURES.items():
        beside = {
            other: figures[measure]
            for other, figures in measured.figures.items()
            if other != name and measure in figures
        }
        what = f"in {HORIZON:.0f} s after a prompt, {words}"
        rows.append(
            row(name, "corrected", what, measured.figures[name][measure], beside, measured.intervals[name][measure])
        )
        if measure != "density" and "markov" in measured.ahead:
            ahead, *interval = measured.ahead["markov"][measure]
            rows.append(row(name, "corrected", "the same, ahead of markov by", ahead, {}, interval))
    return rows


def latent_rows(name: str, variant: str, measured: Latents) -> list[Row]:
    """What latent vectors say."""
    verdict = {"collapsed": measured.collapsed, "collapse expected": measured.collapse_expected}
    per_unit = {
        "of a unit: mean": sum(measured.kl) / measured.units,
        "greatest": measured.kl[0],
        "median": measured.kl[measured.units // 2],
        "least": measured.kl[-1],
    }
    distances = {"real ones": measured.real, f"distinct of {measured.drawn}": measured.distinct}
    return [
        row(name, variant, "active units", measured.active, {"units": measured.units, **verdict}),
        row(name, variant, "KL, nats", sum(measured.kl), per_unit),
        row(name, variant, "cost of another's vector", measured.shuffled, {"own vector": measured.cost}),
        row(name, variant, "mean distance between pieces drawn", measured.distance, distances),
        row(name, variant, "decoder's variance", measured.variance, {"greatest eigenvalue": measured.eigenvalue}),
    ]


def row(
    model: str,
    variant: str,
    what: str,
    value: float,
    beside: Mapping[str, float],
    interval: Sequence[float] | None = None,
) -> Row:
    """A row, JSON-ready."""
    return {
        "model": model,
        "variant": variant,
        "what": what,
        "value": float(value),
        "interval": list(interval) if interval else None,
        "beside": {name: float(number) for name, number in beside.items()},
    }
