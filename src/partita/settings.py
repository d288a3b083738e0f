"""Settings given by name: a model's config and its recipe with some of them changed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from partita.data import Dataset
from partita.errors import UsageError
from partita.models import model_class
from partita.models.base import Model, Recipe

Settings = Mapping[str, str | int | float]


def parse_settings(pairs: list[str]) -> dict[str, str]:
    """Read NAME=VALUE pairs.

    Raises `UsageError` for a pair without "=".
    """
    for pair in pairs:
        if "=" not in pair:
            raise UsageError(f"a setting is NAME=VALUE, such as steps=500, not {pair!r}")
    return dict(pair.split("=", 1) for pair in pairs)


def build(name: str, dataset: Dataset, settings: Settings, seed: int) -> tuple[Model, Recipe]:
    """An untrained model for the data's labels and its recipe, both with the settings applied.

    Raises `UsageError` for a setting that neither has, a value that does not fit, or too few songs of a label.
    """
    kind = model_class(name)
    config, recipe = changed(name, kind.Config(labels=dataset.labels), settings)
    smallest = Counter(example.label for example in dataset.split("train")).most_common()[-1]
    if smallest[1] < 2:
        raise UsageError(f"the label {smallest[0]!r} has only {smallest[1]} song to train on; two are the least")
    try:
        return kind.new(config, seed), recipe
    except (RuntimeError, ValueError, ArithmeticError) as error:
        raise UsageError(f"{name} can't be built with these settings: {error}") from None


def changed(name: str, config: Any, settings: Settings) -> tuple[Any, Recipe]:
    """The config and the model's recipe with the settings applied.

    Raises `UsageError` for a setting that neither has or a value that does not fit.
    """
    recipe = model_class(name).recipe
    recipe_fields = {field.name for field in fields(Recipe)}
    for setting, value in settings.items():
        target: Any = recipe if setting in recipe_fields else config
        if not hasattr(target, setting) or setting == "labels":
            known = sorted((recipe_fields | {field.name for field in fields(config)}) - {"labels"})
            raise UsageError(f"{name} has no setting {setting!r}; it has {', '.join(known)}.")
        new = replace(target, **{setting: _like(getattr(target, setting), value, setting)})
        if setting == "steps":  # said outright, so they count instead of the recipe's epochs
            new = replace(new, epochs=0)
        recipe, config = (new, config) if target is recipe else (recipe, new)
    return config, recipe


def _like(old: Any, value: str | int | float, name: str) -> Any:
    """`value` as the type of the setting it replaces."""
    try:
        if isinstance(old, tuple):
            return tuple(_like(old[0] if old else "", part, name) for part in str(value).split(","))
        return type(old)(float(value)) if isinstance(old, int) and float(value).is_integer() else type(old)(value)
    except ValueError:
        raise UsageError(f"{name} wants a value like {old!r}, not {value!r}") from None
