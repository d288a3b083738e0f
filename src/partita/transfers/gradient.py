"""Style transfer by gradient on a spectrogram picture, as the reports had it: the losses, and what networks see.

    J = alpha * J_content + beta * J_style            (Gatys, Ecker and Bethge, CVPR 2016; report Lil Data)
    J_content = 1/2 |a_C - a_G|^2                     of one layer's activations
    J_style   = sum over layers of lambda / (2 h w c)^2 * |G_S - G_G|^2, Gram matrices of c channels over h x w places

The picture starts as the content's. The report does not name its optimiser; here each iteration is a step in Adam's
direction that is taken back where it would raise the loss. Then the sound is made with the content's phases. A Gram
matrix knows which channels sound together, and not when: so no rhythm of the style is to be expected, and a brighter
picture is an audible buzz. Pictures are mono and of 5 s; a longer content is changed in pieces of that length.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from partita.audio import Audio
from partita.errors import UsageError
from partita.features import Array, power_to_db, stft
from partita.inversion import invert
from partita.training import Progress
from partita.transfers.base import Transfer, as_loud_as

RATE, FFT, HOP = 22_050, 1260, 175
"""631 frequencies; 5 s are 631 frames."""
PIECE = 630 * HOP
DECIBELS, LEVELS = 80.0, 255.0
"""A picture holds 0 to 255 for 80 dB up to its loudest value."""


FIRST_STEP = 0.5
"""Of 255 levels, in the first iteration."""


class Seen(NamedTuple):
    """Activations (1, channels, ...) of the layers that hold the style, and of the one that holds the content."""

    style: Sequence[Tensor]
    content: Tensor


class Losses(NamedTuple):
    """J, and its parts without their weights."""

    total: Tensor
    content: Tensor
    style: Tensor


@dataclass(frozen=True)
class GradientConfig:
    """Weights `alpha` of the content and `beta` of the style, `iterations` of descent; rounds of `inversion`."""

    alpha: float = 50.0
    beta: float = 500.0
    iterations: int = 100
    inversion: int = 32

    def __post_init__(self) -> None:
        if self.alpha < 0 or self.beta < 0 or self.iterations < 0 or self.inversion < 0:
            raise UsageError("alpha, beta, iterations and inversion are numbers from 0 up")


class GradientTransfer(Transfer):
    """A method that changes a picture until a network sees the style in it. A subclass says what it sees."""

    Config = GradientConfig
    config: GradientConfig
    weights: Sequence[float] = (0.3, 0.4, 0.2, 0.1)
    """Of the style's layers, from the first."""

    def see(self, picture: Tensor) -> Seen:
        """What the network makes of a picture (1, 1, 631, frames) of 0..255."""
        raise NotImplementedError

    def losses(self, picture: Tensor, content: Tensor, style: Sequence[Tensor]) -> Losses:
        """The losses of a picture against the content's activations and the style's Gram matrices."""
        seen = self.see(picture)
        content_loss = (seen.content - content).square().sum() / 2
        terms = [
            weight * (wanted - gram(layer)).square().sum() / (2 * layer.numel()) ** 2
            for weight, wanted, layer in zip(self.weights, style, seen.style, strict=True)
        ]
        style_loss = torch.stack(terms).sum()
        return Losses(self.config.alpha * content_loss + self.config.beta * style_loss, content_loss, style_loss)

    def change(self, content: Array, style: Array, watch: Callable[[Losses], Any] | None = None) -> Array:
        """The picture (631, frames) that starts as `content` and takes on `style`; `watch` is shown every loss."""
        start, other = torch.from_numpy(content)[None, None], torch.from_numpy(style)[None, None]
        with torch.no_grad():
            wanted, grams = self.see(start).content, [gram(layer) for layer in self.see(other).style]

        def evaluate(x: Tensor) -> tuple[Losses, Tensor]:
            x = x.detach().requires_grad_()
            losses = self.losses(x, wanted, grams)
            torch.autograd.backward(losses.total)
            gradient = torch.zeros_like(x) if x.grad is None else x.grad
            return Losses(*(loss.detach() for loss in losses)), gradient

        return descend(evaluate, start, self.config.iterations, watch)[0, 0].numpy()

    def make(self, content: Audio, style: Audio, seed: int, progress: Progress) -> Array:
        """The content's pieces of 5 s changed one by one, in mono, with their own phases, at its rate and channels."""
        ours, theirs = mono(content), mono(style)
        middle = max(0, (len(theirs) - PIECE) // 2)
        goal = picture_of(np.abs(stft(filled(theirs[middle : middle + PIECE]), FFT, HOP)))[0]
        begins, each = range(0, len(ours), PIECE), self.config.iterations + 1
        total = len(begins) * each

        def piece(begin: int) -> Array:
            steps, words = count(begin // PIECE * each), f"from {begin / RATE:g} s on"
            spectra = stft(filled(ours[begin : begin + PIECE]), FFT, HOP)
            picture, loudest = picture_of(np.abs(spectra))
            if loudest > 0:
                picture = self.change(picture, goal, lambda _: progress(next(steps), total, words))
            magnitude, rounds = magnitude_of(picture, loudest), self.config.inversion
            return invert(magnitude, HOP, phase="content", content=spectra, iterations=rounds, length=PIECE)

        sound = Audio(np.concatenate([piece(begin) for begin in begins])[None, : len(ours)], RATE)
        progress(total, total, "")
        channels, frames = content.samples.shape
        back = np.concatenate(list(sound.blocks(content.rate)))[:frames]
        back = np.pad(back, (0, frames - len(back)))
        return as_loud_as(np.repeat(back[None], channels, axis=0), content)


def descend(
    evaluate: Callable[[Tensor], tuple[Losses, Tensor]],
    start: Tensor,
    iterations: int,
    watch: Callable[[Losses], Any] | None = None,
) -> Tensor:
    """Minimise by steps in Adam's direction; one that raises the loss is taken back, and the next ones are shorter."""
    x, size, age = start, FIRST_STEP, 0
    losses, gradient = evaluate(x)
    mean, square = torch.zeros_like(x), torch.zeros_like(x)
    for _ in range(iterations):
        if watch is not None:
            watch(losses)
        age += 1
        mean, square = 0.9 * mean + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
        direction = (mean / (1 - 0.9**age)) / ((square / (1 - 0.99**age)).sqrt() + 1e-30)
        step, slope = evaluate(x - size * direction)
        if step.total < losses.total:
            x, losses, gradient, size = x - size * direction, step, slope, 1.3 * size
        else:
            size, age = 0.25 * size, 0
            mean, square = torch.zeros_like(x), torch.zeros_like(x)
    if watch is not None:
        watch(losses)
    return x


def gram(activations: Tensor) -> Tensor:
    """Products of the channels of (1, channels, ...), summed over all places: (channels, channels)."""
    rows = activations.flatten(2)[0]
    return rows @ rows.T


def mono(audio: Audio) -> Array:
    """The samples (n,) at 22,050 Hz."""
    return np.concatenate(list(audio.blocks(RATE)))


def filled(samples: Array) -> Array:
    """5 s, with silence at the end where there are fewer."""
    return np.pad(samples, (0, PIECE - len(samples)))


def picture_of(magnitude: Array) -> tuple[Array, float]:
    """A magnitude as a picture of 0..255, and its loudest value."""
    loudest = float(magnitude.max(initial=0.0))
    db = power_to_db(magnitude**2, span=DECIBELS) if loudest > 0 else np.full_like(magnitude, -DECIBELS)
    return (db + np.float32(DECIBELS)) * np.float32(LEVELS / DECIBELS), loudest


def magnitude_of(picture: Array, loudest: float) -> Array:
    """The magnitude of a picture; what is 0 or less in it is silence."""
    db = np.minimum(picture * (DECIBELS / LEVELS) - DECIBELS, 20.0)
    return np.asarray(np.where(picture > 0, loudest * 10 ** (db / 20), 0), np.float32)


def drawn(make: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    """A network whose weights are drawn from `seed` alone, without gradient of its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make()
    return network.eval().requires_grad_(False)
