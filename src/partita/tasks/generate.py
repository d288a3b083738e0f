"""generate: make sound of a class, as long and as fast as is asked for, from nothing or on from a recording."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partita.audio import Audio, AudioFile
from partita.errors import UsageError
from partita.files import replacing
from partita.tags import read_tags
from partita.training import Progress

if TYPE_CHECKING:
    from partita.generation import Generated

DEFAULT_MODEL = "beat-transformer"
DEFAULT_BPM = 100.0
MOST_VARIATIONS = 100
ENDINGS = (".wav", ".flac", ".ogg", ".mp3")


@dataclass(frozen=True, eq=False)
class Sounds:
    """What one request gave, and the identity of the checkpoint that made it."""

    made: "tuple[Generated, ...]"
    model: str

    def card(self) -> dict[str, Any]:
        """What was asked for and what was measured, JSON-ready."""
        sounds = [{"file": sound.audio.name, **sound.json()} for sound in self.made]
        return {"made by": f"partita {version('partita')}", "model": self.model, "sounds": sounds}

    def write(self, out: str | Path = "generated", *, picture: bool = True) -> list[Path]:
        """Write the sounds, stamped with model, seed and settings, a card (.json) and a picture (.png) of all.

        `out` is a folder, or for one sound a file ending in .wav, .flac, .ogg or .mp3. All files appear together or
        none does. Raises `UsageError` for several sounds and one file.
        """
        from partita import sound_figures
        from partita.checkpoint import write_json
        from partita.figures import save
        from partita.generation import tags_of

        path = Path(out).expanduser()
        single = path.suffix.lower() in ENDINGS
        if single and len(self.made) > 1:
            raise UsageError(f"{out}: one file can't hold {len(self.made)} sounds; give a folder")
        folder, stem = (path.parent, path.stem) if single else (path, "sounds")
        folder.mkdir(parents=True, exist_ok=True)
        files = [path] if single else [folder / f"{sound.audio.name}.wav" for sound in self.made]
        card, drawn = folder / f"{stem}.json", folder / f"{stem}.png"
        with ExitStack() as together:
            hidden = [together.enter_context(replacing(file)) for file in (card, *files)]
            write_json(hidden[0], self.card())
            for place, sound in zip(hidden[1:], self.made, strict=True):
                sound.audio.write(place, tags_of(sound, self.model, version("partita")))
            if picture:
                rows = [(s.audio.name, s.audio.samples[0], s.audio.rate, s.request.bpm) for s in self.made]
                save(sound_figures.spectrograms(rows), together.enter_context(replacing(drawn)))
        return [*files, card, *([drawn] if picture else [])]


def generate(
    label: str | None = None,
    *,
    model: str = DEFAULT_MODEL,
    seconds: float = 10.0,
    bpm: float | None = None,
    variations: int = 1,
    loop: bool = False,
    seed: int = 0,
    temperature: float | None = None,
    top_k: int | None = None,
    extend: str | Path | None = None,
    progress: Progress | None = None,
) -> Sounds:
    """Make `variations` sounds of the class `label`; without one, the classes of the model take turns.

    `bpm` is by default that of the recording which is gone on from (`extend`, its tag), else 100. `extend` begins on a
    bar line. A `loop` has whole bars, the number nearest to `seconds`. Variation k is drawn from `seed` + k, so that
    each can be made again by itself: the same seed gives the same samples. How boldly it is drawn is as the
    checkpoint's card says unless `temperature` or `top_k` do.
    Raises `UsageError` for a request that the model can't meet, `AudioError` for a recording that can't be used.
    """
    from partita.checkpoint import identity, load, read_card
    from partita.generation import generate_sound
    from partita.models.generator import Generator, Request

    if not 1 <= variations <= MOST_VARIATIONS or seed < 0:
        raise UsageError(f"variations are 1 to {MOST_VARIATIONS} and a seed is 0 or more")
    if extend is not None and loop:
        raise UsageError("a recording that goes on does not lead back into its begin: give --extend or --loop")
    network = load(model)
    if not isinstance(network, Generator):
        raise UsageError(f"{model}: a {network.name} makes no sound; `partita models` says what does")
    prompt = Audio.read(extend) if extend is not None else None
    pace = bpm or _tempo(extend) or (DEFAULT_BPM if extend is None else 0.0)
    if not pace:
        raise UsageError(f"{extend}: carries no tag bpm; say its tempo with --bpm")
    sampling = _sampling(read_card(model), temperature, top_k)
    sounds = []
    for number in range(variations):
        wanted = label or network.labels[number % len(network.labels)]
        request = Request(wanted, seconds, pace, loop, sampling, prompt)
        name = f"{wanted}-{pace:g}bpm-{seed + number}"
        sounds.append(generate_sound(network, request, seed + number, name, progress))
    return Sounds(tuple(sounds), identity(model))


def _tempo(path: str | Path | None) -> float:
    """Beats a minute by a file's tag; 0 where it has none."""
    try:
        return float(read_tags(AudioFile(path).path).get("bpm", 0)) if path is not None else 0.0
    except ValueError:
        return 0.0


def _sampling(card: Mapping[str, Any], temperature: float | None, top_k: int | None) -> Any:
    """How to draw: as said, else as the card has it."""
    from partita.sampling import Sampling

    said = {"temperature": temperature, "top_k": top_k}
    return Sampling(
        **{**card.get("sampling", {}), **{name: value for name, value in said.items() if value is not None}}
    )
