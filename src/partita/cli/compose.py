"""The command `partita compose`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from partita.cli.console import clock, complain, note, progress_bar, say, say_json
from partita.tasks.compose import DEFAULT_MODEL, destination

if TYPE_CHECKING:
    from partita.tasks.compose import Batch


def compose(
    prompt: Path | None = None,
    /,
    *,
    seconds: float = 30.0,
    variations: int = 1,
    infill: str | None = None,
    vary: float | None = None,
    toward: Path | None = None,
    out: Path | None = None,
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
    wav: Annotated[bool, Parameter(negative=())] = False,
    picture: bool = True,
    json: Annotated[bool, Parameter(negative=())] = False,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> int:
    """Continue a MIDI file, fill a span of it anew, or write a new piece; and say whether it is a copy.

    Writes a MIDI file for each variation, a piano-roll picture and a card (.json) of all. Everything in the file stays
    as it is; new notes are a track of their own, on the instrument with most notes.

    Examples
    --------
    partita compose piece.mid --seconds 30 --variations 4

    partita compose

    partita compose piece.mid --infill 12:20 --out filled.mid

    partita compose piece.mid --vary 0.4 --variations 4 --model aaa-vae-notes

    partita compose piece.mid --toward other.mid --variations 3 --model aaa-vae-notes

    partita compose --key "F# minor" --tempo 80 --density 5

    partita compose piece.mid --temperature 1.1 --min-p 0.05 --seed 7 --wav

    Parameters
    ----------
    prompt
        The MIDI file to go on from; without one, a new piece is written.
    seconds
        How long the new music is, to the tick; with --infill the span says it.
    variations
        How many to write, each with random numbers of its own.
    infill
        Replace the pitched notes that begin in this span of seconds, such as 12:20, and nothing else.
    vary
        Vary the first --seconds of the prompt instead: 0 gives it back, 1 is a new piece. For --model aaa-vae-notes.
    toward
        Another MIDI file: --variations pieces on the way there, evenly spread. For --model aaa-vae-notes.
    out
        A .mid file, or a folder; by default PROMPT-continued.mid, PROMPT-filled.mid or new-piece.mid, here.
    model
        A shipped model or a checkpoint's folder; `partita models` lists the shipped ones.
    temperature
        Above 1 bolder, below 1 tamer, 0 always the likeliest; the checkpoint's own if it is not given, as all of these.
    top_k
        Draw among so many of the likeliest tokens; 0 takes all.
    top_p
        Draw among the likeliest tokens that have this share together.
    min_p
        Draw among tokens of at least this share of the likeliest one's probability.
    key
        A key for a new piece, such as D, "F# minor" or Bbm; pitches lean towards it, and what came out is measured.
    tempo
        Beats a minute for a new piece; onsets lean towards its eighths, and the file has its grid.
    density
        Notes a second for a new piece.
    guard
        Write again where the music loops, falls silent or crowds.
    seed
        The same seed gives the same notes.
    wav
        Also write the sound of each variation.
    picture
        Also draw a piano roll (.png).
    json
        Print the card as one JSON object instead of words.
    device
        Where the model runs.
    """
    from partita.tasks.compose import compose as run

    reworks = vary is not None or toward is not None
    manner = "filled" if infill is not None else "varied" if reworks else "continued"
    destination(out, prompt, manner)  # a bad place is said before the work, not after it
    try:
        with progress_bar("composing (s)") as progress:
            batch = run(
                prompt,
                seconds=seconds,
                variations=variations,
                infill=infill,
                vary=vary,
                toward=toward,
                model=model,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
                min_p=min_p,
                key=key,
                tempo=tempo,
                density=density,
                guard=guard,
                seed=seed,
                device=device,
                progress=progress,
            )
        written = batch.write(out, picture=picture, wav=wav)
    except KeyboardInterrupt:
        complain("stopped; nothing was written")
        return 130
    if json:
        say_json(batch.card([path.name for path in written[:variations]]))
    else:
        _tell(batch, written)
    return 0


def _tell(batch: "Batch", written: list[Path]) -> None:
    """What was written and measured, in words."""
    for remark in batch.remarks:
        note(remark)
    for path, made in zip(written, batch.compositions, strict=False):
        known = made.json()
        say(
            f"{path}: {batch.place.seconds:.2f} s new from {clock(batch.place.begin_seconds)} on, "
            f"{known['notes']} notes ({known['notes_per_second']:.1f} a second), {known.get('key', 'no key')}"
        )
        for repair in made.repairs:
            say(f"    {repair}")
        if made.unmended:
            say(f"    {made.unmended} comes again and again and was left from there on")
        if made.originality:
            say(f"    {made.originality}")
    say(f"also written: {', '.join(str(path) for path in written[len(batch.compositions) :])}")
