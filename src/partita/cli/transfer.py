"""The command `partita transfer`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from partita.cli.console import complain, note, progress_bar, say, say_json
from partita.errors import UsageError


def transfer(
    content: Path,
    /,
    *,
    to: str,
    out: Path | None = None,
    method: Literal["stems", "vgg19", "lildata", "random-cnn"] = "stems",
    strength: float = 1.0,
    drums: float = 1.0,
    timbre: float = 1.0,
    comping: float = 1.0,
    tempo: Literal["content", "style"] = "content",
    donor: str = "auto",
    guide: str | None = None,
    seed: int = 0,
    plot: Path | None = None,
    controls: Annotated[bool, Parameter(negative=())] = False,
    set: Annotated[list[str] | None, Parameter(negative=())] = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Give a recording the style of another, of a folder, or of a genre in the library.

    Drums and accompaniment heard are the style recording's own sound, so its rights apply to the result, too.

    Examples
    --------
    partita transfer song.mp3 --to disco.mp3

    partita transfer song.mp3 --to ~/Music/Reggae --out reggae.wav

    partita transfer song.mp3 --to disco.mp3 --method lildata --set iterations=100

    partita styles add jazz ~/Music/Jazz && partita transfer song.mp3 --to jazz --strength 0.7

    Parameters
    ----------
    content
        The recording to be changed.
    to
        A recording, a folder of them, or a style's name.
    out
        Where the result goes (.wav, .flac, .ogg, .mp3); by default beside the content.
    method
        How it is done; all but stems are methods of the student reports, slow and without rhythm.
    strength
        How much of the style is taken, 0 to 1.
    drums
        How loud its drums are, 0 to 2; 0 keeps the content's.
    timbre
        How much of its timbre the tones take, 0 to 1.
    comping
        How much of its own playing joins in, on the content's chords, 0 to 1.
    tempo
        Whose tempo the result has.
    donor
        The recording whose style is taken, or auto.
    guide
        The classifier that chooses among recordings; by default one that shares no song with the judge.
    seed
        Draws the sounds that the mosaic is made of.
    plot
        Draw content, style and result (.png, .svg, .pdf), up to half a minute of each.
    controls
        Measure, beside the result, the style's spectrum alone and a donor drawn at random.
    set
        NAME=VALUE, a setting of a report's method.
    json
        Print JSON.
    """
    from partita.settings import parse_settings
    from partita.tasks.transfer import transfer as task

    out = out or content.with_name(f"{content.stem} in {Path(to).stem}.wav")
    if out.suffix.lower() not in {".wav", ".flac", ".ogg", ".mp3"}:
        raise UsageError(f"{out}: sound is written as .wav, .flac, .ogg or .mp3")
    if not out.parent.is_dir():
        raise UsageError(f"{out.parent}: no such folder to write the result to")
    if plot and (plot.suffix.lower() not in {".png", ".svg", ".pdf"} or not plot.parent.is_dir()):
        raise UsageError(f"{plot}: pictures are written as .png, .svg or .pdf, into a folder that exists")
    try:
        with progress_bar("transferring") as progress:
            made = task(
                content, to=to, method=method, strength=strength, drums=drums, timbre=timbre, comping=comping,
                tempo=tempo, donor=donor, guide=guide, seed=seed, controls=controls,
                settings=parse_settings(set or []), progress=progress,
            )  # fmt: skip
    except KeyboardInterrupt:
        complain("stopped; nothing was written")
        return 130
    made.audio.write(out, {"encodedby": f"partita transfer, {method}, seed {seed}, style of {Path(made.donor).name}"})
    if plot:
        from partita import figures

        figures.save(figures.transfer(made.pictures()), plot)
    if json:
        say_json({"out": str(out), **made.json()})
        return 0
    say(f"{out}: in the style of {made.donor}")
    columns = {"content": made.before, **made.controls, "result": made.after}
    say(" " * 30 + "".join(f"{name:>17}" for name in columns))
    for name, words in (
        ("target", f"judge hears {made.target}"),
        ("source", f"judge hears {made.source}"),
        ("chroma", "chords like the content's"),
        ("pulse", "pulse like the style's"),
        ("bar", "bars like the style's"),
        ("spectrum_db", "spectrum off the style's, dB"),
        ("balance_db", "drums to tones, dB off"),
    ):
        say(f"  {words:<28}" + "".join(f"{getattr(measured, name):>17.2f}" for measured in columns.values()))
    judge = made.json()["judge"]
    note(f"The judge knows {judge['right']} of {judge['of']} real clips. The style's own chords are {made.floor:.2f}.")
    if method == "stems":
        note(f"Drums and accompaniment are the sound of {made.donor}: its rights apply to the result, too.")
    for words in made.notes:
        note(words)
    return 0
