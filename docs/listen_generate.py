"""Make the clips to listen to: python docs/listen_generate.py [PICTURES]. Writes docs/listen/generate/.

With a folder PICTURES it also draws the spectrograms that the remarks were written from.
"""

import sys
from importlib.metadata import version
from pathlib import Path

import partita
from partita.checkpoint import read_card
from partita.generation import Generated, tags_of
from partita.metrics.audio import periodicity, temporal_novelty
from partita.models.generator import COPIED

OUT = Path(__file__).parent / "listen" / "generate"
CLIPS = (
    ("funk", 104, 8, True, 12,
     "backbeats fall half a beat off at 2.0 and 3.1 s; a cymbal out of nowhere hides half a second at 4.6 s"),
    ("funk", 124, 8, False, 18,
     "backbeats hold until a cymbal and a stroke drown a second at 3.9 s; the next is missing; little low drum"),
    ("hiphop", 90, 10, True, 15,
     "an open hi-hat hisses through it all; one clap a bar, now on this beat, now on that; none between 2.1 and 4.6 s"),
    ("hiphop", 84, 8, False, 20,
     "hi-hats stop after two seconds and come back as another piece's; holes of half a second from 3 to 5.7 s"),
    ("latin", 110, 8, False, 14,
     "a stroke every two beats, always half a beat beside the beat; the low drum is hardly there; it could be funk"),
    ("latin", 130, 8, True, 19,
     "accents that keep to no pattern; a cymbal like a bell at 4.6 and 6.0 s; a low drum hums from begin to end"),
    ("rock", 120, 8, False, 11,
     "strokes on each beat over a hum of low drums, all alike; half a second without any at 2.0 s"),
    ("jazz", 150, 8, False, 13,
     "a cymbal rings for two seconds and never comes back; the roll from 6.2 s on is of another piece; nothing swings"),
)  # fmt: skip
"""Class, beats a minute, seconds, whether it is a loop, seed, and what is wrong with it."""
HEAD = """# Generated clips

Made by `docs/listen_generate.py` with the shipped `beat-transformer` as its card says \
(temperature {temperature:g}).
Its weights were trained on performances of the Groove MIDI Dataset (Google, CC BY 4.0; Gillick et al. 2019) rendered
with the soundfont FluidR3 (MIT); they and these clips are MIT, like the package. Each can be made again, to the sample,
say the first by

    partita generate funk --bpm 104 --seconds 8 --loop --seed 12 --out funk.ogg

The eight requests that were tried gave these, none was left out. Nobody has listened; what is wrong with each was
read from its spectrogram. Held-out real clips have a regularity of the beat of 0.35 on average; none of these copies
training (`like`: the likeness of those two seconds that are likest, a copy from {copied:g} on).

| clip | asked for | seconds | silent | beat | novelty | like | faults | what is wrong |
|---|---|---|---|---|---|---|---|---|
"""
TAIL = """
`silent` is the share of time more than 60 dB below the loudest moment, `beat` the greatest autocorrelation of onsets,
`novelty` how much half seconds differ from all before them; `faults` are what the checks of `generate` find. All peak
at -1 dB, none clips or carries an offset.
"""


def line(name: str, wanted: str, sound: Generated, remark: str) -> str:
    """A row of the table."""
    samples, rate = sound.audio.samples[0], sound.audio.rate
    cells = [
        f"[{name}]({name}.ogg)",
        wanted,
        f"{sound.audio.seconds:.2f}",
        f"{sound.health.silent:.0%}",
        f"{periodicity(samples, rate):.2f}",
        f"{temporal_novelty(samples, rate):.1f} dB",
        f"{sound.drawn.likeness:.2f}",
        "; ".join(sound.faults) or "none",
        remark,
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Make, write, draw."""
    OUT.mkdir(parents=True, exist_ok=True)
    pictures = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    lines = []
    for label, bpm, seconds, loop, seed, remark in CLIPS:
        made = partita.generate(label, bpm=bpm, seconds=seconds, loop=loop, seed=seed)
        (sound,), name = made.made, f"{label}-{bpm}bpm-{seed}"
        sound.audio.write(OUT / f"{name}.ogg", tags_of(sound, made.model, version("partita")))
        if pictures:
            made.write(pictures / f"{name}.ogg")
        lines.append(line(name, f"{label} {bpm}{', loop' if loop else ''}, {seconds} s, seed {seed}", sound, remark))
        print(lines[-1], flush=True)
    card = read_card("beat-transformer")
    head = HEAD.format(**card["sampling"], copied=COPIED)
    (OUT / "README.md").write_text(head + "\n".join(lines) + "\n" + TAIL, encoding="utf-8")


if __name__ == "__main__":
    main()
