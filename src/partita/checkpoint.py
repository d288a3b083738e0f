"""Checkpoints: a folder with `model.safetensors` (every tensor) and `card.json` (all else). Nothing is pickled."""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load as deserialise
from safetensors.torch import save as serialise
from torch import Tensor

from partita.errors import CheckpointError, PartitaError, UsageError
from partita.files import replacing
from partita.models import MODELS, model_class
from partita.models.base import Model

WEIGHTS = "model.safetensors"
CARD = "card.json"
FORMAT = 1
SCALE = ".scale"
"""Ends the name of what the rows of a tensor in 8 bits are to be multiplied by."""
LARGE = 10_000
"""Numbers of a tensor from which on 8 bits are worth it; smaller ones, such as biases, keep 16."""
LONG = 256
"""Numbers that a scale is worth. Rows that hold rows as long are divided, since a book has soft codes and loud ones."""


def shipped() -> dict[str, Path]:
    """The checkpoints that come with partita, by name."""
    folder = Path(str(files("partita") / "pretrained"))
    return {path.parent.name: path.parent for path in sorted(folder.glob(f"*/{CARD}"))}


def find(name: str | Path) -> Path:
    """The folder of a checkpoint given as a shipped name, a folder, or a file inside one.

    Raises `CheckpointError` where there is none.
    """
    path = Path(name).expanduser()
    if path.is_file() and path.name in (WEIGHTS, CARD):
        path = path.parent
    if (path / CARD).is_file():
        return path
    if str(name) in shipped():
        return shipped()[str(name)]
    if path.exists():
        raise CheckpointError(f"{name}: no checkpoint here; a checkpoint is a folder with {CARD} and {WEIGHTS}")
    raise CheckpointError(f"{name}: no such checkpoint; shipped are {', '.join(shipped()) or 'none'}, or give a folder")


def read_card(name: str | Path) -> dict[str, Any]:
    """The card of a checkpoint.

    Raises `CheckpointError` where it is missing or damaged.
    """
    path = find(name) / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: not a readable card ({error})") from None
    if not isinstance(card, dict) or not {"model", "config", "format"} <= card.keys():
        raise CheckpointError(f"{path}: not a card of partita; it lacks model, config or format")
    if card["format"] != FORMAT:
        raise CheckpointError(f"{path}: format {card['format']}, this version of partita reads {FORMAT}")
    return card


def save(model: Model, folder: str | Path, card: Mapping[str, Any], *, bits: Literal[32, 16, 8] = 32) -> Path:
    """Write a checkpoint; `card` adds to what the model says of itself (data, licence, protocol, metrics, ...).

    That stands, so `card` may be another checkpoint's. Numbers take so many `bits`; 16 are enough to use a model, and
    8 mostly are. Each file appears whole or not at all, the card last.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}
    weights = serialise(_narrowed(tensors, bits))
    with replacing(folder / WEIGHTS) as partial:
        partial.write_bytes(weights)
    own = {
        "format": FORMAT,
        "model": model.name,
        "config": model.config_json(),
        "parameters": model.parameter_count,
        "sha256": hashlib.sha256(weights).hexdigest(),
    }
    write_json(folder / CARD, {**own, **card, **own})  # twice: it comes first, and it stands
    return folder


def load(name: str | Path, device: torch.device | str = "cpu") -> Model:
    """Load a checkpoint in evaluation mode.

    Raises `CheckpointError` where the weights are missing, damaged, or not those that the card names.
    """
    folder, card = find(name), read_card(name)
    if card["model"] not in MODELS:
        raise CheckpointError(f"{folder}: made for the model {card['model']!r}, which this version has not")
    try:
        model = model_class(card["model"]).from_config_json(card["config"])
        weights = (folder / WEIGHTS).read_bytes()
        if "sha256" in card and hashlib.sha256(weights).hexdigest() != card["sha256"]:
            raise CheckpointError(f"{folder / WEIGHTS}: not the weights that its card names (their SHA-256 differs)")
        model.load_state_dict(_widened(deserialise(weights)))
    except (OSError, SafetensorError, RuntimeError) as error:
        first = str(error).strip().splitlines()[0]
        raise CheckpointError(f"{folder / WEIGHTS}: can't be loaded into {card['model']} ({first})") from None
    except CheckpointError:
        raise
    except PartitaError as error:
        raise CheckpointError(f"{folder / CARD}: {error}") from None
    return model.to(device).eval()


def _narrowed(tensors: Mapping[str, Tensor], bits: int) -> dict[str, Tensor]:
    """Tensors with their numbers in fewer bits: in 8 as whole numbers up to 127, each row with a scale of its own."""
    found = dict(tensors)
    for key, value in tensors.items():
        if bits == 32 or not value.is_floating_point():
            continue
        if bits == 16 or value.ndim < 2 or value.numel() < LARGE:
            found[key] = value.half()
            continue
        size = value[0].numel()
        for length in value.shape[1:-1]:
            if size // length < LONG:
                break
            size //= length
        rows = value.view(-1, size)
        scale = rows.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127
        found[key], found[key + SCALE] = (rows / scale).round().to(torch.int8).view_as(value), scale[:, 0]
    return found


def _widened(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What `_narrowed` made of tensors, as tensors of their shapes again."""
    found = dict(tensors)
    for key, value in tensors.items():
        if (scale := found.pop(key + SCALE, None)) is not None:
            found[key] = (value.view(len(scale), -1) * scale[:, None]).view_as(value)
    return found


def own_folder(name: str | Path) -> Path:
    """The folder of a user's own checkpoint, whose card may be written to.

    Raises `UsageError` for a shipped one, whose card is part of partita.
    """
    folder = find(name)
    if folder.resolve() in (path.resolve() for path in shipped().values()):
        raise UsageError(
            f"{folder.name}: comes with partita, and its card stays as it is; train or copy one of your own"
        )
    return folder


def add_metrics(name: str | Path, key: str, metrics: Mapping[str, Any]) -> None:
    """Write metrics into the card of a user's own checkpoint, in the place of earlier ones of the same `key`."""
    folder, card = own_folder(name), read_card(name)
    write_json(folder / CARD, {**card, "metrics": {**card.get("metrics", {}), key: metrics}})


def trained_on(name: str | Path, train_songs: str) -> bool:
    """Whether a checkpoint was trained on the very songs that `Dataset.digest("train")` stands for."""
    data = read_card(name).get("data")
    return isinstance(data, dict) and data.get("train_songs") == train_songs


def identity(name: str | Path) -> str:
    """What results call a checkpoint: its name and the first digits of its weights' digest."""
    return f"{find(name).name}@{str(read_card(name).get('sha256', ''))[:8]}"


def write_json(path: Path, values: Any) -> None:
    """Write JSON that appears whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
