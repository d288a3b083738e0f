"""The studio's rooms Compose, Generate and Transfer in a real browser, from drop to download."""

import io
import os
import re
import wave
from pathlib import Path

import numpy as np
import pytest

if not os.environ.get("CI"):  # where it has to be there
    pytest.importorskip("playwright", reason="Playwright is not installed: the studio's page is not tried")

from playwright.sync_api import Locator, expect
from studio_page import Visit, check

from partita.midi import Note, Score, Track

NOTES = [Note(480 * beat, 480, 60 + 2 * (beat % 6), 80) for beat in range(8)]
PIECE = "Mihai Sorohan, solo trumpet in F, 90 bpm"


@pytest.fixture(scope="module")
def prompt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of a whole-tone scale."""
    path = tmp_path_factory.mktemp("music") / "Scale.mid"
    Score([Track(NOTES)]).write(path)
    return path


def seconds_of(data: bytes) -> float:
    with wave.open(io.BytesIO(data)) as sound:
        return sound.getnframes() / sound.getframerate()


def moves(output: Locator) -> None:
    """The time that is shown goes on."""
    before = output.inner_text()
    expect(output).not_to_have_text(before)


def test_a_prompt_is_gone_on_from_and_filled_anew(visit: Visit, prompt: Path) -> None:
    page = visit.page
    visit.enter("compose")
    visit.drop(".drop", prompt)
    expect(page.get_by_role("heading", level=1)).to_have_text("Scale.mid")
    page.get_by_label("Model").select_option("markov")
    page.get_by_label("Variations").fill("2")
    page.get_by_label("Seconds", exact=True).fill("3")
    page.get_by_role("button", name="Go on from it").click()
    takes = page.get_by_role("region", name="Variations")
    expect(takes.get_by_role("button", name="Hear variation")).to_have_count(2)
    expect(takes).to_contain_text("learnt from")
    page.get_by_role("button", name="Hear variation 2").click()
    moves(page.locator("output.time"))
    page.get_by_role("button", name="Pause").click()
    score = Score.from_bytes(visit.save("Download Scale-continued-2.mid"))
    assert [tuple(note)[2] for note in score.notes()[: len(NOTES)]] == [note.pitch for note in NOTES]
    assert seconds_of(visit.save("Download Scale-continued-2.wav")) == pytest.approx(4 + 3 + 1.5, abs=0.01)
    check(visit)
    roll = page.get_by_role("slider", name="Position in Scale.mid")
    roll.focus()
    page.keyboard.press("Home")
    for _ in range(2):
        page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_label("Span to, seconds")).to_have_value("2")
    page.get_by_label("Model").select_option("note-transformer-maestro")
    page.get_by_role("button", name="Fill 0 to 2 s anew").click()
    expect(page.get_by_role("main")).to_contain_text("0:00 to 0:02 was written anew")


def test_a_span_is_drawn_on_the_roll(visit: Visit, prompt: Path) -> None:
    page = visit.page
    visit.enter("compose")
    visit.drop(".drop", prompt)
    box = page.get_by_role("slider", name="Position in Scale.mid").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 80, steps=4)
    page.mouse.up()
    begin, end = (float(page.get_by_label(f"Span {edge}, seconds").input_value()) for edge in ("from", "to"))
    assert 1 < begin < end < 3.5
    check(visit)


def test_what_is_played_becomes_a_prompt(visit: Visit) -> None:
    page = visit.page
    visit.enter("compose")
    expect(page.get_by_label("Model")).to_be_visible()
    check(visit)
    page.get_by_role("button", name="C 4", exact=True).focus()
    page.keyboard.press("Space", delay=60)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter", delay=60)
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("g", delay=60)
    page.get_by_role("button", name="A 5", exact=True).click(delay=60)
    expect(page.get_by_text("4 notes written down")).to_be_visible()
    page.get_by_role("button", name="Use what I played").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Played 1.mid")
    expect(page.get_by_role("main")).to_contain_text("The prompt: 4 notes")


def test_a_piece_is_written_from_nothing(visit: Visit) -> None:
    page = visit.page
    visit.enter("compose")
    page.get_by_label("Model").select_option("markov")
    page.get_by_label("Seconds", exact=True).fill("4")
    page.get_by_role("button", name="Write a new piece").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New piece")
    assert Score.from_bytes(visit.save("Download new-piece.mid")).seconds == pytest.approx(4, abs=0.01)
    page.get_by_role("link", name="All pieces").click()
    expect(page.get_by_role("region", name="Made so far")).to_contain_text("1 variation of 0:04")


def test_loops_are_made_heard_and_kept(visit: Visit) -> None:
    page = visit.page
    visit.enter("generate")
    page.get_by_label("Class").select_option("jazz")
    page.get_by_label("Seconds", exact=True).fill("2.4")
    page.get_by_label("Loop").check()
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jazz at 100 bpm")
    page.get_by_role("button", name="Play Jazz, seed 0", exact=True).click()
    moves(page.locator("output.time"))
    page.get_by_role("button", name="Pause Jazz, seed 0").click()
    data = visit.save("Download jazz-100bpm-0.wav")
    assert seconds_of(data) == pytest.approx(2.4, abs=0.001)
    with wave.open(io.BytesIO(data)) as sound:
        assert np.abs(np.frombuffer(sound.readframes(sound.getnframes()), "<i2")).max() > 10_000
    assert page.get_by_label("Loop").is_checked(), "the form keeps what was asked for"
    check(visit)


def test_content_and_result_are_mixed_and_kept(visit: Visit) -> None:
    page = visit.page
    visit.enter("transfer")
    page.get_by_role("button", name="Transfer").click()
    expect(page.get_by_role("status").filter(has_text="Put something on the deck Content first")).to_be_visible()
    page.get_by_label("Content: a bundled piece").select_option(label=PIECE)
    page.get_by_label("Style: by name").select_option("jazz")
    expect(page.get_by_label("Donor").get_by_role("option")).to_have_count(4)
    page.get_by_label("Donor").select_option("1.ogg")
    page.get_by_label("Strength").fill("0.5")
    check(visit)
    page.get_by_role("button", name="Transfer").click()
    expect(page.get_by_role("region", name="Measurements", exact=True)).to_contain_text("Chords like the content's")
    expect(page.get_by_role("main")).to_contain_text("In the style of jazz, of which 1.ogg was taken")
    expect(page.get_by_label("Donor")).to_have_value("1.ogg")
    page.get_by_role("button", name="Play content and result").click()
    moves(page.locator("output.time"))
    page.get_by_role("button", name="A: content").click()
    expect(page.get_by_label("Mix of content and result")).to_have_value("0")
    page.get_by_role("button", name="Mix", exact=True).click()
    expect(page.get_by_label("Mix of content and result")).to_have_value("50")
    expect(page.get_by_role("button", name=re.compile("^Pause"))).to_be_visible()
    assert seconds_of(visit.save("Download result.wav")) > 5
    expect(page.get_by_label("Strength")).to_have_value("0.5")
    check(visit)
