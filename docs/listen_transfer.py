"""Make the transfers to listen to: python docs/listen_transfer.py [PICTURES]. Writes docs/listen/transfer/.

All sound is bundled with partita and may be passed on. With a folder PICTURES it also draws the spectrograms that the
remarks were written from.
"""

import sys
from importlib.resources import files
from pathlib import Path

import numpy as np

from partita import figures
from partita.audio import Audio
from partita.music import CREDITS
from partita.tasks.transfer import Transferred, transfer
from partita.transfers.library import styles

OUT = Path(__file__).parent / "listen" / "transfer"
RATE, SECONDS = 32_000, 9
COMPING = 0.5
"""With all of it the contents' melodies are hard to find under the accompaniment."""
PAIRS = (
    ("karissa-hobbs-lets-go-fishin.ogg", 20, "reggae", 0,
     "the singer (2 to 8 s) is gone above 2 kHz and faint below, under skank and bass; the judge hears no reggae"),
    ("karissa-hobbs-lets-go-fishin.ogg", 60, "disco", 0,
     "as dense as the style throughout: the voice from 4 s on can no longer be made out among the strings"),
    ("brahms-hungarian-dance-5.ogg", 10, "metal", 1,
     "the orchestra's rest at 3.5 s is filled: a wall of guitars in which the tune's single notes are hard to follow"),
    ("brahms-hungarian-dance-5.ogg", 25, "hiphop", 0,
     "beats of a rubato were tracked unevenly, so the drums stumble at 4.0 and 4.8 s; of bowed notes little is left"),
    ("kevin-macleod-sugar-plum-fairy.ogg", 20, "rock", 0,
     "the celesta's notes melt into the guitars, which roar on from 1 to 6 kHz where it is silent"),
    ("kevin-macleod-sugar-plum-fairy.ogg", 40, "disco", 1,
     "one boom at 4.2 s takes headroom, so that the rest is faint; attacks are blurred"),
    ("kevin-macleod-vibe-ace.ogg", 20, "country", 0,
     "the backbeat is the style's, the vibraphone's sharp attacks are now strums that smear into one another"),
    ("kevin-macleod-vibe-ace.ogg", 50, "metal", 0,
     "of the vibraphone's pauses three gaps are left; nothing of it can be seen above 1 kHz"),
)  # fmt: skip
"""Content, second to begin at, style and which of its recordings, and what is wrong with the result."""
HEAD = """# Transfers to listen to

Before and after, 9 s each, mono, made by `docs/listen_transfer.py` of bundled sound alone, with `--comping 0.5`. Drums
and accompaniment of each result are the sound of its style, which is CC BY 4.0
([sources](../../../src/partita/transfers/styles/ATTRIBUTION.md)), so it falls under the terms of both. P is the judge's
probability of the style's label before and after; chords are like the content's, bars like the style's (1 is the
same). What is wrong was read from the spectrograms: nobody has listened.

| before | after | P | chords | bars | content | style | what is wrong |
|---|---|---|---|---|---|---|---|
"""


def excerpt(name: str, start: int) -> Audio:
    """Nine seconds of a bundled recording, mono at 32 kHz."""
    whole = Audio.read(Path(str(files("partita") / "music" / name)))
    samples = whole.mono(RATE)[start * RATE : (start + SECONDS) * RATE]
    return Audio(samples[None], RATE, name)


def line(number: int, made: Transferred, style: str, remark: str) -> str:
    """A row of the table."""
    before, after = made.before, made.after
    cells = [
        f"[{number}-before.ogg]({number}-before.ogg)",
        f"[{number}-after.ogg]({number}-after.ogg)",
        f"{before.target:.2f} to {after.target:.2f}",
        f"{after.chroma:.2f}",
        f"{before.bar:.2f} to {after.bar:.2f}",
        CREDITS[made.content.name],
        f"{style}/{Path(made.donor).name}",
        remark,
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Make, write, draw."""
    OUT.mkdir(parents=True, exist_ok=True)
    lines, library = [], styles()
    for number, (name, start, style, which, remark) in enumerate(PAIRS, start=1):
        content = excerpt(name, start)
        made = transfer(content, to=style, comping=COMPING, donor=str(library[style][which]))
        loud = np.float32(0.5 / max(np.abs(content.samples).max(), 1e-6))
        tags = {"comment": f"content: {CREDITS[name]}; style: partita {style}/{Path(made.donor).name} (CC BY 4.0)"}
        Audio(content.samples * loud, RATE).write(OUT / f"{number}-before.ogg", tags)
        made.audio.write(OUT / f"{number}-after.ogg", tags)
        lines.append(line(number, made, style, remark))
        if len(sys.argv) > 1:
            figures.save(figures.transfer(made.pictures()), Path(sys.argv[1]) / f"{number}.png")
    (OUT / "README.md").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
