"""compose: continue a piece, fill a span of it anew, or write a new one, and say whether it is a copy.

`compose` gives a `Batch` of variations, which `Batch.write` writes as MIDI files with a picture and a card. Notes are
heard while they are decided through `listen`.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partita.errors import CheckpointError, UsageError
from partita.events import DRUMS
from partita.files import replacing
from partita.midi import Score

if TYPE_CHECKING:
    from partita.composing import Event, Place, Rework, Reworked, Wishes
    from partita.composing.training_set import Shared, TrainingSet
    from partita.models.composer import Composer

DEFAULT_MODEL = "note-transformer"

LONGEST = 3600.0
"""Seconds of the longest music that is composed at once."""

MOST_VARIATIONS = 100


@dataclass(frozen=True, eq=False)
class Composition:
    """One variation: the whole `score`, and the new `part` of it alone, whose ticks are milliseconds.

    `repairs` says what the guards mended, `unmended` the fault that they gave up on, `originality` what the part
    shares with the training set (None where the checkpoint has no index of it).
    """

    score: Score
    part: Score
    repairs: tuple[str, ...]
    unmended: str | None
    originality: "Shared | None"

    def json(self) -> dict[str, Any]:
        """What was measured, JSON-ready."""
        return {
            **measures(self.part),
            "repairs": list(self.repairs),
            "unmended": self.unmended,
            "originality": None if self.originality is None else self.originality.json(),
        }


@dataclass(frozen=True, eq=False)
class Batch:
    """The variations that one request gave, the `place` in the score they were written for, and all settings."""

    compositions: tuple[Composition, ...]
    place: "Place"
    settings: dict[str, Any]
    remarks: tuple[str, ...]

    def card(self, files: Sequence[str] = ()) -> dict[str, Any]:
        """What was asked for and what was measured, JSON-ready; `files` names the variations' files."""
        variations = [
            {"file": files[number] if files else None, **made.json()} for number, made in enumerate(self.compositions)
        ]
        return {**self.settings, "remarks": list(self.remarks), "variations": variations}

    def write(self, out: str | Path | None = None, *, picture: bool = True, wav: bool = False) -> list[Path]:
        """Write a MIDI file for each variation, a picture and a card of all, and with `wav` the sound of each.

        `out` is a .mid file, whose name gets numbers where there are several, or a folder; without it names are made
        from the prompt's and files are put where the command runs. All files appear together or none does. Raises
        `UsageError` where `out` can't be written to or would replace the prompt, `MidiError` where there is too much
        to render.
        """
        from partita import figures, score_figures
        from partita.checkpoint import write_json
        from partita.render import render

        prompt = self.place.score.name if self.settings["prompt"] else None
        manner = "varied" if self.settings["rework"] else "filled" if self.place.replaces else "continued"
        stem = destination(out, prompt, manner)
        stem.parent.mkdir(parents=True, exist_ok=True)
        count = len(self.compositions)
        scores = [stem.with_name(f"{stem.name}{f'-{i + 1}' if count > 1 else ''}.mid") for i in range(count)]
        card = stem.with_name(f"{stem.name}.json")
        written = [*scores, card]
        with ExitStack() as files:

            def opened(path: Path) -> Path:
                return files.enter_context(replacing(path))

            write_json(opened(card), self.card([path.name for path in scores]))  # appears last, so that it is true
            for path, made in zip(scores, self.compositions, strict=True):
                opened(path).write_bytes(made.score.to_bytes())
                if wav:
                    sound = path.with_suffix(".wav")
                    render(made.score).write(opened(sound))
                    written.append(sound)
            if picture:
                drawn = stem.with_name(f"{stem.name}.png")
                figures.save(
                    score_figures.composition(self.place, [made.part for made in self.compositions]), opened(drawn)
                )
                written.append(drawn)
        return written


