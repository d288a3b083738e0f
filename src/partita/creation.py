"""The AAA report's models on a data set of scores: as it has them and corrected, each beside what it has to beat.

The report's LSTM is trained on one piece and measured on that piece, as there, and on held-out ones. Its autoencoder is
trained as it is and with the faults of its training mended. The corrected models learn from the whole training part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from partita import figures, score_figures
from partita.checkpoint import load
from partita.data import Dataset
from partita.evaluation.continuation import Continuation, measure_continuation
from partita.evaluation.latents import Latents, measure_latents
from partita.evaluation.preparation import prepare_all
from partita.evaluation.reconstruction import measure_reconstruction
from partita.models import model_class
from partita.models.aaa_lstm import AAALSTM
from partita.models.aaa_lstm_notes import AAALSTMNotes
from partita.models.aaa_vae import AAAVAE
from partita.models.aaa_vae_notes import AAAVAENotes
from partita.models.base import Item, Recipe
from partita.runs import train_run
from partita.settings import Plan, Settings
from partita.training import Progress, fit

Row = dict[str, Any]
"""A figure: "model", "variant", "what", "value", and what stands "beside" it by name."""

HELD_OUT = 8
"""Held-out pieces that the report's LSTM is measured on."""

VARIANTS: tuple[dict[str, str], ...] = (
    {},
    {"prior": "normal", "normalisation": "trained", "reconstruction": "sum"},
)
"""The autoencoder as it is in the report, and with its training mended."""


def own_settings(name: str, settings: Settings) -> dict[str, Any]:
    """The settings of one model: those that name it (`aaa-lstm.units`), and those that it has among the others."""
    kind = model_class(name)
    known = {field.name for each in (kind.Config, Recipe) for field in fields(each)}
    general = {key: value for key, value in settings.items() if "." not in key and key in known}
    named = {key.removeprefix(f"{name}."): value for key, value in settings.items() if key.startswith(f"{name}.")}
    return {**general, **named}


def measure_report(
    dataset: Dataset, settings: Settings, out: Path | None, seed: int, device: str, progress: Progress | None
) -> list[Row]:
    """Train and measure the four models; those of notes are kept in `out`, and taken from there if they are finished.

    `out` also gets the pictures: overlay.png and continuation.png.
    """
    names = ("aaa-lstm", "aaa-vae", "aaa-lstm-notes", "aaa-vae-notes")
    plans = {name: Plan.of(name, (), own_settings(name, settings)) for name in names}
    tells = {name: _within(progress, number, len(names), name) for number, name in enumerate(names)}
    rows = _lstm(plans["aaa-lstm"], dataset, out, seed, device, tells["aaa-lstm"])
    for variant in VARIANTS:
        rows += _vae(plans["aaa-vae"], variant, dataset, seed, device, tells["aaa-vae"])
    lstm = _trained(plans["aaa-lstm-notes"], dataset, out, seed, device, tells["aaa-lstm-notes"])
    assert isinstance(lstm, AAALSTMNotes)
    train, valid = (prepare_all(lstm, dataset.split(part)).items for part in ("train", "valid"))
    continuation = measure_continuation(lstm, train, valid, seed=seed)
    rows += continuation_rows(continuation)
    if out and continuation.free:
        figures.save(score_figures.continuation(curves(continuation)), out / "continuation.png")
    vae = _trained(plans["aaa-vae-notes"], dataset, out, seed, device, tells["aaa-vae-notes"])
    assert isinstance(vae, AAAVAENotes)
    return rows + notes_rows(vae, dataset, seed)


def _within(progress: Progress | None, number: int, count: int, name: str) -> Progress:
    """Report one training as progress of all."""

    def tell(done: int, steps: int, words: str) -> None:
        if progress:
            progress(number, count, f"{name} {done}/{steps} {words}")

    return tell


def _lstm(plan: Plan, dataset: Dataset, out: Path | None, seed: int, device: str, progress: Progress) -> list[Row]:
    """The report's LSTM, trained on the first piece of the training part alone."""
    model = plan.new(seed)
    assert isinstance(model, AAALSTM)
    own = prepare_all(model, dataset.split("train")[:1]).items
    others = prepare_all(model, dataset.split("valid")[:HELD_OUT]).items
    fit(model, own, [], plan.recipe, seed=seed, device=device, progress=progress)
    picture, lag = own[0]["picture"], plan.config.lag
    free = model.continued(picture[:lag], len(picture) - lag)
    if out:
        guessed = model.guessed(picture)
        figures.save(score_figures.overlay(picture[lag:], guessed, "the piece it was trained on"), out / "overlay.png")
    rows = []
    for what, items in (("on the piece it was trained on", own), ("on held-out pieces", others)):
        errors = model.validate(items)
        beside = {"silence": errors["silence"], "last row again": errors["last_row"]}
        rows.append(_row("aaa-lstm", "exact", f"mean absolute error {what}", errors["loss"], beside))
    error = float(np.abs(free - picture[lag:]).mean())
    beside = {"silence": rows[0]["beside"]["silence"]}
    return [*rows, _row("aaa-lstm", "exact", "mean absolute error on that piece, fed its own rows", error, beside)]


