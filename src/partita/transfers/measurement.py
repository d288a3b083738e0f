"""What a transfer did, by measures that had no part in making it.

Of the style: what the judge hears, pulse and bars, the long-term spectrum, drums against tones. Of the content: chords.
None says much by itself, so the same measures are taken of the content as it is, of the content with nothing but the
style's spectrum, and of a transfer from a donor drawn at random.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from partita import rhythm
from partita.audio import Audio
from partita.separation import separate
from partita.transfers.judge import Judge
from partita.transfers.likeness import likeness, on_grid
from partita.transfers.stems import at_rate, middle, with_spectrum
from partita.transfers.timbre import long_term, powers

SECONDS = 30.0
"""The middle of a recording that is measured."""


@dataclass(frozen=True)
class Measurement:
    """Measures of one sound.

    `target` and `source` are the judge's probabilities of the style's and of the content's label, `top` the label that
    it hears most. `chroma` is the cosine of pitch classes to the content's, `pulse` and `bar` are correlations with
    the style's rhythm (see `likeness`), `spectrum_db` is the mean difference of the long-term spectrum from the
    style's and `balance_db` how much stronger drums are against tones than in the style.
    """

    target: float
    source: float
    top: str
    chroma: float
    pulse: float
    bar: float
    spectrum_db: float
    balance_db: float


class Comparison:
    """A content and a style that results are measured against; `target` and `source` are labels of the judge.

    By default they are what it hears most in either recording.
    """

    def __init__(
        self, content: Audio, style: Audio, judge: Judge, *, target: str | None = None, source: str | None = None
    ) -> None:
        self.judge, self.lengths = judge, (content.seconds, min(content.seconds, SECONDS))
        ours, theirs = excerpt(content), excerpt(style)
        self.content, self.style = ours.samples[0], theirs.samples[0]
        self.beats, self.rhythm = rhythm.listen(self.content), rhythm.listen(self.style)
        self.spectrum, self.balance = spectrum(theirs), balance(theirs)
        heard = [judge.probabilities(sound) for sound in (ours, theirs)]
        self.source, self.target = source or _first(heard[0]), target or _first(heard[1])

    def measure(self, made: Audio) -> Measurement:
        """The measures of a result, on the beats of the content or, if it is longer or shorter, on its own."""
        sound = excerpt(made)
        samples = sound.samples[0]
        stays = any(abs(made.seconds - seconds) < 0.1 for seconds in self.lengths)
        heard_rhythm = on_grid(self.beats, samples) if stays else rhythm.listen(samples)
        alike = likeness(self.content, heard_rhythm, samples, self.rhythm)
        heard = self.judge.probabilities(sound)
        difference = spectrum(sound) - self.spectrum
        return Measurement(
            heard.get(self.target, 0.0),
            heard.get(self.source, 0.0),
            _first(heard),
            alike.chroma,
            alike.pulse,
            alike.bar,
            float(np.abs(difference - difference.mean()).mean()),
            balance(sound) - self.balance,
        )


def excerpt(audio: Audio) -> Audio:
    """The middle half minute, mono at 22,050 Hz."""
    part = middle(audio, SECONDS)
    return Audio(part.mono(rhythm.RATE)[None], rhythm.RATE, audio.name)


def equalised(content: Audio, style: Audio) -> Audio:
    """The content with the style's long-term spectrum and nothing else of it: the control of every transfer."""
    wanted = spectrum(at_rate(middle(style, SECONDS), content.rate))
    return replace(content, samples=with_spectrum(content.samples, content.rate, wanted, 1.0))


def spectrum(audio: Audio) -> NDArray[np.float32]:
    """Long-term levels in dB of 48 bands (48, 1)."""
    return long_term(powers(audio.samples, audio.rate))


def balance(audio: Audio) -> float:
    """Power of drums against that of tones in dB, within 60."""
    tones, beats = (float(np.mean(np.square(part, dtype=np.float64))) for part in separate(audio.samples, audio.rate))
    return float(np.clip(10 * np.log10(max(beats, 1e-20) / max(tones, 1e-20)), -60, 60))


def _first(probabilities: dict[str, float]) -> str:
    return max(probabilities, key=probabilities.__getitem__)