def compose(
    prompt: str | Path | Score | None = None,
    *,
    seconds: float = 30.0,
    variations: int = 1,
    infill: str | tuple[float, float] | None = None,
    vary: float | None = None,
    toward: str | Path | Score | None = None,
    model: str = DEFAULT_MODEL,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    key: str | None = None,
    tempo: float | None = None,
    density: float | None = None,
    guard: bool = True,
    seed: int = 0,
    device: str = "auto",
    listen: "Callable[[int, Event], None] | None" = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Batch:
    """Continue a MIDI file or a `Score` for so many `seconds`, or write a new piece where there is no `prompt`.

    `infill` ("12:20" or (12, 20), seconds) replaces the pitched notes that begin in that span instead; nothing else is
    touched. `vary` (0 gives the prompt back, 1 is a new piece) varies its first `seconds` instead, and `toward` another
    score gives `variations` pieces on the way there, evenly spread; few models can, such as aaa-vae-notes. `model` is a
    shipped name or a checkpoint's folder. What is not said of sampling is as the checkpoint's card says. A new piece
    can be asked for in a `key` ("D", "F# minor"), with `tempo` beats a minute, and with so many notes a second
    (`density`); what came out is measured. With `guard`, loops, silence and crowds of notes are written again. The same
    `seed` gives the same notes. `listen(variation, event)` is called with each note or pedal as soon as it is settled,
    its tick in milliseconds from the beginning of the new music; `progress(done, total, words)` with seconds of music.

    Raises `MidiError` for a prompt that can't be used, `UsageError` for a request that can't be met.
    """
    from partita.checkpoint import identity, read_card
    from partita.composing import Key, Limits, Stream, Wishes
    from partita.sampling import Sampling

    _check(seconds, variations, seed)
    wishes = Wishes(Key.named(key) if key else None, tempo, density)
    rework = None if vary is None and toward is None else _rework(prompt, seconds, infill, vary, toward)
    place, named = _place(prompt, seconds, infill, wishes, seed, rework)
    composer = _composer(model, device)
    card = read_card(model)
    said = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p}
    sampling = Sampling.of(card.get("sampling", {}), **said)
    known = _training_set(model)
    remarks = _remarks(place, composer, card, known is not None)
    limits = Limits() if guard and composer.continues else None
    made = []
    for variation in range(variations):
        done = variation * place.seconds

        def tell(milliseconds: int, done: float = done, number: int = variation) -> None:
            if progress:
                words = f"variation {number + 1}" if variations > 1 else ""
                progress(round(done + milliseconds / 1000), round(variations * place.seconds), words)

        tell(0)
        stream: Stream | Reworked
        if rework:
            stream = rework.stream(composer, seed, variation, variations)
        else:
            stream = Stream(composer, place, sampling, (seed, variation), limits, tell)
        events = []
        for event in stream:
            events.append(event)
            if listen:
                listen(variation, event)
        tell(stream.length)
        part = place.part(events)
        shared = known.compare(part) if known else None
        repairs = tuple(map(str, stream.repairs))
        made.append(Composition(place.filled(events), part, repairs, stream.unmended, shared))
    settings = {
        "model": identity(model),
        "seed": seed,
        "sampling": asdict(sampling),
        "guard": asdict(limits) if limits else None,
        "prompt": named,
        "begin": round(place.begin_seconds, 3),
        "seconds": round(place.seconds, 3),
        "infill": place.replaces,
        "rework": {"vary": vary, "toward": _named(rework.second)} if rework else None,
        "wishes": {"key": str(wishes.key) if wishes.key else None, "tempo": tempo, "density": density},
    }
    return Batch(tuple(made), place, settings, remarks)


def destination(out: str | Path | None, prompt: str | Path | None, manner: str = "continued") -> Path:
    """The path, without an ending, that all files of a batch are named after; `manner` says what befell the prompt.

    Raises `UsageError` for an ending other than .mid or .midi, for a file's folder that does not exist, or where the
    prompt itself would be replaced.
    """
    name = f"{Path(prompt).stem}-{manner}" if prompt else "new-piece"
    path = Path(out or name)
    if out and (path.is_dir() or not path.suffix):
        path /= name
    elif out and path.suffix.lower() not in (".mid", ".midi"):
        raise UsageError(f"{out}: music is written as .mid, or into a folder")
    elif not path.parent.is_dir():
        raise UsageError(f"{path.parent}: no such folder to write the music to")
    elif out:
        path = path.with_suffix("")
    if prompt and path.with_name(f"{path.name}.mid").resolve() == Path(prompt).resolve():
        raise UsageError(f"{out}: is the prompt itself, which stays as it is; choose another name")
    return path


def measures(part: Score) -> dict[str, Any]:
    """What `metrics.symbolic` says of new music, JSON-ready; None where nothing can be said."""
    from partita.composing import Key
    from partita.metrics.symbolic import Passage
    from partita.metrics.symbolic.pieces import pitch_class_entropy, polyphony, scale_consistency

    passage = Passage.of(part)
    if not len(passage):
        return {"notes": 0, "notes_per_second": 0.0, "pedals": len(part.pedals())}
    return {
        "notes": len(passage),
        "notes_per_second": round(len(passage) / part.seconds, 3),
        "pedals": len(part.pedals()),
        "lowest": int(passage.pitch.min()),
        "highest": int(passage.pitch.max()),
        "mean_velocity": round(float(passage.velocity.mean()), 2),
        "polyphony": round(polyphony(passage), 3),
        "pitch_class_entropy": round(pitch_class_entropy(passage), 3),
        "scale_consistency": round(scale_consistency(passage), 3),
        "key": str(Key.found(part)),
    }


