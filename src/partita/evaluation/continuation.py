"""How well a model of planes knows the next step of held-out works, given the true past and given its own.

Teacher-forced, every step is predicted from the true ones before it. Free-running, the model hears what it drew itself
since the prompt's end. Its curve counts onsets alone, because no model of states can foretell that a key sounds on
which it did not strike; what was drawn is compared note by note in `free_running.py`.
Baselines are exact likelihoods of the same planes: of each key, being silent, sounding on or struck.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from partita.metrics.classification import Interval
from partita.metrics.symbolic import per_step, per_step_interval
from partita.models.aaa_lstm_notes import AAALSTMNotes
from partita.models.base import Item
from partita.models.planes import ONSET, SOUND, window
from partita.sampling import Sampling

Planes = NDArray[np.uint8]
States = NDArray[np.int64]

PROMPT, HORIZON = 10.0, 10.0
"""Seconds that are heard before, and those that are then predicted, where the curves are taken."""


@dataclass(frozen=True)
class Continuation:
    """Nats per step over `steps` of `pieces` with the interval over pieces, and the share of onsets found (F1).

    A step is found only where it is: within 50 ms, the step before would be right about everything. As many onsets are
    guessed as chances sum to. `baselines` have both figures each. The curves are nats per step of onsets, of being
    struck or not, in each second after a prompt: `forced` given the truth, `free` given what was drawn, `chain` those
    of the Markov chain given the truth, `frequency` without any past.
    """

    pieces: int
    steps: int
    nats: float
    interval: Interval
    onset: float
    baselines: dict[str, dict[str, float]]
    forced: list[float]
    free: list[float]
    chain: list[float]
    frequency: list[float]

    def json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True)
class StateChain:
    """A Markov chain of each key's state, 0 silent, 1 sounding on, 2 struck: `chance` is (88, 3 before, 3 after)."""

    chance: NDArray[np.float64]

    @classmethod
    def fit(cls, pieces: Sequence[Planes], *, tied: bool = False, past: bool = True) -> "StateChain":
        """Count, with half an observation added; `tied` counts all keys as one, without `past` all states before."""
        keys = pieces[0].shape[2]
        places = np.zeros(9 * keys, np.int64)
        for piece in pieces:
            before, now = states(piece)
            places += np.bincount((9 * np.arange(keys) + 3 * before + now).ravel(), minlength=9 * keys)
        counts = places.reshape(keys, 3, 3).astype(np.float64)
        if tied:
            counts = np.repeat(counts.sum(0, keepdims=True), keys, axis=0)
        if not past:
            counts = np.repeat(counts.sum(1, keepdims=True), 3, axis=1)
        return cls((counts + 0.5) / (counts + 0.5).sum(2, keepdims=True))

    def nats(self, piece: Planes) -> NDArray[np.float64]:
        """Nats (steps,) of a piece."""
        before, now = states(piece)
        return np.asarray(-np.log(self.chance[np.arange(piece.shape[2]), before, now]).sum(1))

    def struck(self, piece: Planes) -> NDArray[np.float64]:
        """The chances (steps, 88) of being struck."""
        return np.asarray(self.chance[np.arange(piece.shape[2]), states(piece)[0], 2])


def states(planes: Planes) -> tuple[States, States]:
    """The states (steps, 88) of keys before each step, silent at first, and in it."""
    now = planes[:, SOUND].astype(np.int64) + planes[:, ONSET]
    return np.vstack([np.zeros_like(now[:1]), now[:-1]]), now


