"""What a generator draws, as sound that is fit to be heard, with what is known about it.

The drawn levels are read at the frames of the inversion, made magnitudes and inverted. A loop is inverted with its own
end before its begin and its begin after its end, so that no window sees an edge. The result carries no constant offset
and peaks at -1 dB of full scale, and is looked over before it is handed out.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from partita.audio import Audio
from partita.features import Array
from partita.inversion import invert
from partita.metrics.audio import Health, health
from partita.models.generator import COPIED, Drawn, Generator, Request
from partita.training import Progress

PEAK = 10 ** (-1 / 20)
"""-1 dB of full scale: what codecs may add stays below it."""
ITERATIONS = 48
"""Rounds of Griffin-Lim, which starts from the magnitude's gradient."""
TRIES = 4
"""How often a sound is drawn until one is without fault, and each time until one is no copy.

Of rock, one in a hundred copies four times in a row; to draw is cheaper than to make sound of it.
"""
LOWEST_HZ = 20.0
"""Below it nothing is heard, and a codec spends bits on it."""


@dataclass(frozen=True)
class Generated:
    """A sound that was made: mono audio, its seed, what was wanted, what was drawn, what may be wrong with it."""

    audio: Audio
    seed: int
    request: Request
    drawn: Drawn
    health: Health

    @property
    def faults(self) -> list[str]:
        """What is wrong with it, in words; nothing for a sound that is well."""
        copied = [f"copies training for two seconds (correlation {self.drawn.likeness:.2f})"]
        return self.health.faults(self.request.loop) + (copied if self.drawn.likeness >= COPIED else [])

    def json(self) -> dict[str, Any]:
        """JSON-ready settings and measurements."""
        request = self.request
        wanted = {"class": request.label, "bpm": request.bpm, "loop": request.loop}
        drawing = {"temperature": request.sampling.temperature, "top_k": request.sampling.top_k}
        extends = {"extends": request.prompt.name} if request.prompt else {}
        made = {"seconds": round(self.audio.seconds, 3), "seed": self.seed, "faults": self.faults}
        like = {"likeness to training": round(self.drawn.likeness, 3)} if self.drawn.likeness else {}
        measured = {name: _rounded(value) for name, value in vars(self.health).items()}
        return {**wanted, **drawing, **extends, **made, **like, "health": measured}


def generate_sound(
    model: Generator, request: Request, seed: int, name: str, progress: Progress | None = None
) -> Generated:
    """Make one sound; the model, the request and the seed decide every sample.

    What comes out faulty, say fallen silent, is drawn again, up to `TRIES` times in all, and what copies training as
    often again; the last one is kept as it is.
    Raises `UsageError` for a request that the model can't meet.
    """
    model.check(request)
    rng = np.random.default_rng(seed)
    for _ in range(TRIES):
        for _ in range(TRIES):
            drawn = model.draw(request, rng, progress)
            if drawn.likeness < COPIED:
                break
        samples = fit_to_hear(inverted(model, drawn, request.prompt), model.rate, request.loop)
        audio = Audio(samples[None], model.rate, name)
        generated = Generated(audio, seed, request, drawn, health(audio.samples, model.rate))
        if not generated.faults:
            break
    return generated


def inverted(model: Generator, drawn: Drawn, prompt: Audio | None = None) -> Array:
    """The samples (n,) of what was drawn, after those of the prompt, if there is one."""
    rate, hop = model.rate, model.hop
    length = round(drawn.seconds * rate)
    margin = 2 * model.fft if drawn.loop else 0
    samples = invert(wanted_magnitude(model, drawn, margin), hop, iterations=ITERATIONS)
    if drawn.loop:
        return _closed(samples, margin, length, model.fft)
    samples = samples[:length]
    return _joined(prompt.mono(rate), samples, round(drawn.lead * rate), hop) if prompt else samples


def wanted_magnitude(model: Generator, drawn: Drawn, margin: int = 0) -> Array:
    """Linear magnitudes (bins, frames) of what was drawn, on the grid of the inversion.

    They reach `margin` samples beyond either end.
    """
    frames = 1 + -(-(round(drawn.seconds * model.rate) + 2 * margin) // model.hop)
    times = (np.arange(frames) * model.hop - margin) / model.rate
    return model.magnitude(drawn.at(times))


def _closed(samples: Array, margin: int, length: int, overlap: int) -> Array:
    """The loop (length,) out of a sound with its surroundings: its begin grows out of what followed its end."""
    loop = samples[margin : margin + length].copy()
    overlap = min(overlap, len(samples) - margin - length, length)
    share = _fade(overlap)
    loop[:overlap] = share * loop[:overlap] + (1 - share) * samples[margin + length : margin + length + overlap]
    return loop


def _joined(before: Array, made: Array, lead: int, overlap: int) -> Array:
    """A prompt and what was made to follow it, whose first `lead` samples are the prompt's end once more."""
    end = min(lead, len(made))
    level = np.sqrt((before[-end:] ** 2).mean() / max(float((made[:end] ** 2).mean()), 1e-12)) if end else 1.0
    made = made * np.float32(level)
    overlap = min(overlap, end)
    share = _fade(overlap)
    join = before[len(before) - overlap :] * (1 - share) + made[end - overlap : end] * share
    return np.concatenate([before[: len(before) - overlap], join, made[end:]])


def _fade(count: int) -> Array:
    """Rises from 0 to 1 along a raised cosine, (count,)."""
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(count) + 0.5) / max(count, 1))).astype(np.float32)


def fit_to_hear(samples: Array, rate: int, loop: bool = False) -> Array:
    """The samples (n,) without what lies below hearing, the loudest at -1 dB; silence stays silent.

    The low cut of a `loop` is made on the circle, so that its seam stays closed. Any other sound is mirrored at its end
    for that, so that its end does not lead into its begin.
    """
    whole = (samples if loop else np.concatenate([samples, samples[::-1]])).astype(np.float64)
    hertz = np.fft.rfftfreq(len(whole), 1 / rate)
    kept = np.fft.irfft(np.fft.rfft(whole) * np.clip(hertz / LOWEST_HZ, 0, 1) ** 2, len(whole))[: len(samples)]
    peak = float(np.abs(kept).max(initial=0.0))
    return np.asarray(kept * (PEAK / peak) if peak > 1e-6 else kept, np.float32)


def tags_of(generated: Generated, model: str, version: str) -> dict[str, str]:
    """What a file says about itself: class, tempo, and all that makes it again."""
    request = generated.request
    made = f"partita {version}, model {model}, seed {generated.seed}, {request.seconds:g} s"
    drawing = f"temperature {request.sampling.temperature:g}, top-k {request.sampling.top_k}"
    return {
        "title": generated.audio.name,
        "genre": request.label,
        "bpm": f"{request.bpm:g}",
        "encodedby": f"{made}, {drawing}{', a loop' if request.loop else ''}",
    }


def _rounded(value: object) -> object:
    return float(f"{value:.4g}") if isinstance(value, float) else value
