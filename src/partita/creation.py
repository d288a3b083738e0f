"""The AAA report's models on a data set of scores: as it has them and corrected, each beside what it has to beat.

The report's LSTM is trained on one piece and measured on that piece, as there, and on held-out ones. Its autoencoder is
trained as it is and with the faults of its training mended. The corrected models learn from the whole training part.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from partita import figures, score_figures
from partita.checkpoint import load
from partita.data import Dataset
from partita.evaluation.creations import Row, findings, latent_rows, row
from partita.evaluation.latents import measure_latents
from partita.evaluation.preparation import prepare_all
from partita.models.aaa_lstm import AAALSTM
from partita.models.aaa_vae import AAAVAE
from partita.models.base import Model
from partita.models.composer import Composer
from partita.runs import train_run
from partita.settings import Plan, Settings, own_settings, refuse_unknown
from partita.training import Progress

HELD_OUT = 8
"""Held-out pieces that the report's LSTM is measured on."""

VARIANTS: tuple[dict[str, str], ...] = (
    {},
    {"prior": "normal", "normalisation": "trained", "reconstruction": "sum"},
)
"""The autoencoder as it is in the report, and with its training mended."""


def measure_report(
    dataset: Dataset, settings: Settings, out: Path | None, seed: int, device: str, progress: Progress | None
) -> list[Row]:
    """Train and measure the four models; trainings are kept in `out`, and those that are finished are taken from there.

    `out` also gets the pictures: overlay.png and continuation.png.
    """
    refuse_unknown(settings, ("aaa-lstm", "aaa-vae", "aaa-lstm-notes", "aaa-vae-notes"))
    with TemporaryDirectory() as passing:
        folder = out or Path(passing)
        train = partial(_trained, settings=settings, folder=folder, seed=seed, device=device, progress=progress)
        rows = _lstm_rows(train, dataset, out)
        for number, variant in enumerate(VARIANTS):
            rows += _vae_rows(train, dataset, variant, f"aaa-vae-{number + 1}")
        lstm, vae = train("aaa-lstm-notes", dataset), train("aaa-vae-notes", dataset)
    assert isinstance(lstm, Composer)
    assert isinstance(vae, Composer)
    continued, created = (findings(model, dataset, seed=seed) for model in (lstm, vae))
    if out and continued["free running"]:
        picture = score_figures.continuation(continued["continuation"], continued["free running"])
        figures.save(picture, out / "continuation.png")
    return [*rows, *continued["rows"], *created["rows"]]


def _trained(
    name: str,
    dataset: Dataset,
    variant: Mapping[str, str] | None = None,
    kept: str | None = None,
    *,
    settings: Settings,
    folder: Path,
    seed: int,
    device: str,
    progress: Progress | None,
) -> Model:
    """A model trained on a data set, or taken from its finished training in `folder`/`kept` (its name by default)."""
    plan = Plan.of(name, (), {**own_settings(name, settings), **(variant or {})})
    place = folder / (kept or name)

    def tell(done: int, steps: int, words: str) -> None:
        if progress:
            progress(done, steps, f"{place.name} {words}")

    if not plan.made(place, dataset, seed):
        train_run(plan, dataset, place, seed=seed, device=device, progress=tell)
    return load(place)


def _lstm_rows(train: Callable[..., Model], dataset: Dataset, out: Path | None) -> list[Row]:
    """The report's LSTM, trained on the first piece of the training part alone."""
    piece = dataset.split("train")[:1]
    model = train("aaa-lstm", replace(dataset, splits={"train": piece}))
    assert isinstance(model, AAALSTM)
    own, others = (prepare_all(model, examples).items for examples in (piece, dataset.split("valid")[:HELD_OUT]))
    picture, lag = own[0]["picture"], model.config.lag
    free = model.continued(picture[:lag], len(picture) - lag)
    if out:
        guessed = model.guessed(picture)
        figures.save(
            score_figures.overlay(picture[lag:], guessed, "the piece it was trained on: truth blue, guess red"),
            out / "overlay.png",
        )
    rows = []
    for what, items in (("on the piece it was trained on", own), ("on held-out pieces", others)):
        errors = model.validate(items)
        beside = {"silence": errors["silence"], "last row again": errors["last_row"]}
        rows.append(row("aaa-lstm", "exact", f"mean absolute error {what}", errors["loss"], beside))
    error = float(np.abs(free - picture[lag:]).mean())
    beside = {"silence": rows[0]["beside"]["silence"]}
    return [*rows, row("aaa-lstm", "exact", "mean absolute error on that piece, fed its own rows", error, beside)]


def _vae_rows(train: Callable[..., Model], dataset: Dataset, variant: Mapping[str, str], kept: str) -> list[Row]:
    """The report's autoencoder, whose last weights are kept, measured on held-out pictures."""
    model = train("aaa-vae", replace(dataset, splits={"train": dataset.split("train")}), variant, kept)
    assert isinstance(model, AAAVAE)
    held = prepare_all(model, dataset.split("valid")).items
    pictures = model.batch(held, np.random.default_rng(0))["pictures"]
    words = ", ".join(f"{name}={value}" for name, value in variant.items()) or "exact"
    return latent_rows("aaa-vae", words, measure_latents(model, pictures))