def measure_continuation(
    model: AAALSTMNotes, train: Sequence[Item], items: Sequence[Item], *, seconds: float = 60.0, seed: int = 0
) -> Continuation:
    """Measure on the first `seconds` of each held-out piece; baselines are fitted to whole training pieces."""
    most = round(seconds / model.config.step)
    pieces = [window(item, 0, min(most, len(item["planes"]))) for item in items]
    known = [window(item, 0, len(item["planes"])) for item in train]
    chains = {
        "silence, with its chance of error": StateChain.fit(known, tied=True, past=False),
        "note frequency": StateChain.fit(known, past=False),
        "last step again, with its chance of error": StateChain.fit(known, tied=True),
        "Markov chain of each key": StateChain.fit(known),
    }
    nats = [model.nats(piece) for piece in pieces]
    baselines = {
        name: {
            "nats": per_step([chain.nats(piece) for piece in pieces]),
            "onset": _onset_f1([chain.struck(piece) for piece in pieces], pieces),
        }
        for name, chain in chains.items()
    }
    baselines["last step again, as it is"] = {"onset": _onset_f1([_before(piece) for piece in pieces], pieces)}
    return Continuation(
        pieces=len(pieces),
        steps=sum(map(len, pieces)),
        nats=per_step(nats),
        interval=per_step_interval(nats),
        onset=_onset_f1([_struck(model, piece) for piece in pieces], pieces),
        baselines=baselines,
        **_curves(model, pieces, chains["Markov chain of each key"], chains["note frequency"], seed),
    )


def _before(piece: Planes) -> NDArray[np.float64]:
    return np.vstack([np.zeros((1, piece.shape[2])), piece[:-1, ONSET]])


def _struck(model: AAALSTMNotes, piece: Planes) -> NDArray[np.float64]:
    parts = [logits.sigmoid().prod(1).double().cpu() for logits, _ in model.stated(piece)]
    return np.asarray(torch.cat(parts).numpy())


def _onset_f1(chances: Sequence[NDArray[np.float64]], pieces: Sequence[Planes]) -> float:
    """F1 of the likeliest onsets of all pieces, as many as chances sum to."""
    chance = np.concatenate([each.ravel() for each in chances])
    truth = np.concatenate([piece[:, ONSET].ravel() for piece in pieces]) > 0
    guessed = np.argsort(-chance, kind="stable")[: round(float(chance.sum()))]
    return float(2 * truth[guessed].sum() / max(1, truth.sum() + len(guessed)))


def _curves(
    model: AAALSTMNotes, pieces: Sequence[Planes], chain: StateChain, frequency: StateChain, seed: int
) -> dict[str, list[float]]:
    """The curves, by second after a prompt, means over the pieces that are long enough."""
    step = model.config.step
    prompt, horizon, second = round(PROMPT / step), round(HORIZON / step), round(1 / step)
    long = [piece[: prompt + horizon] for piece in pieces if len(piece) >= prompt + horizon]
    if not long:
        return {name: [] for name in ("forced", "free", "chain", "frequency")}
    truth = np.stack(long)
    rng = np.random.default_rng(seed)
    chances = {
        "forced": [_struck(model, piece) for piece in truth],
        "free": [_struck(model, _drawn_on(model, piece[:prompt], horizon, rng)) for piece in truth],
        "chain": [chain.struck(piece) for piece in truth],
        "frequency": [frequency.struck(piece) for piece in truth],
    }
    rows = {name: _onset_nats(np.stack(each), truth[:, :, ONSET])[:, prompt:] for name, each in chances.items()}
    return {
        name: [float(part.mean()) for part in np.split(np.mean(values, axis=0), range(second, horizon, second))]
        for name, values in rows.items()
    }


def _drawn_on(model: AAALSTMNotes, prompt: Planes, horizon: int, rng: np.random.Generator) -> Planes:
    """A prompt and what the model goes on with."""
    return np.concatenate([prompt, np.stack([*model.drawn(prompt, horizon, Sampling(), rng)]).astype(np.uint8)])


def _onset_nats(chance: NDArray[np.float64], onset: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Nats (pieces, steps) of keys (pieces, steps, 88) being struck or not."""
    return np.asarray(-np.log(np.where(onset > 0, chance, 1 - chance).clip(1e-12)).sum(2))
