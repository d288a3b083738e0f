"""aaa-lstm-notes: continues a piano piece step by step, what the AAA report's LSTM (Gehmayr) was to do.

What is mended: two LSTMs read the two planes of `planes.py` on a fixed grid of seconds and state, for every key, the
chance that it sounds in the next step and, if so, that it is struck then. Their product over keys is an exact
likelihood, so that a continuation is drawn and not guessed, and silence is not the best answer. It learns from many
works, in windows that begin anywhere, and is measured on others.

Keys are independent of each other given the past, as in Boulanger-Lewandowski et al. (ICML 2012), their "RNN":
`chord-transformer` shows what whole chords are worth.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from partita.errors import UsageError
from partita.example import KEYS
from partita.midi import Score
from partita.models.base import Batch, Item, Recipe
from partita.models.composer import Event
from partita.models.planes import ONSET, PLANES, SOUND, PlanesModel, floats, notes_of, planes_of, window
from partita.models.space import Real, Space, Whole
from partita.sampling import Sampling, draw

State = tuple[Tensor, Tensor]
"""What the LSTMs remember: hidden and cell states (layers, pieces, width)."""

VALIDATED = 1200
"""Steps of each piece, from its start, that validation takes: a minute at 50 ms."""

LONGEST = 8.0
"""Seconds after which a drawn note ends, so that those after it need not wait longer."""

LEAST_TEMPERATURE = 0.05
"""Below it nothing changes but rounding."""

FINE = 0.01
"""Seconds of the grid that likelihoods of notes are stated on, which is that of tokens."""


@dataclass(frozen=True)
class AAALSTMNotesConfig:
    """A step lasts `step` seconds; training windows have `steps`. `layers` LSTMs are `width` wide.

    `transpose` is the greatest shift of pieces in training, in semitones.
    """

    step: float = 0.05
    steps: int = 128
    width: int = 256
    layers: int = 2
    dropout: float = 0.1
    transpose: int = 6

    def __post_init__(self) -> None:
        if not self.step > 0 or min(self.steps, self.width, self.layers) < 1 or not 0 <= self.dropout < 1:
            raise UsageError("step is above 0; steps, width and layers are 1 or more; dropout is in 0..1")
        if not 0 <= self.transpose < KEYS:
            raise UsageError(f"transpose is 0 to {KEYS - 1} semitones")


class AAALSTMNotes(PlanesModel):
    """States the chances of each step (n, steps, 2, 88) from the steps before it."""

    name = "aaa-lstm-notes"
    Config = AAALSTMNotesConfig
    recipe = Recipe(steps=1200, batch=32, learning_rate=3e-3, warmup=50, validate_every=100, ema=0.99, clip=1.0)
    space: ClassVar[Space] = {
        "width": Whole(128, 1024, 128),
        "layers": Whole(1, 3),
        "learning_rate": Real(1e-4, 1e-2, log=True),
    }

    def __init__(self, config: AAALSTMNotesConfig) -> None:
        super().__init__(config)
        between = config.dropout if config.layers > 1 else 0.0
        self.lstm = nn.LSTM(PLANES * KEYS, config.width, config.layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(config.dropout)
        self.chances = nn.Linear(config.width, PLANES * KEYS)

    @classmethod
    def tiny(cls) -> Self:
        """Windows of four seconds in quarters of a second."""
        return cls(AAALSTMNotesConfig(step=0.25, steps=16, width=32, layers=1, transpose=0))

    def start(self, items: Sequence[Item], rng: np.random.Generator) -> None:
        """Begin with the chances that cells have in the training part."""
        counts = sum(np.unpackbits(item["planes"], axis=-1, count=KEYS).sum(0, dtype=np.float64) for item in items)
        onset, sound = counts[ONSET], counts[SOUND]
        steps = sum(len(item["planes"]) for item in items)
        chance = np.stack([(onset + 0.5) / (sound + 1), (sound + 0.5) / (steps + 1)])
        with torch.no_grad():
            self.chances.bias.copy_(torch.from_numpy(np.log(chance / (1 - chance)).ravel()))

    def forward(self, before: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Log-odds (n, steps, 2, 88) of the step after each of `before` (n, steps, 2, 88), and what is remembered.

        Plane 1 has those of sounding, plane 0 those of being struck if it sounds.
        """
        hidden, state = self.lstm(floats(before), state)
        logits: Tensor = self.chances(self.dropout(hidden))
        return logits.view(*before.shape), state

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Nats per step, each given those before it in the window, of which silence precedes the first."""
        planes = batch["planes"]
        logits, _ = self(F.pad(planes[:, :-1], (0, 0, 0, 0, 1, 0)))
        return {"loss": surprise(logits, planes).mean()}

    def nats(self, planes: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The negative log-likelihood (steps,) of each step of planes (steps, 2, 88) given all before it, in nats."""
        rows = [surprise(logits[None], now[None])[0] for logits, now in self.stated(planes)]
        return cast("NDArray[np.float64]", torch.cat(rows).double().cpu().numpy())

    def stated(self, planes: NDArray[np.uint8]) -> Iterator[tuple[Tensor, Tensor]]:
        """Log-odds and truth (steps, 2, 88) of a piece, stretch by stretch, each step given all true ones before it."""
        state = None
        device = next(self.parameters()).device
        before = np.concatenate([np.zeros_like(planes[:1]), planes[:-1]])
        for at in range(0, len(planes), 2048):
            past, now = (torch.from_numpy(part[None, at : at + 2048]).to(device) for part in (before, planes))
            with torch.inference_mode():
                logits, state = self(past, state)
            yield logits[0], now[0]

    def field_nats(self, item: Item) -> dict[str, tuple[float, int]]:
        """Exact nats of a piece on a grid of 10 ms, evenly likely within a step: time, pitch and duration.

        Time is whether any note begins in a step, pitch which ones do, duration whether the others sound on.
        """
        planes = window(item, 0, len(item["planes"]))
        struck, total, any_struck = [], [], []
        for logits, now in self.stated(planes):
            log_struck = F.logsigmoid(logits[:, SOUND]) + F.logsigmoid(logits[:, ONSET])
            log_not = torch.log(-torch.expm1(log_struck.clamp(max=-1e-6)))
            struck.append(-torch.where(now[:, ONSET] > 0, log_struck, log_not).sum(1))
            none = log_not.sum(1)
            some = torch.log(-torch.expm1(none.clamp(max=-1e-6)))
            any_struck.append(-torch.where(now[:, ONSET].bool().any(1), some, none))
            total.append(surprise(logits[None], now[None])[0])
        time, onset, all_ = (float(torch.cat(parts).double().sum()) for parts in (any_struck, struck, total))
        notes = int(planes[:, ONSET].sum())
        within = notes * float(np.log(self.config.step / FINE))
        return {
            "time": (time + within, notes),
            "pitch": (onset - time, notes),
            "duration": (all_ - onset + within, notes),
        }

    def validate(self, items: Sequence[Item]) -> dict[str, float]:
        """Nats per step of the first minute of pieces."""
        nats = [self.nats(window(item, 0, min(VALIDATED, len(item["planes"])))) for item in items]
        return {"loss": float(sum(piece.sum() for piece in nats) / sum(map(len, nats)))}

    def context_seconds(self, prompt: Score) -> float:
        """All of a prompt is read, though what lies far back leaves little trace."""
        return prompt.seconds

    def compose(
        self,
        prompt: Score | None,
        seconds: float,
        sampling: Sampling,
        rng: np.random.Generator,
        until: Score | None = None,
    ) -> Iterator[Event]:
        """Draw step by step what follows; of each key, whether it is silent, sounds on, or is struck."""
        if until is not None:
            raise UsageError(f"{self.name} can't fill a gap; it continues pieces and begins new ones")
        if not seconds > 0:
            raise UsageError(f"a length is above 0 seconds, not {seconds}")
        planes = np.zeros((1, PLANES, KEYS), np.uint8)
        if prompt is not None:
            whole = planes_of(prompt, self.config.step)
            length = max(1, round(prompt.seconds / self.config.step))
            planes = np.pad(whole[:length], ((0, max(0, length - len(whole))), (0, 0), (0, 0))).astype(np.uint8)
        count = int(np.ceil(seconds / self.config.step))
        return notes_of(self.drawn(planes, count, sampling, rng), self.config.step, seconds)

    def drawn(
        self, planes: NDArray[np.uint8], count: int, sampling: Sampling, rng: np.random.Generator
    ) -> Iterator[NDArray[np.bool_]]:
        """So many steps (2, 88) after planes (steps, 2, 88), each drawn given those before it.

        Temperature makes the choice of keys bolder or tamer and leaves alone how many are struck: chances of single
        keys are small, so that a temperature that counted for each would soon silence all of them.
        """
        device = next(self.parameters()).device
        age = np.zeros(KEYS, int)
        past, state = torch.from_numpy(planes[None]).to(device), None
        sounding = planes[-1, SOUND] > 0
        for _ in range(count):
            with torch.inference_mode():
                logits, state = self(past, state)
                onset, sound = logits[0, -1].cpu()
                held = (F.logsigmoid(sound) + F.logsigmoid(-onset)).numpy()
                struck = (F.logsigmoid(sound) + F.logsigmoid(onset)).numpy()
                silent = F.logsigmoid(-sound).numpy()
            struck = sharpened(struck, sampling.temperature)
            held = np.where(sounding & (age * self.config.step < LONGEST), held, -np.inf)
            rest = np.log(-np.expm1(struck)) - np.logaddexp(silent, held)
            outcome = draw(np.stack([silent + rest, held + rest, struck], -1), rng, replace(sampling, temperature=1.0))
            begins, sounding = outcome == 2, outcome > 0
            age = np.where(begins, 0, age + 1)
            row = np.stack([begins, sounding])
            past = torch.from_numpy(row[None, None].astype(np.uint8)).to(device)
            yield row


def sharpened(log_chances: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """Logarithms of chances whose odds are raised to 1 / temperature and scaled so that their sum stays.

    >>> np.exp(sharpened(np.log([0.1, 0.3]), 0.5)).round(3)
    array([0.037, 0.363])
    """
    chances = np.exp(log_chances.astype(np.float64)).clip(1e-12, 1 - 1e-9)
    if temperature == 1:
        return np.asarray(np.log(chances))
    odds = np.log(chances / (1 - chances)) / max(temperature, LEAST_TEMPERATURE)
    low, high = -odds.max() - 30, -odds.min() + 30
    for _ in range(50):
        middle = (low + high) / 2
        more = (1 / (1 + np.exp(-odds - middle))).sum() > chances.sum()
        low, high = (low, middle) if more else (middle, high)
    return np.asarray(-np.logaddexp(0, -odds - low))


def surprise(logits: Tensor, planes: Tensor) -> Tensor:
    """Nats (n, steps) of planes (n, steps, 2, 88): of sounding or not, and of being struck or held where it sounds."""
    each = F.binary_cross_entropy_with_logits(logits, planes.float(), reduction="none")
    return (each[:, :, SOUND] + each[:, :, ONSET] * planes[:, :, SOUND]).sum(-1)
