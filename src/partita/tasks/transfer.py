"""transfer: give a recording the style of another, of a folder, or of a genre that a library holds exemplars of."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from partita import rhythm
from partita.audio import Audio
from partita.checkpoint import load
from partita.errors import AudioError, CheckpointError, UsageError, unknown
from partita.features import gtzan_levels
from partita.models.classifier import Classifier
from partita.settings import Settings, with_settings
from partita.training import Progress
from partita.transfers import judge as judges
from partita.transfers import method_class
from partita.transfers.base import Transfer
from partita.transfers.donors import GUIDE, search
from partita.transfers.library import files_below, own_styles, recordings, styles
from partita.transfers.likeness import chroma_cosine
from partita.transfers.measurement import Comparison, Measurement, equalised, excerpt
from partita.transfers.stems import Stems, StemsConfig, middle

MOST_DONORS = 8
EXCERPT_SECONDS = 30.0
"""What the library keeps of a recording: its middle."""


@dataclass(frozen=True, eq=False)
class Transferred:
    """A recording in another's style. Drums and accompaniment heard are the sound of `style` itself.

    `before` and `after` are the measures of content and result; those of `controls` are of the content with the style's
    spectrum alone, and of a donor drawn at random. The judge heard the style as `target`, the content as `source`.
    Unrelated songs have a chroma of `floor`: the style's own. `probability` is the guide's, which chose the donor and
    so is no measure, or None where there was one donor.
    """

    audio: Audio
    content: Audio
    style: Audio
    method: str
    settings: Any
    target: str
    source: str
    floor: float
    before: Measurement
    after: Measurement
    controls: Mapping[str, Measurement] = field(default_factory=dict)
    probability: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def donor(self) -> str:
        """The style recording's name."""
        return self.style.name

    def pictures(self) -> dict[str, tuple[NDArray[np.uint8], float, list[float]]]:
        """What `figures.transfer` draws of content, style and result: the first half minute of each."""
        named = {"content": self.content, f"style: {Path(self.donor).name}": self.style, "result": self.audio}
        return {name: _picture(audio) for name, audio in named.items()}

    def json(self) -> dict[str, Any]:
        """JSON-ready values, without the sound."""
        judge = judges.shipped()
        return {
            "method": self.method,
            "donor": self.donor,
            "sound": self.donor if self.method == "stems" else self.content.name,
            "settings": asdict(self.settings),
            "target": self.target,
            "source": self.source,
            "before": asdict(self.before),
            "after": asdict(self.after),
            "controls": {name: asdict(measured) for name, measured in self.controls.items()},
            "chroma_of_unrelated": self.floor,
            "judge": {"right": judge.held_out, "of": judge.heard, "accuracy": judge.held_out / judge.heard},
            "guide_probability": self.probability,
            "notes": list(self.notes),
        }


