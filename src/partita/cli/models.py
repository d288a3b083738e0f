"""The command `partita models`."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from partita.cli.console import say, say_json
from partita.errors import UsageError


def models(
    name: str | None = None,
    /,
    *,
    summary: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """List the models and shipped checkpoints, show a checkpoint's card, or count a model's parameters.

    Examples
    --------
    partita models

    partita models genre-cnn

    partita models genre-cnn --summary

    Parameters
    ----------
    name
        A registered model, a shipped checkpoint, or a checkpoint's folder.
    summary
        Show the layers with their shapes and parameters instead of the card.
    json
        Print JSON.
    """
    if name is None:
        if summary:
            raise UsageError("name the model to summarise, such as partita models genre-cnn --summary")
        return _list(json)
    return _summarise(name, json) if summary else _card(name, json)


def _list(json: bool) -> int:
    from partita.models import MODELS

    shipped = _shipped()
    for model, entry in MODELS.items():
        ours = sorted(name for name, kind in shipped.items() if kind == model)
        if json:
            say_json({"name": model, "summary": entry.summary, "shipped": bool(ours), "checkpoints": ours})
        else:
            named = ["shipped"] if ours == [model] else ours
            mark = f"  [{', '.join(named)}]" if named else ""
            say(f"{model:<18} {entry.summary}{mark}")
    return 0


def _shipped() -> dict[str, str]:
    """Shipped checkpoints with their models' names, found without importing torch."""
    import json
    from importlib.resources import files

    cards = [folder / "card.json" for folder in (files("partita") / "pretrained").iterdir()]
    found = {card.parent.name: card for card in map(Path, map(str, cards)) if card.is_file()}
    return {name: json.loads(card.read_text(encoding="utf-8"))["model"] for name, card in found.items()}


def _card(name: str, json: bool) -> int:
    from partita.checkpoint import read_card
    from partita.models import MODELS

    if name in MODELS and name not in _shipped():
        say(f"{name}: {MODELS[name].summary}. No checkpoint of it is shipped; partita train {name} makes one.")
        return 0
    card = read_card(name)
    if json:
        say_json(card)
        return 0
    for key, value in card.items():
        _show(key, value, "")
    return 0


def _show(key: str, value: Any, indent: str) -> None:
    """A value of the card as indented lines; tables of numbers are left to --json."""
    if isinstance(value, dict):
        say(f"{indent}{key}:")
        for inner, item in value.items():
            _show(inner, item, indent + "  ")
    elif isinstance(value, list) and value and isinstance(value[0], list):
        say(f"{indent}{key}: {len(value)} rows, see --json")
    else:
        say(f"{indent}{key}: {', '.join(map(str, value)) if isinstance(value, list) else value}")


def _summarise(name: str, json: bool) -> int:
    import torch

    from partita.checkpoint import load
    from partita.data.gtzan import GENRES
    from partita.models import MODELS, model_class

    if name in _shipped() or name not in MODELS:
        model = load(name)
    else:
        kind = model_class(name)
        with torch.device("meta"):  # shapes alone: the largest model would fill half a gigabyte
            model = kind(kind.config_for(GENRES))
    layers = model.outline()
    if json:
        rows = [layer._asdict() for layer in layers]
        config = model.config_json()
        say_json({"model": model.name, "parameters": model.parameter_count, "layers": rows, "config": config})
        return 0
    for layer in layers:
        shape = "" if layer.output is None else " x ".join(map(str, layer.output))
        say(f"{layer.name:<36} {layer.kind:<16} {shape:<18} {layer.parameters:>12,}")
    say(f"{'parameters':<72} {model.parameter_count:>12,}")
    return 0
