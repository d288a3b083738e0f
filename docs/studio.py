"""Make the pictures in docs/studio/: every room of the studio with something in it, light and dark.

    python docs/studio.py                                    # all of them
    python docs/studio.py --only compose --width 390 --whole --out /tmp/pictures

Wants Playwright and a Chromium (`CHROMIUM`, by default the one on the path). All that is seen is made here or bundled.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from partita.audio import Audio
from partita.midi import Note, Score, Tempo, Track
from partita.music import CREDITS

HERE = Path(__file__).parent
THEMES = ("light", "dark")
PATIENCE = 240_000
"""Milliseconds."""

PRELUDE = "C4E4G4C5E5 C4D4A4D5F5 B3D4G4D5F5 C4E4G4C5E5 C4E4A4E5A5 C4D4F#4A4D5 B3D4G4D5G5 B3C4E4G4C5".split()  # noqa: SIM905
"""The first bars of Bach's prelude in C major, BWV 846, five notes of each."""

SMALL = "width=8, copies=1, crop=48, columns=64, hop=64, steps=160, validate_every=8, batch=12, warmup=4"
"""Settings of a training that ends in a minute."""

NAMES = {"C": 0, "D": 2, "E": 4, "F": 5, "F#": 6, "G": 7, "A": 9, "B": 11}


def prelude(higher: int = 0, pace: int = 72) -> Score:
    """The prelude's beginning as it is played: each bar's notes rise twice, in sixteenths.

    It may be so many semitones higher, and faster than 72 beats a minute.
    """
    notes = []
    for bar, chord in enumerate(PRELUDE):
        pitches = [
            higher + NAMES[name] + 12 * (int(octave) + 1) for name, octave in re.findall(r"([A-G]#?)(\d)", chord)
        ]
        for half in range(2):
            for step, place in enumerate((0, 1, 2, 3, 4, 2, 3, 4)):
                tick = 120 * (16 * bar + 8 * half + step)
                held = (960, 840)[step] - 10 if step < 2 else 115
                notes.append(Note(tick, held, pitches[place], 58 + 4 * place + 6 * (step == 0)))
    return Score([Track(notes)], tempos=[Tempo(0, 60_000_000 // pace)])


def clips(piece: str, folder: Path, count: int, seconds: float) -> list[Path]:
    """Clips of a bundled piece, one after another, as files in a folder."""
    whole = Audio.read(Path(str(files("partita"))) / "music" / piece)
    size, made = round(seconds * whole.rate), []
    for number in range(count):
        made.append(folder / f"{Path(piece).stem} {number + 1}.wav")
        replace(whole, samples=whole.samples[:, number * size : (number + 1) * size]).write(made[-1])
    return made


@contextmanager
def studio(state: Path) -> Iterator[str]:
    """The address of a studio with empty folders of its own."""
    environment = {**os.environ, "PARTITA_STATE": str(state), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "partita", "studio", "--no-browser", "--port", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        yield re.findall(r"http://\S+", line)[0]
    finally:
        process.terminate()
        process.wait()


def classify(page: Page, folder: Path) -> None:
    """An answer with what decided it."""
    page.get_by_role("button", name=re.compile("Vibe Ace")).click()
    page.get_by_role("button", name="Find the seconds that decided").click()
    expect(page.get_by_role("button", name=re.compile("^Hear "))).to_be_visible()


def library(page: Page, folder: Path) -> None:
    """The room Classify with several answers."""
    for piece in ("trumpet", "Fishin", "Sugar Plum", "Hungarian"):
        page.goto(f"{page.url.split('#')[0]}#/classify")
        page.get_by_role("button", name=re.compile(piece)).click()
        expect(page.locator(".verdict")).to_be_visible()
    page.goto(f"{page.url.split('#')[0]}#/classify")
    expect(page.locator(".label-choice").first).to_be_visible()


def transfer(page: Page, folder: Path) -> None:
    """Content and result, heard side by side."""
    (song,) = clips("karissa-hobbs-lets-go-fishin.ogg", folder, 1, 24.0)
    page.locator("#transfer-content input").first.set_input_files(song.rename(folder / "Let's Go Fishin.wav"))
    page.get_by_label("Style: a bundled piece").select_option(label="Kevin MacLeod, Vibe Ace")
    expect(page.get_by_label("Strength")).to_be_visible()
    page.get_by_role("button", name="Transfer").click()
    expect(page.get_by_role("region", name="Measurements", exact=True)).to_be_visible()
    page.get_by_role("slider", name="Position in content and result").press("PageUp")


def generate(page: Page, folder: Path) -> None:
    """Loops of a class."""
    page.get_by_label("Class").select_option("funk")
    page.get_by_label("Beats a minute").fill("104")
    page.get_by_label("Variations").fill("2")
    page.get_by_label("Loop").check()
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".sound")).to_have_count(2)


def compose(page: Page, folder: Path) -> None:
    """A prompt with variations, the second one chosen."""
    prelude().write(folder / "Prelude in C.mid")
    page.locator("#compose-prompt input").set_input_files(folder / "Prelude in C.mid")
    expect(page.get_by_role("button", name="Go on from it")).to_be_visible()
    expect(page.get_by_label("Variations")).to_be_visible()
    page.get_by_label("Variations").fill("3")
    page.get_by_label("Seconds", exact=True).fill("12")
    page.get_by_role("button", name="Go on from it").click()
    page.get_by_role("button", name="Hear variation 2").click()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("slider", name=re.compile("^Position in")).press("End")
    for _ in range(6):
        page.get_by_role("slider", name=re.compile("^Position in")).press("ArrowLeft")


def piano(page: Page, folder: Path) -> None:
    """The room Compose with something played."""
    expect(page.get_by_label("Variations")).to_be_visible()
    for letter in "adgkgdahf":
        page.keyboard.press(letter, delay=90)


def train(page: Page, folder: Path) -> None:
    """Curves of a small training on clips of three of the bundled pieces."""
    for label, piece in (("orchestra", "brahms"), ("folk", "karissa"), ("vibraphone", "kevin-macleod-vibe")):
        (file,) = (name for name in CREDITS if name.startswith(piece))
        (folder / "Music" / label).mkdir(parents=True)
        clips(file, folder / "Music" / label, 6, 7.0)
    page.get_by_label("or its place on this machine").fill(str(folder / "Music"))
    page.get_by_role("button", name="Look it over").click()
    page.get_by_label("Name of the new model").fill("my genres")
    learning = page.get_by_role("region", name="Training")
    learning.get_by_text("More options").click()
    learning.get_by_label("Settings").fill(SMALL)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("link", name="Report")).to_be_visible()


def corpus(page: Page, folder: Path) -> None:
    """Recordings of the prelude in several keys, calm and quick."""
    for label, pace in (("calm", 60), ("quick", 112)):
        (folder / "MIDI" / label).mkdir(parents=True)
        for number in range(4):
            prelude(number, pace + 4 * number).write(folder / "MIDI" / label / f"prelude {number + 1}.mid")
    page.get_by_label("Licence", exact=True).fill("CC0")
    page.get_by_label("Name of the corpus").fill("Preludes")
    page.get_by_role("group", name="MIDI files").get_by_label("or its place on this machine").fill(str(folder / "MIDI"))
    page.get_by_role("button", name="Render").click()
    expect(page.get_by_role("region", name="What was rendered")).to_be_visible()


def report(page: Page, folder: Path) -> None:
    """A student report's claims, and what was measured for this version."""
    page.get_by_label("Report", exact=True).select_option("lildata")
    page.get_by_role("button", name="Look at it").click()
    expect(page.frame_locator("iframe.report").get_by_role("heading", name="Measured")).to_be_visible()


def search(page: Page, folder: Path) -> None:
    """A small search on generated sounds."""
    page.get_by_label("Kind of collection").select_option("synthetic")
    page.get_by_label("How many").fill("6")
    page.get_by_label("Kind of model").select_option("genre-linear")
    page.get_by_label("Name of the search").fill("first try")
    page.get_by_label("Trials").fill("12")
    page.get_by_text("More options").click()
    page.get_by_label("Settings").fill("columns=32, hop=32")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.frame_locator("iframe.report").get_by_role("heading", name="Trials")).to_be_visible()


