"""What is to be trained: a kind of model, with settings changed by name."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

from partita.checkpoint import CARD, read_card
from partita.data import Dataset
from partita.errors import CheckpointError, UsageError
from partita.models import MODELS, model_class
from partita.models.base import Model, Recipe

Settings = Mapping[str, str | int | float]


@dataclass(frozen=True)
class Plan:
    """What is to be trained: a kind of model, its config with the labels, and the recipe."""

    kind: type[Model]
    config: Any
    recipe: Recipe

    @classmethod
    def of(cls, name: str | Path, labels: tuple[str, ...], settings: Settings | None = None) -> Self:
        """The plan of a registered model, or that by which a checkpoint was made, for these labels.

        `settings` change the config or the recipe by name.
        Raises `UsageError` for a name or setting that is unknown, `CheckpointError` for a card that does not fit.
        """
        if str(name) in MODELS or not Path(name).exists():
            kind = model_class(str(name))
            return cls(kind, kind.config_for(labels), kind.recipe).changed(settings or {})
        card = read_card(name)
        kind = model_class(card["model"])
        config = replace(kind.from_config_json(card["config"]).config, labels=labels)
        try:
            recipe = Recipe(**card["recipe"]) if card.get("recipe") else kind.recipe
        except TypeError as error:
            raise CheckpointError(f"{name}: its recipe does not fit this version ({error})") from None
        return cls(kind, config, recipe).changed(settings or {})

    def changed(self, settings: Settings) -> Self:
        """The plan with settings of the config or the recipe changed by name."""
        recipe_fields = {field.name for field in fields(Recipe)}
        for setting in settings:
            if setting == "labels" or not (setting in recipe_fields or hasattr(self.config, setting)):
                known = ", ".join(sorted(_known(self.kind)))
                raise UsageError(f"{self.kind.name} has no setting {setting!r}; it has {known}.")
        recipe = with_settings(self.recipe, {name: value for name, value in settings.items() if name in recipe_fields})
        if "steps" in settings:  # said outright, so they count instead of the recipe's epochs
            recipe = replace(recipe, epochs=0)
        config = {name: value for name, value in settings.items() if name not in recipe_fields}
        return replace(self, config=with_settings(self.config, config), recipe=recipe)

    def new(self, seed: int) -> Model:
        """An untrained model whose weights are drawn from `seed`.

        Raises `UsageError` where the settings do not go together.
        """
        try:
            return self.kind.new(self.config, seed)
        except (RuntimeError, ValueError, ArithmeticError) as error:
            raise UsageError(f"{self.kind.name} can't be built with these settings: {error}") from None

    def made(self, folder: Path, dataset: Dataset, seed: int) -> bool:
        """Whether `folder` holds the finished checkpoint of this plan, data and seed.

        Raises `CheckpointError` where it holds another one.
        """
        if not (folder / CARD).exists():
            return False
        card = read_card(folder)
        songs = card["data"].get("train_songs") if isinstance(card.get("data"), dict) else None
        there = (card["model"], card["config"], card.get("recipe"), card.get("seed"), songs)
        config = json.loads(json.dumps(asdict(self.config)))
        here = (self.kind.name, config, self.recipe_json(), seed, dataset.digest("train"))
        if there != here:
            raise CheckpointError(f"{folder}: holds a checkpoint of other settings or data; give another folder")
        return True

    def recipe_json(self) -> dict[str, Any] | None:
        """The recipe as a card holds it; None for a model that is fitted in closed form."""
        return None if self.kind.closed_form else asdict(self.recipe)


def parse_settings(pairs: Sequence[str]) -> dict[str, str]:
    """Read NAME=VALUE pairs.

    Raises `UsageError` for a pair without "=".
    """
    for pair in pairs:
        if "=" not in pair:
            raise UsageError(f"a setting is NAME=VALUE, such as steps=500, not {pair!r}")
    return dict(pair.split("=", 1) for pair in pairs)


def own_settings(name: str, settings: Settings) -> dict[str, Any]:
    """The settings of one of several models: those that name it (`aaa-lstm.units`), and the others that it has.

    Whether any model has a setting is for `refuse_unknown` to say.
    """
    known = _known(model_class(name))
    general = {key: value for key, value in settings.items() if key in known}
    named = {key.removeprefix(f"{name}."): value for key, value in settings.items() if key.startswith(f"{name}.")}
    return {**general, **named}


def refuse_unknown(settings: Settings, names: Sequence[str]) -> None:
    """Raise `UsageError` for a setting that none of the models has, or that names none of them."""
    known = {name: _known(model_class(name)) for name in names}
    general = {each for own in known.values() for each in own}
    for setting in settings:
        model, dot, own = setting.partition(".")
        if own not in known.get(model, set()) if dot else setting not in general:
            raise UsageError(f"none of {', '.join(names)} has a setting {setting!r}")


def _known(kind: type[Model]) -> set[str]:
    """What can be set of a model or its recipe."""
    return {field.name for each in (kind.Config, Recipe) for field in fields(each)} - {"labels"}


def with_settings(config: Any, settings: Settings) -> Any:
    """A dataclass with fields changed by name, all at once, each value read as the type that its field has.

    Raises `UsageError` for a value of another kind, or one that is no choice.
    """
    hints = get_type_hints(type(config))
    new = {setting: _like(getattr(config, setting), value, setting) for setting, value in settings.items()}
    for setting, value in new.items():
        if get_origin(hints[setting]) is Literal and value not in get_args(hints[setting]):
            raise UsageError(f"{setting} is one of {', '.join(map(str, get_args(hints[setting])))}, not {value!r}")
    return replace(config, **new)


def _like(old: Any, value: str | int | float, name: str) -> Any:
    """`value` as the type of the setting it replaces."""
    try:
        if isinstance(old, tuple):
            return tuple(_like(old[0] if old else "", part, name) for part in str(value).split(","))
        return type(old)(float(value)) if isinstance(old, int) and float(value).is_integer() else type(old)(value)
    except ValueError:
        raise UsageError(f"{name} wants a value like {old!r}, not {value!r}") from None