def transfer(
    content: str | Path | Audio,
    *,
    to: str | Path | Audio,
    method: str = "stems",
    strength: float = 1.0,
    drums: float = 1.0,
    timbre: float = 1.0,
    comping: float = 1.0,
    tempo: Literal["content", "style"] = "content",
    donor: str = "auto",
    guide: str | Path | None = None,
    seed: int = 0,
    controls: bool = False,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Transferred:
    """Give `content` the style of `to`: a recording, a folder, or a style of the library (`styles`).

    Of several recordings the `guide` model takes the one that suits best, unless `donor` names one; the guide that
    comes with transfer shares no song with the judge. `strength` to `tempo` are those of `transfers.stems.StemsConfig`.
    The reports' methods (`transfers.METHODS`) know none of them, but `settings` of their own, such as
    {"iterations": 30}, and want a single recording. `controls` are measured beside the result: the content with the
    style's spectrum alone, and a donor drawn by `seed`. Raises `AudioError` for recordings that can't be used,
    `UsageError` for settings that the method does not have.
    """
    config = StemsConfig(strength, drums, timbre, comping, tempo)
    other = None if method == "stems" else _report_method(method, config, settings or {})
    if other is None and settings:
        raise UsageError("stems has no settings beside strength, drums, timbre, comping and tempo")
    song = content if isinstance(content, Audio) else Audio.read(content)
    donors = _donors(to, donor)
    choice, maker, best = donors[0], other or Stems(config), None
    if other and len(donors) > 1:
        raise UsageError(f"{method} takes one recording as its style, not one of {len(donors)}; name it as donor")
    if len(donors) > 1:
        model = _guide(guide or GUIDE)
        best = search(song, donors, _target(to, donors, model), model, config, seed=seed, progress=progress)[0]
        choice, maker = best.donor, best.method
    made = maker.apply(song, choice, seed=seed, progress=progress)
    beside = _controls(song, choice, donors, config, seed, progress) if controls else {}
    judge = judges.shipped()
    name = "" if isinstance(to, Audio) else Path(to).name.lower()
    scale = Comparison(song, choice, judge, target=name if name in judge.labels else None)
    before, after, *others = _measured(scale, [song, made, *beside.values()], progress)
    return Transferred(
        made,
        song,
        choice,
        method,
        maker.config,
        scale.target,
        scale.source,
        chroma_cosine(scale.content, scale.style),
        before,
        after,
        dict(zip(beside, others, strict=True)),
        best.probability if best else None,
        other.notes if other else (),
    )


def add_style(name: str, folder: str | Path) -> list[Path]:
    """Keep the middle half minute of every readable recording in a folder as exemplars of a style.

    Raises `UsageError` for a name that is no file name, or where no recording can be read.
    """
    if not name or name != Path(name).name or name.startswith("."):
        raise UsageError(f"a style's name is a plain word, not {name!r}")
    place = own_styles() / name
    kept: list[Path] = []
    for path in files_below(folder):
        try:
            excerpt = middle(Audio.read(path), EXCERPT_SECONDS)
        except AudioError:
            continue
        place.mkdir(parents=True, exist_ok=True)
        kept.append(place / f"{path.stem}.flac")
        excerpt.write(kept[-1])
    if not kept:
        raise UsageError(f"{folder}: holds no recording that can be read")
    return kept


def _donors(to: str | Path | Audio, donor: str) -> list[Audio]:
    """The one recording that is named, or those of a style: a file, a folder's first ones, or a name in the library."""
    if donor != "auto":
        if isinstance(to, Audio) or Path(to).is_file():
            raise UsageError("donor names one of several recordings, and the style is a single one: leave donor out")
        return [Audio.read(donor)]
    if isinstance(to, Audio):
        return [to]
    path = Path(to)
    if not path.is_dir():
        if path.exists() or path.suffix:
            return [Audio.read(path)]
        if str(to) not in (known := styles()):
            words = "style (neither a file nor a folder; partita styles add NAME FOLDER makes one)"
            raise unknown(words, str(to), list(known))
    donors = []
    for each in recordings(to).values():
        try:
            donors.append(replace(middle(Audio.read(each), EXCERPT_SECONDS), name=str(each)))
        except AudioError:
            continue
        if len(donors) == MOST_DONORS:
            break
    if not donors:
        raise UsageError(f"{to}: holds no recording that can be read")
    return donors


def _target(to: str | Path | Audio, donors: list[Audio], guide: Classifier) -> dict[str, float]:
    """The label that is named like the style, or the guide's mean probabilities of its recordings."""
    name = "" if isinstance(to, Audio) else Path(to).name.lower()
    if name in guide.labels:
        return {name: 1.0}
    heard = [guide.classify(donor).probabilities for donor in donors]
    return {label: sum(each[label] for each in heard) / len(heard) for label in guide.labels}


def _controls(
    song: Audio, choice: Audio, donors: list[Audio], config: StemsConfig, seed: int, progress: Progress | None
) -> dict[str, Audio]:
    """What a result has to be better than: the style's spectrum alone, and where it was chosen, a donor at random."""
    sounds = {"equaliser alone": equalised(song, choice)}
    if len(donors) > 1:
        drawn = donors[np.random.default_rng(seed).integers(len(donors))]
        sounds["random donor"] = Stems(config).apply(excerpt(song), drawn, seed=seed, progress=progress)
    return sounds


def _measured(scale: Comparison, sounds: list[Audio], progress: Progress | None) -> Iterator[Measurement]:
    for number, sound in enumerate(sounds):
        if progress:
            progress(number, len(sounds), "measuring")
        yield scale.measure(sound)


def _picture(audio: Audio) -> tuple[NDArray[np.uint8], float, list[float]]:
    samples = audio.mono(rhythm.RATE)[: round(EXCERPT_SECONDS * rhythm.RATE)]
    seconds = len(samples) / rhythm.RATE
    beats = rhythm.listen(samples).beats
    return gtzan_levels(samples), seconds, [float(beat) for beat in beats[(beats >= 0) & (beats <= seconds)]]


def _report_method(name: str, untouched: StemsConfig, settings: Settings) -> Transfer:
    """One of the reports' methods with its settings; raises `UsageError` for what it does not know."""
    if untouched != StemsConfig():
        raise UsageError(f"strength, drums, timbre, comping and tempo are settings of stems; {name} has none of them")
    kind = method_class(name)
    config = kind.Config()
    for setting in settings:
        if not hasattr(config, setting):
            known = ", ".join(each.name for each in fields(config))
            raise UsageError(f"{name} has no setting {setting!r}; it has {known}")
    return kind(with_settings(config, settings))


def _guide(name: str | Path) -> Classifier:
    model = load(name)
    if not isinstance(model, Classifier):
        raise CheckpointError(f"{name}: is a {model.name}, which does not classify, so it can't choose a donor")
    return model
