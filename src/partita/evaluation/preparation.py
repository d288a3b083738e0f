"""Examples made ready for a model, through the cache."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from partita.data.cache import cached
from partita.errors import AudioError, DataError
from partita.example import Example
from partita.models.base import Item, Model
from partita.models.classifier import Classifier
from partita.models.generator import Generator
from partita.training import Progress


@dataclass(frozen=True)
class Prepared:
    """Items ready for a model and the examples they come from.

    `failures` are the errors of those that could not be used, `damage` says what was wrong with some that could.
    """

    items: list[Item]
    examples: list[Example]
    failures: list[AudioError] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)


def prepare_all(model: Model, examples: Sequence[Example], progress: Progress | None = None) -> Prepared:
    """Run the front end over examples through the cache; files that can't be used are set aside, not fatal.

    Raises `DataError` where none is left.
    """
    prepared = Prepared([], [])
    groups = {group: number for number, group in enumerate(dict.fromkeys(example.group for example in examples))}
    for number, example in enumerate(examples):
        known = {"group": np.array(groups[example.group])}
        if isinstance(model, Classifier):
            known["label"] = model.label_index(example)
        elif isinstance(model, Generator):
            known |= model.known(example)
        try:
            item = {**cached(example, model.front_end, model.prepare), **known}
            if warnings := bytes(item.pop("warnings", b"")).decode():
                prepared.damage.append(f"{example.id} is damaged: {warnings}")
            prepared.items.append(item)
            prepared.examples.append(example)
        except AudioError as error:
            prepared.failures.append(error)
        if progress:
            progress(number + 1, len(examples), "reading audio")
    if examples and not prepared.items:
        raise DataError(f"none of the {len(examples)} files can be used; the first: {prepared.failures[0]}")
    return prepared
