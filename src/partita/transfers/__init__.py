"""The registry of transfer methods: names to classes, imported only when asked for.

Adding a method takes its file and a line in `METHODS`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from partita.errors import unknown
from partita.models import Entry

if TYPE_CHECKING:
    from partita.transfers.base import Transfer

METHODS = {
    "stems": Entry("stems:Stems", "drums, timbre and accompaniment of the style by parts; the default"),
    "vgg19": Entry("vgg19:VGG19", "the report's: Gram matrices of a network of photographs; carries no rhythm"),
    "lildata": Entry("lildata:LilData", "the report's: Gram matrices of its network of genres; carries no rhythm"),
    "random-cnn": Entry("random_cnn:RandomCNN", "Gram matrices of random filters along time; the known baseline"),
}


def method_class(name: str) -> "type[Transfer]":
    """The class of a registered method.

    Raises `UsageError` for an unknown name.
    """
    if name not in METHODS:
        raise unknown("method", name, list(METHODS))
    module, _, attribute = METHODS[name].target.partition(":")
    found: type[Transfer] = getattr(import_module(f"partita.transfers.{module}"), attribute)
    return found
