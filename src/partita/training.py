"""The one loop: every model with gradients is trained here.

Whatever is random in step `s` is drawn from (seed, s) alone: the order of examples, crops and augmentation, dropout.
The whole state is one file that is replaced at once. So a run that was killed and resumed ends with the same bytes as
one that was not.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from partita.errors import CheckpointError, UsageError
from partita.files import replacing
from partita.models.base import Item, Model, Recipe, choose_device

STATE = "state.safetensors"
HISTORY = "history.jsonl"

Progress = Callable[[int, int, str], None]
"""Called with (steps done, steps in all, a few words)."""

Validated = Callable[[Mapping[str, float]], None]
"""Called with the figures of each validation; what it raises ends the training and reaches the caller."""


@dataclass
class Run:
    """What a stopped training must remember besides tensors."""

    step: int = 0
    best_loss: float = float("inf")
    best_step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


def fit(
    model: Model,
    train: Sequence[Item],
    valid: Sequence[Item],
    recipe: Recipe,
    *,
    folder: Path | None = None,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
    validated: Validated | None = None,
) -> Run:
    """Train `model` in place on prepared items and leave it with the weights of least validation loss.

    Without `valid` the last weights are kept. A search ends a training without promise by raising in `validated`.
    `folder` holds the state: a run that finds one there goes on from it, and
    refuses it if it was started with other settings.
    """
    if not train:
        raise UsageError("there is nothing to train on: the training split is empty")
    rng = np.random.default_rng([seed])
    if model.closed_form:
        model.fit(train, rng)
        scores = model.validate(valid) if valid else {}
        return Run(history=[{"step": 0, **{f"valid_{k}": v for k, v in scores.items()}}])
    model.start(train, rng)
    pieces = [piece for item in train for piece in model.pieces(item)]
    trainer = _Trainer(model, recipe.over(len(pieces)), seed, choose_device(device), folder, digest(train, valid))
    trainer.resume()
    return trainer.run(pieces, valid, progress or (lambda done, total, words: None), validated or (lambda row: None))


class _Trainer:
    """The state of one run and the steps that change it."""

    def __init__(
        self, model: Model, recipe: Recipe, seed: int, device: torch.device, folder: Path | None, data: str
    ) -> None:
        self.model, self.recipe, self.seed, self.device, self.folder = model, recipe, seed, device, folder
        self.data = data
        model.to(device)
        self.optimizers = model.phases(recipe)
        self.ema = self._copy() if recipe.ema else model.state_dict()  # without averaging, the weights themselves
        self.best: dict[str, Tensor] = {}  # none yet: the average stands for it
        self.state = Run()
        self.board = _tensorboard(folder)
        self.autocast = device.type == "cuda" or recipe.bfloat16
        self.base_rates = {
            phase: [group["lr"] for group in optimizer.param_groups] for phase, optimizer in self.optimizers.items()
        }

    def run(self, train: Sequence[Item], valid: Sequence[Item], progress: Progress, validated: Validated) -> Run:
        """Step until the recipe's end or until validation has stopped improving."""
        recipe, state = self.recipe, self.state
        started = time.monotonic() - state.seconds
        sums: dict[str, float] = {}
        since = state.step
        try:
            while state.step < recipe.steps and not self._out_of_patience():
                for name, value in self._step(train).items():
                    sums[name] = sums.get(name, 0.0) + value
                state.step += 1
                if state.step % recipe.validate_every == 0 or state.step == recipe.steps:
                    means = {name: total / (state.step - since) for name, total in sums.items()}
                    sums, since = {}, state.step
                    state.seconds = time.monotonic() - started
                    self._validate(valid, means)
                    self.save()
                    validated(state.history[-1])
                progress(state.step, recipe.steps, self._words())
        finally:
            self.model.load_state_dict(self.best or self.ema)
            self.model.eval()
            if self.board is not None:
                self.board.close()
        progress(recipe.steps, recipe.steps, self._words())
        return state

    def _step(self, train: Sequence[Item]) -> dict[str, float]:
        """One optimiser step of every phase on one batch."""
        step, recipe = self.state.step, self.recipe
        rng = np.random.default_rng([self.seed, step])
        torch.manual_seed(int(rng.integers(2**63)))
        picked = batch_indices(len(train), recipe.batch, step, self.seed)
        batch = self.model.batch([train[i] for i in picked], rng)
        batch = {name: tensor.to(self.device) for name, tensor in batch.items()}
        self.model.train()
        values: dict[str, float] = {}
        for phase, optimizer in self.optimizers.items():
            for group, base in zip(optimizer.param_groups, self.base_rates[phase], strict=True):
                group["lr"] = base * rate_factor(recipe, step)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
                losses = self.model.losses(batch, phase)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(losses["loss"])
            if recipe.clip:
                parameters = [p for group in optimizer.param_groups for p in group["params"]]
                torch.nn.utils.clip_grad_norm_(parameters, recipe.clip)
            optimizer.step()
            prefix = "" if len(self.optimizers) == 1 else f"{phase}_"
            values.update({f"{prefix}{name}": float(loss.detach()) for name, loss in losses.items()})
        if not np.isfinite(list(values.values())).all():
            raise UsageError(f"training diverged at step {step}: {values}; a lower learning rate may help")
        self._average_weights(step)
        return values

    def _average_weights(self, step: int) -> None:
        """Move the average towards the weights; young averages follow faster, so that the start is forgotten."""
        if not self.recipe.ema:
            return
        decay = min(self.recipe.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            for key, value in self.model.state_dict().items():
                if value.is_floating_point():
                    self.ema[key].lerp_(value, 1 - decay)
                else:
                    self.ema[key].copy_(value)

    def _validate(self, valid: Sequence[Item], means: dict[str, float]) -> None:
        state = self.state
        row = {"step": float(state.step), "seconds": round(state.seconds, 1), **means}
        if valid:
            own = self._copy() if self.recipe.ema else {}
            self.model.load_state_dict(self.ema)
            self.model.eval()
            scores = self.model.validate(valid)
            self.model.load_state_dict(own or self.ema)
            row |= {f"valid_{name}": value for name, value in scores.items()}
            if scores["loss"] < state.best_loss:
                state.best_loss, state.best_step = scores["loss"], state.step
                self.best = {key: value.clone() for key, value in self.ema.items()}
        state.history.append(row)
        for name, value in row.items():
            if self.board is not None and name != "step":
                self.board.add_scalar(name, value, state.step)

    def _copy(self) -> dict[str, Tensor]:
        return {key: value.detach().clone() for key, value in self.model.state_dict().items()}

    def _out_of_patience(self) -> bool:
        waited = self.state.step - self.state.best_step
        return bool(self.recipe.patience) and waited >= self.recipe.patience * self.recipe.validate_every

    def _words(self) -> str:
        if not self.state.history:
            return ""
        last = self.state.history[-1]
        shown = [name for name in ("loss", "valid_loss", "valid_accuracy") if name in last]
        return " ".join(f"{name} {last[name]:.3f}" for name in shown)

    def save(self) -> None:
        """Write the whole state as one file, at once."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        tensors: dict[str, Tensor] = {}
        averaged = self.ema if self.recipe.ema else {}
        for prefix, weights in (("model", self.model.state_dict()), ("ema", averaged), ("best", self.best)):
            tensors |= {f"{prefix}/{key}": value.detach().cpu().contiguous() for key, value in weights.items()}
        for phase, optimizer in self._distinct().items():
            for index, slots in optimizer.state_dict()["state"].items():
                for slot, value in slots.items():
                    tensors[f"optimizer/{phase}/{index}/{slot}"] = torch.as_tensor(value).cpu().contiguous()
        with replacing(self.folder / STATE) as partial:
            save_file(tensors, partial, {"run": json.dumps(asdict(self.state)), "settings": self._settings()})
        lines = "".join(json.dumps(row) + "\n" for row in self.state.history)
        (self.folder / HISTORY).write_text(lines, encoding="utf-8")

    def resume(self) -> None:
        """Go on from the folder's state, if there is one.

        Raises `CheckpointError` where it is damaged or belongs to a run with other settings.
        """
        path = self.folder / STATE if self.folder else None
        if path is None or not path.exists():
            return
        try:
            with safe_open(path, "pt") as file:
                metadata = file.metadata()
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"{path}: can't be read ({error}); remove it to start again") from None
        if metadata.get("settings") != self._settings():
            raise CheckpointError(
                f"{path}: was made with other settings or data; give another folder or remove it to start again"
            )
        self.state = Run(**json.loads(metadata["run"]))
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "ema": {}, "best": {}}
        optimizers = self._distinct()
        slots: dict[str, dict[int, dict[str, Tensor]]] = {phase: {} for phase in optimizers}
        for key, tensor in tensors.items():
            kind, _, rest = key.partition("/")
            if kind in parts:
                parts[kind][rest] = tensor.to(self.device)
            else:
                phase, index, slot = rest.split("/")
                slots[phase].setdefault(int(index), {})[slot] = tensor
        self.model.load_state_dict(parts["model"])
        self.ema, self.best = parts["ema"] if self.recipe.ema else self.model.state_dict(), parts["best"]
        for phase, optimizer in optimizers.items():
            optimizer.load_state_dict({**optimizer.state_dict(), "state": slots[phase]})

    def _distinct(self) -> dict[str, torch.optim.Optimizer]:
        """Every optimiser once, by the first of its phases."""
        found: dict[int, tuple[str, torch.optim.Optimizer]] = {}
        for phase, optimizer in self.optimizers.items():
            found.setdefault(id(optimizer), (phase, optimizer))
        return dict(found.values())

    def _settings(self) -> str:
        """What must be equal for a resumed run to be the same run."""
        values: dict[str, Any] = {
            "model": self.model.name,
            "config": self.model.config_json(),
            "recipe": asdict(self.recipe),
            "seed": self.seed,
            "device": self.device.type,
            "data": self.data,
        }
        return json.dumps(values, sort_keys=True)


def _tensorboard(folder: Path | None) -> Any:
    """A TensorBoard writer for `folder`/events if TensorBoard is installed, else None."""
    if folder is None or find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder / "events"))


def digest(*parts: Sequence[Item]) -> str:
    """A digest of prepared items: another song, order or split gives another."""
    total = hashlib.sha256()
    for part in parts:
        total.update(f"{len(part)} items".encode())
        for item in part:
            for name, array in sorted(item.items()):
                total.update(f"{name} {array.dtype} {array.shape}".encode())
                total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def batch_indices(count: int, batch: int, step: int, seed: int) -> list[int]:
    """The examples of a step: consecutive pieces of one endless row of shuffled epochs.

    Every example comes once in an epoch, and any step can be found without those before it.
    """
    indices: list[int] = []
    for position in range(step * batch, (step + 1) * batch):
        epoch, place = divmod(position, count)
        if not indices or place == 0:
            order = np.random.default_rng([seed, epoch, 1]).permutation(count)
        indices.append(int(order[place]))
    return indices


def rate_factor(recipe: Recipe, step: int) -> float:
    """The learning rate of a step as a share of the recipe's: linear warm-up, then constant or half a cosine."""
    warm = min(1.0, (step + 1) / max(1, recipe.warmup))
    if recipe.schedule == "constant":
        return warm
    through = max(0.0, step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)
    return warm * 0.5 * (1 + float(np.cos(np.pi * min(1.0, through))))


def read_history(folder: Path) -> list[dict[str, float]]:
    """The rows that a run wrote at each validation, oldest first."""
    path = folder / HISTORY
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