def measure(page: Page, folder: Path) -> None:
    """What can be measured, and what was."""
    expect(page.get_by_role("heading", name="Weigh leaks")).to_be_visible()


def models(page: Page, folder: Path) -> None:
    """All cards."""
    expect(page.get_by_role("heading", name="Pieces for the piano")).to_be_visible()


def card(page: Page, folder: Path) -> None:
    """One card."""
    page.goto(f"{page.url.split('#')[0]}#/models/genre-cnn")
    expect(page.get_by_role("heading", name="Card")).to_be_visible()


ROOMS: dict[str, tuple[str, Callable[[Page, Path], None]]] = {
    "answer": ("classify", classify),
    "library": ("classify", library),
    "transfer": ("transfer", transfer),
    "generate": ("generate", generate),
    "compose": ("compose", compose),
    "piano": ("compose", piano),
    "train": ("train", train),
    "corpus": ("train/corpus", corpus),
    "search": ("measure/tune", search),
    "report": ("measure/reproduce", report),
    "measure": ("measure", measure),
    "models": ("models", models),
    "card": ("models", card),
}


def main() -> None:
    """Visit the rooms and write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "studio")
    parser.add_argument("--only", nargs="*", choices=ROOMS, default=list(ROOMS))
    parser.add_argument("--width", type=int, nargs="*", default=[1280])
    parser.add_argument("--whole", action="store_true", help="whole pages, not what a window shows")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with (
        tempfile.TemporaryDirectory() as folder,
        studio(Path(folder) / "state") as address,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--mute-audio"])
        page = browser.new_page(reduced_motion="reduce")
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.on("pageerror", lambda error: sys.exit(f"an error in the page: {error}"))
        for name in asked.only:
            room, visit = ROOMS[name]
            page.set_viewport_size({"width": 1280, "height": 860})
            page.goto(f"{address}#/{room}")
            visit(page, Path(tempfile.mkdtemp(dir=folder)))
            for width in asked.width:
                for theme in THEMES:
                    taken(page, asked.out, name, width, theme, whole=asked.whole)
        browser.close()


def taken(page: Page, out: Path, name: str, width: int, theme: str, *, whole: bool) -> None:
    """Write one picture as WebP."""
    page.set_viewport_size({"width": width, "height": 860})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    page.wait_for_timeout(400)
    picture = Image.open(BytesIO(page.screenshot(full_page=whole)))
    place = out / f"{name}-{theme}{'' if width == 1280 else f'-{width}'}.webp"
    picture.convert("RGB").save(place, quality=82, method=6)
    print(f"{place}: {place.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