def _check(seconds: float, variations: int, seed: int) -> None:
    if not 0 < seconds <= LONGEST:
        raise UsageError(f"seconds is above 0 and up to {LONGEST:.0f}, not {seconds:g}")
    if not 1 <= variations <= MOST_VARIATIONS:
        raise UsageError(f"variations is 1 to {MOST_VARIATIONS}, not {variations}")
    if seed < 0:
        raise UsageError(f"seed is a number from 0 up, not {seed}")


def _place(
    prompt: str | Path | Score | None,
    seconds: float,
    infill: str | tuple[float, float] | None,
    wishes: "Wishes",
    seed: int,
    rework: "Rework | None",
) -> "tuple[Place, dict[str, Any] | None]":
    """Where to compose, and what the card says of the prompt."""
    from partita.composing import Place

    if prompt is None:
        if infill is not None:
            raise UsageError("infill needs a MIDI file to fill in")
        return Place.empty(seconds, wishes, seed), None
    if wishes:
        raise UsageError("key, tempo and density are wishes for a new piece; a prompt has its own")
    score = prompt if isinstance(prompt, Score) else Score.read(prompt)
    if rework:
        place = Place.empty(rework.seconds)
        return replace(place, score=replace(place.score, name=score.name)), _named(score)
    place = Place.after_all(score, seconds) if infill is None else Place.inside(score, *_span(infill))
    return place, _named(score)


def _named(score: Score | None) -> dict[str, Any] | None:
    """What the card says of a score."""
    if score is None:
        return None
    digest = hashlib.sha256(score.to_bytes()).hexdigest()
    return {"file": Path(score.name).name, "seconds": round(score.seconds, 3), "sha256": digest}


def _rework(
    prompt: str | Path | Score | None,
    seconds: float,
    infill: str | tuple[float, float] | None,
    vary: float | None,
    toward: str | Path | Score | None,
) -> "Rework":
    from partita.composing import Rework, opening

    if prompt is None or infill is not None or (vary is not None and toward is not None):
        raise UsageError("vary and toward want a prompt; they go neither with infill nor with one another")
    first, second = (
        None if score is None else opening(score if isinstance(score, Score) else Score.read(score), seconds)
        for score in (prompt, toward)
    )
    assert first is not None
    return Rework(first, second, vary or 0.0)


def _span(infill: str | tuple[float, float]) -> tuple[float, float]:
    """Begin and end of a span in seconds.

    >>> _span("12:20.5"), _span((12, 20.5))
    ((12.0, 20.5), (12.0, 20.5))
    """
    try:
        begin, end = map(float, infill.split(":") if isinstance(infill, str) else infill)
    except ValueError:
        raise UsageError(f"infill is a span in seconds, such as 12:20, not {infill!r}") from None
    return begin, end


def _composer(model: str, device: str) -> "Composer":
    from partita.checkpoint import load
    from partita.models.base import choose_device
    from partita.models.composer import Composer

    loaded = load(model, choose_device(device))
    if not isinstance(loaded, Composer):
        raise CheckpointError(f"{model}: is a {loaded.name}, which does not compose")
    return loaded


def _training_set(model: str) -> "TrainingSet | None":
    from partita.checkpoint import find
    from partita.composing.training_set import TrainingSet

    return TrainingSet.read(find(model))


def _remarks(place: "Place", composer: "Composer", card: Mapping[str, Any], known: bool) -> tuple[str, ...]:
    """What a user should know about a request before looking at its results."""
    from partita.composing.stream import steers

    remarks = []
    if place.before:
        used, whole = composer.context_seconds(place.before), place.before.seconds
        if used < whole:
            remarks.append(f"of {whole:.0f} s before the new music the model looks at the last {used:.1f}")
    if drums := sum(len(track.notes) for track in place.score.tracks if track.channel == DRUMS):
        remarks.append(f"{drums} notes of drums are kept and not looked at")
    if place.coarseness:
        remarks.append(f"a tick of this file is {1000 * place.coarseness:.0f} ms: new notes lie as near as that allows")
    if place.lean and not steers(composer):
        remarks.append("this model is shown key and tempo in a prelude and then goes on as it likes")
    if licence := card.get("licence"):
        remarks.append(f"licence of the model: {licence}")
    if not known:
        remarks.append("this checkpoint has no index of its training set, so nothing is said about copies")
    return tuple(remarks)