def _vae(
    plan: Plan, variant: Mapping[str, str], dataset: Dataset, seed: int, device: str, progress: Progress
) -> list[Row]:
    """The report's autoencoder, measured on held-out pictures."""
    plan = plan.changed(variant)
    model = plan.new(seed)
    assert isinstance(model, AAAVAE)
    train, valid = (prepare_all(model, dataset.split(part)).items for part in ("train", "valid"))
    fit(model, train, [], plan.recipe, seed=seed, device=device, progress=progress)
    pictures = model.batch(valid, np.random.default_rng(seed))["pictures"]
    words = ", ".join(f"{name}={value}" for name, value in variant.items()) or "exact"
    return latent_rows("aaa-vae", words, measure_latents(model, pictures.to(next(model.parameters()).device)))


def _trained(
    plan: Plan, dataset: Dataset, out: Path | None, seed: int, device: str, progress: Progress
) -> torch.nn.Module:
    """A model of notes, from the folder of a finished training or trained now."""
    if out is None:
        model = plan.new(seed)
        train, valid = (prepare_all(model, dataset.split(part)).items for part in ("train", "valid"))
        fit(model, train, valid, plan.recipe, seed=seed, device=device, progress=progress)
        return model.to("cpu")
    folder = out / plan.kind.name
    if not plan.made(folder, dataset, seed):
        train_run(plan, dataset, folder, seed=seed, device=device, progress=progress)
    return load(folder)


def notes_rows(model: AAAVAENotes, dataset: Dataset, seed: int = 0) -> list[Row]:
    """The corrected autoencoder on the validation part."""
    items: Sequence[Item] = prepare_all(model, dataset.split("valid")).items
    windows = np.concatenate([model.spread(item, 4) for item in items])
    found = measure_reconstruction(model, dataset.splits.get("train", ()), dataset.split("valid"), seed=seed)
    name = "aaa-vae-notes"
    return [
        _row(name, "corrected", "notes given back, F1 by onset", found.onset, found.baselines, found.interval),
        _row(name, "corrected", "notes given back, F1 by onset and end", found.onset_end, {}),
        _row(name, "corrected", "notes in a window drawn", found.drawn, {"real windows": found.notes}),
        *latent_rows(name, "corrected", measure_latents(model, torch.from_numpy(windows), seed=seed)),
    ]


def continuation_rows(measured: Continuation) -> list[Row]:
    """The corrected LSTM on the validation part."""
    name, rows = "aaa-lstm-notes", []
    for what, value, key in (
        ("nats per step", measured.nats, "nats"),
        ("onsets of the next step found, F1", measured.onset, "onset"),
    ):
        beside = {title: figures[key] for title, figures in measured.baselines.items() if key in figures}
        rows.append(_row(name, "corrected", what, value, beside, measured.interval if key == "nats" else None))
    if measured.free:
        beside = {"given the truth": measured.forced[-1], "Markov chain given the truth": measured.chain[-1]}
        beside |= {"note frequency": measured.frequency[-1], "given its own, first second": measured.free[0]}
        what = f"nats per step in second {len(measured.free)} after a prompt, given what it drew"
        rows.append(_row(name, "corrected", what, measured.free[-1], beside))
        density, true = (float(np.mean(values)) for values in (measured.density, measured.true_density))
        rows.append(_row(name, "corrected", "notes drawn in a second", density, {"the pieces": true}))
    return rows


def curves(measured: Continuation) -> dict[str, list[float]]:
    """The curves of a continuation by what a legend says."""
    return {
        "given the truth": measured.forced,
        "given what it drew": measured.free,
        "Markov chain of each key, given the truth": measured.chain,
        "note frequency": measured.frequency,
    }


def latent_rows(name: str, variant: str, measured: Latents) -> list[Row]:
    """What latent vectors say."""
    verdict = {"collapsed": measured.collapsed, "collapse expected": measured.collapse_expected}
    return [
        _row(name, variant, "active units", measured.active, {"units": measured.units, **verdict}),
        _row(name, variant, "KL, nats", sum(measured.kl), {"greatest": measured.kl[0], "least": measured.kl[-1]}),
        _row(name, variant, "cost of another's vector", measured.shuffled, {"own vector": measured.cost}),
        _row(
            name,
            variant,
            "mean distance between pieces drawn",
            measured.distance,
            {"real ones": measured.real, f"distinct of {measured.drawn}": measured.distinct},
        ),
        _row(name, variant, "decoder's variance", measured.variance, {"greatest eigenvalue": measured.eigenvalue}),
    ]


def _row(
    model: str,
    variant: str,
    what: str,
    value: float,
    beside: Mapping[str, float],
    interval: Sequence[float] | None = None,
) -> Row:
    return {
        "model": model,
        "variant": variant,
        "what": what,
        "value": float(value),
        "interval": list(interval) if interval else None,
        "beside": {name: float(number) for name, number in beside.items()},
    }
