"""The command `partita info`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from partita.audio import AudioFile
from partita.cli.console import clock, complain, say, say_json
from partita.errors import AudioError, MidiError
from partita.tags import read_tags


def info(*files: str, json: Annotated[bool, Parameter(negative=())] = False) -> int:
    """Show what files are: format, length, rate, channels and tags of audio; tracks, tempo and signatures of MIDI.

    Parameters
    ----------
    files
        Audio, video or MIDI files (.mid, .midi).
    json
        Print one JSON object a line.
    """
    failed = 0
    for file in files:
        try:
            shown, lines = _score(file) if Path(file).suffix.lower() in {".mid", ".midi", ".rmi"} else _audio(file)
        except (AudioError, MidiError) as error:
            failed += 1
            complain(str(error))
            if json:
                say_json({"file": file, "error": error.reason})
            continue
        if json:
            say_json({"file": file, **shown})
            continue
        for line in lines:
            say(line)
    if not files:
        complain("name at least one file")
    return 2 if failed == len(files) else 1 if failed else 0


def _audio(file: str) -> tuple[dict[str, Any], list[str]]:
    """What an audio file's header and tags say, as JSON and as lines."""
    header = AudioFile(file).info()
    tags = read_tags(file)
    length = "unknown length" if header.seconds is None else f"{clock(header.seconds)} ({header.seconds:.2f} s)"
    head = f"{file}: {header.container} ({header.codec}), {length}, {header.rate} Hz, {header.channels} channels"
    return {**asdict(header), "tags": tags}, [head, *(f"    {key}: {value}" for key, value in tags.items())]


def _score(file: str) -> tuple[dict[str, Any], list[str]]:
    """What a MIDI file holds, as JSON and as lines."""
    from partita.midi import Score

    score = Score.read(file)
    tracks = [
        {
            "name": track.name,
            "channel": track.channel + 1,
            "program": track.program,
            "family": track.family,
            "notes": len(track.notes),
            "controls": len(track.controls),
            "bends": len(track.bends),
            "pedals": len(track.pedals),
        }
        for track in score.tracks
    ]
    pace = [60e6 / microseconds for microseconds in score.tempos["microseconds"].tolist()] or [120.0]
    times = list(dict.fromkeys(f"{n}/{d}" for n, d in score.time_signatures[["numerator", "denominator"]].tolist()))
    keys = list(dict.fromkeys(_key(sharps, minor) for _, sharps, minor in score.key_signatures.tolist()))
    notes = sum(len(track.notes) for track in score.tracks)
    shown = {
        "seconds": score.seconds,
        "ticks_per_beat": score.ticks_per_beat,
        "notes": notes,
        "tempo_changes": len(score.tempos),
        "beats_per_minute": [min(pace), max(pace)],
        "time_signatures": times,
        "key_signatures": keys,
        "tracks": tracks,
    }
    tempo = f"{min(pace):.4g}" + (f" to {max(pace):.4g}" if max(pace) > min(pace) else "")
    lines = [
        f"{file}: MIDI, {clock(score.seconds)} ({score.seconds:.2f} s), {notes} notes in {len(tracks)} tracks, "
        f"{score.ticks_per_beat} ticks a beat",
        f"    tempo: {tempo} beats a minute, set {len(score.tempos)} times",
        f"    time: {', '.join(times) or 'not stated'}; key: {', '.join(keys) or 'not stated'}",
    ]
    lines += [
        f"    channel {track['channel']}, program {track['program']} ({track['family']}): {track['notes']} notes, "
        f"{track['pedals']} pedals, {track['controls']} controls, {track['bends']} bends"
        + (f": {' '.join(str(track['name']).split())}" if track["name"] else "")
        for track in tracks
    ]
    return shown, lines


def _key(sharps: int, minor: int) -> str:
    """The name of a key from its sharps (flats are negative).

    >>> _key(-3, 1), _key(2, 0)
    ('C minor', 'D major')
    """
    fifths = ["F", "C", "G", "D", "A", "E", "B"]
    place = sharps + (4 if minor else 1)
    return fifths[place % 7] + {-1: "b", 0: "", 1: "#"}[place // 7] + (" minor" if minor else " major")
