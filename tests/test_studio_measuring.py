"""The studio's room Measure, and recordings made of MIDI, in a real browser, from the form to what can be kept."""

import csv
import io
import json
import os
import re
import shutil
from pathlib import Path

import pytest

if not os.environ.get("CI"):  # where it has to be there
    pytest.importorskip("playwright", reason="Playwright is not installed: the studio's page is not tried")

from playwright.sync_api import FrameLocator, expect
from studio_page import Visit, check, held
from studio_server import Client

from partita.midi import Note, Score, Track
from partita.studio import cards, verbs


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two genres of three pieces of four seconds."""
    folder = tmp_path_factory.mktemp("scores") / "MIDI"
    for place, label in enumerate(("high", "low")):
        (folder / label).mkdir(parents=True)
        for number in range(3):
            notes = [Note(480 * beat, 480, 72 - 24 * place + (beat * (number + 2)) % 12, 80) for beat in range(8)]
            Score([Track(notes)]).write(folder / label / f"{number}.mid")
    return folder


def report(visit: Visit) -> FrameLocator:
    """The report in its frame, once it is there."""
    frame = visit.page.frame_locator("iframe.report")
    expect(frame.get_by_role("heading", level=1)).to_be_visible()
    return frame


def generated(visit: Visit, count: int) -> None:
    """Choose so many generated sounds of each label as the music."""
    visit.page.get_by_label("Kind of collection").select_option("synthetic")
    visit.page.get_by_label("How many").fill(str(count))


def test_every_verb_has_its_room(visit: Visit) -> None:
    visit.enter("measure")
    placed = visit.page.evaluate("async () => (await import('./js/rooms.js')).ROOMS.flatMap((room) => room.verbs)")
    assert sorted(placed) == sorted(verbs.VERBS)


def test_a_model_is_evaluated_beside_another_and_the_test_part_is_locked(visit: Visit, checkpoint: Path) -> None:
    for name in ("tones", "others"):
        shutil.copytree(checkpoint, cards.own_folder() / name)
    page = visit.page
    visit.enter("measure")
    page.get_by_role("link", name=re.compile("^Evaluate")).click()
    page.get_by_label("Model", exact=True).select_option("tones")
    generated(visit, 8)
    page.get_by_label("Part", exact=True).select_option("test")
    page.get_by_role("group", name="Compare with").get_by_role("button", name="others").press("Space")
    page.get_by_text("More options").click()
    page.get_by_label("Baselines").uncheck()
    page.get_by_role("button", name="Evaluate", exact=True).press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("the test split is locked")
    page.go_back()
    expect(page.get_by_label("How many")).to_have_value("8")
    page.get_by_label("Model", exact=True).select_option("tones")
    page.get_by_label("Part", exact=True).select_option("test")
    page.get_by_label("Open the locked test part").check()
    page.get_by_role("group", name="Compare with").get_by_role("button", name="others").click()
    page.get_by_role("button", name="Evaluate", exact=True).click()
    frame = report(visit)
    expect(frame.get_by_role("heading", name="Beside others")).to_be_visible()
    expect(frame.locator(".warn")).to_contain_text("Test used")
    result = json.loads(visit.save("Download result.json"))
    rows = [*csv.DictReader(io.StringIO(visit.save("Download predictions.csv").decode()))]
    assert len(rows) == result["n"]
    assert b"<h2>Calibration</h2>" in visit.save("Download report.html")
    assert page.get_by_role("button", name="others").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Switch to the dark theme").click()
    ground = "() => getComputedStyle(document.querySelector('iframe.report').contentDocument.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(20, 23, 26)"
    check(visit)


def test_a_search_is_paused_survives_a_closed_tab_and_goes_on(visit: Visit, client: Client) -> None:
    page = visit.page
    visit.enter("measure/tune")
    page.get_by_label("Kind of model").select_option("genre-linear")
    generated(visit, 4)
    page.get_by_label("Trials").fill("2")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page).to_have_url(re.compile("measure/tune$"))  # it has no name yet
    page.get_by_label("Name of the search").fill("mine")
    page.get_by_text("More options").click()
    page.get_by_label("Settings").fill("columns=32, hop=32, copies=1")
    page.get_by_label("Space").fill("penalty=0.01..1:log")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("progressbar", name="Progress of genre-linear on generated music")).to_be_visible()
    client.until(page.url.rpartition("/")[2], "running")
    with held(client, "long"):
        page.get_by_role("button", name="Pause genre-linear on generated music").click()
        expect(page.get_by_role("button", name="Resume genre-linear on generated music")).to_be_visible()
    page.get_by_role("button", name="Resume genre-linear on generated music").click()
    page.close()
    visit.page = page = visit.context.new_page()
    visit.enter("classify")
    page.get_by_role("button", name=re.compile("^Activity")).click()
    page.get_by_role("dialog").get_by_role("link", name="genre-linear on generated music").click()
    expect(report(visit).get_by_role("heading", name="Trials")).to_be_visible()
    assert len([*csv.DictReader(io.StringIO(visit.save("Download trials.csv").decode()))]) == 2
    expect(page.get_by_label("Name of the search")).to_have_value("mine")
    expect(page.get_by_label("Settings")).to_have_value("columns=32, hop=32, copies=1")
    page.get_by_role("spinbutton", name="Trials").fill("3")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(report(visit).get_by_text(re.compile("^3 trials"))).to_be_visible()
    page.get_by_role("link", name="Measure").first.click()
    expect(page.get_by_role("region", name="Made so far").get_by_role("link")).to_have_count(2)


def test_a_composer_is_trained_on_scores(visit: Visit, client: Client) -> None:
    page = visit.page
    visit.enter("train/any", "Train any model")
    page.get_by_label("Kind of model").select_option("markov")
    expect(page.get_by_label("Kind of collection")).to_have_value("midi")
    page.get_by_label("Kind of collection").select_option("synthetic-scores")
    page.get_by_label("Name of the new model").fill("my composer")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("link", name="Checkpoint")).to_be_visible()
    assert not page.get_by_role("link", name="Classify with it").count()
    check(visit)


def test_a_report_is_looked_at(visit: Visit) -> None:
    page = visit.page
    visit.enter("measure/reproduce")
    page.get_by_label("Report", exact=True).select_option("aaa")
    page.get_by_role("button", name="Look at it").click()
    frame = report(visit)
    expect(frame.get_by_role("heading", name="Claims")).to_be_visible()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open the report").click()
    expect(opened.value.get_by_role("heading", name="Measured")).to_be_visible()
    opened.value.close()
    assert visit.save("Download measured.csv").startswith(b"model,variant,what,value")
    check(visit)


def test_recordings_are_made_of_midi_and_learnt_from(visit: Visit, scores: Path) -> None:
    page = visit.page
    visit.enter("train")
    page.get_by_role("link", name="Make recordings from MIDI files").click()
    page.get_by_label("Licence", exact=True).fill("CC0")
    page.get_by_label("Name of the corpus").fill("My corpus")
    page.get_by_text("More options").click()
    page.get_by_role("group", name="Soundfont").get_by_role("button", name="plain").click()
    page.get_by_role("button", name="Render").click()
    expect(page.get_by_role("status").filter(has_text="MIDI files: choose something first")).to_be_visible()
    page.locator("#corpus-midi-place").scroll_into_view_if_needed()
    visit.drop("#corpus-midi-place", scores)
    expect(page.get_by_role("button", name="Not MIDI")).to_be_visible()
    page.get_by_role("button", name="Render").click()
    expect(page.get_by_role("region", name="What was rendered")).to_contain_text("6 recordings")
    rows = [*csv.DictReader(io.StringIO(visit.save("Download manifest.csv").decode()))]
    assert {(row["label"], row["licence"], row["soundfont"]) for row in rows} == {
        ("high", "CC0", "plain"),
        ("low", "CC0", "plain"),
    }
    check(visit)
    page.get_by_role("button", name="Train on it").click()
    expect(page.get_by_role("region", name="Audit")).to_contain_text("6 songs in 2 genres")
