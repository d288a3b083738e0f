"""The registry of models: names to classes, imported only when asked for.

Listing names imports no torch. Adding a model takes its file and a line in `MODELS`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from partita.errors import unknown

if TYPE_CHECKING:
    from partita.models.base import Model


class Entry(NamedTuple):
    """Where a model lives and what it is, in one line."""

    target: str
    summary: str


MODELS = {
    "genre-cnn": Entry("genre_cnn:GenreCNN", "genre by a small convolutional network on log-mel; the default"),
    "genre-linear": Entry(
        "genre_linear:GenreLinear", "genre by summary statistics and a linear decision; the baseline"
    ),
    "bach": Entry("bach:Bach", "genre of 0.3 s of raw samples by convolutions (report P66)"),
    "beethoven": Entry("beethoven:Beethoven", "genre of 0.3 s of raw samples by LSTMs (report P66)"),
    "dilated-cnn": Entry("dilated_cnn:DilatedCNN", "genre of 3 s of raw samples by dilated convolutions (report)"),
}


def model_class(name: str) -> "type[Model]":
    """The class of a registered model.

    Raises `UsageError` for an unknown name.
    """
    if name not in MODELS:
        raise unknown("model", name, list(MODELS))
    module, _, attribute = MODELS[name].target.partition(":")
    found: type[Model] = getattr(import_module(f"partita.models.{module}"), attribute)
    return found
