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
     "nothing on the bar lines at 2.3 and 4.6 s; strokes just before the beat; one cymbal rings on through everything"),
    ("funk", 124, 8, False, 18,
     "eighths hold, all alike, hardly a backbeat; partials ring for half a second at 5.1 s, where the beat is lost"),
    ("hiphop", 90, 10, True, 15,
     "one clap in the first bar and one in the third; an open hi-hat that hisses on; no low drum from 5.8 to 7.5 s"),
    ("hiphop", 84, 8, False, 20,
     "one clap a bar, none in the third; hi-hat and low drum keep to no pattern; it thins out in the last second"),
    ("latin", 110, 8, False, 14,
     "short rolls, one after the other for eight seconds, over a low drum that hums; no bar can be told"),
    ("latin", 130, 8, True, 19,
     "a pattern that comes back, but a hole of half a second near each bar line; it could be any style"),
    ("rock", 120, 8, False, 11,
     "backbeats hold over a hum of low drums; the hi-hat comes and goes, and at 6.9 s a stroke is off the beat"),
    ("jazz", 150, 8, False, 13,
     "even eighths that do not swing; a hum under everything; a cymbal bursts in at 6.4 s and never comes back"),
)  # fmt: skip
"""Class, beats a minute, seconds, whether it is a loop, seed, and what is wrong with it."""
HEAD = """# Generated clips

Made by `docs/listen_generate.py` with the shipped `beat-transformer` as its card says \
(temperature {temperature:g}).
Its weights were trained on performances of the Groove MIDI Dataset (Google, CC BY 4.0; Gillick et al. 2019) rendered
with the soundfont FluidR3 (MIT); they and these clips are MIT, like the package, but for patches of a 64th of a bar
that they take from those performances, which are CC BY 4.0. Each can be made again, to the sample, say the first by

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
