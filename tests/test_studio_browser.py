"""The studio in a real browser: each room from drop to download, and what holds on every page."""

import csv
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import tone

if not os.environ.get("CI"):  # where it has to be there
    pytest.importorskip("playwright", reason="Playwright is not installed: the studio's page is not tried")

from playwright.sync_api import Locator, expect
from studio_page import Visit, findings, held
from studio_server import Client

from partita.midi import Note, Score, Track
from partita.studio import verbs

BAR_LONG_TASK = 200.0
"""Milliseconds for which the page may not answer."""
BAR_WEIGHT = 1_500_000
"""Bytes of the whole page, every room visited, without media."""
THEMES = ("light", "dark")


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: two tones in `deep`, two in `high` (mp3 and wav), and a page of html that calls itself an mp3."""
    folder = tmp_path_factory.mktemp("music")
    for place, (name, hz) in enumerate(
        (("deep/a.wav", 110), ("deep/b.mp3", 130), ("high/c.wav", 880), ("high/d.wav", 990))
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        soundfile.write(folder / name, tone(6 + place, hz=hz), 22_050)
    (folder / "deep" / "page.mp3").write_bytes(b"<html><script>alert(1)</script></html>" * 40)
    return folder


def answered(visit: Visit) -> None:
    """Wait for an answer."""
    expect(visit.page.locator(".verdict")).to_be_visible()
    expect(visit.page.locator(".bars").first.get_by_role("listitem")).to_have_count(10)


def test_a_dropped_recording_is_answered_heard_and_kept(visit: Visit, music: Path) -> None:
    page = visit.page
    visit.enter("classify")
    visit.drop(".drop", music / "deep" / "b.mp3")
    answered(visit)
    expect(page.get_by_role("heading", level=1)).to_have_text("b.mp3")
    position = page.get_by_role("slider", name="Position in the recording")
    position.focus()
    page.keyboard.press("ArrowRight")
    expect(position).to_have_attribute("aria-valuenow", "5")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect(page.locator("output.time")).to_have_text(re.compile("^0:01"))
    page.keyboard.press("Space")
    result = json.loads(visit.save("Answer as JSON"))["result"]
    shown = page.locator(".bars").first.get_by_role("listitem").first.inner_text().split()
    assert shown[0] == result["genre"]
    assert int(shown[1]) == round(100 * result["probability"])
    assert visit.save("Recording") == (music / "deep" / "b.mp3").read_bytes()
    page.get_by_role("button", name="Find the seconds that decided").click()
    expect(page.get_by_role("button", name=re.compile("^Hear "))).to_be_visible()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("heading", name="What does it sound like?")).to_be_visible()
    expect(page.get_by_role("region", name="Library")).to_be_hidden()


def test_the_microphone_is_heard(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    visit.enter("classify")
    page.get_by_role("button", name="Record").click()
    page.get_by_role("button", name="Stop at 0:02").click()
    answered(visit)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"Recording 1\.\w+"))
    page.get_by_role("button", name="Play").click()
    expect(page.locator("output.time")).to_have_text(re.compile("^0:01"))
    (tmp_path / "mine").write_bytes(visit.save("Recording"))
    from partita.audio import AudioFile

    sound = np.concatenate([*AudioFile(tmp_path / "mine").blocks(22_050)])
    spectrum = np.abs(np.fft.rfft(sound))
    loudest = spectrum.argmax() * 22_050 / len(sound)
    assert loudest == pytest.approx(110, abs=4), "what was recorded is what the microphone heard"


def test_a_job_is_stopped_and_asked_for_again(visit: Visit, music: Path, client: Client) -> None:
    page = visit.page
    visit.enter("classify")
    with held(client):
        visit.drop(".drop", music / "high" / "c.wav")
        bar, stop = (
            page.get_by_role("progressbar", name="Progress of c.wav"),
            page.get_by_role("button", name="Stop c.wav"),
        )
        expect(bar).to_be_visible()
        expect(page.locator(".working .state-words")).to_have_text("at work")
        stop.focus()
        (job,) = client.app.state.studio.queue.jobs.values()
        job.progress(20, 80, "listening")
        client.app.state.studio.queue.tell(job)
        expect(bar).to_have_attribute("value", "0.25")
        expect(page.get_by_text("20 of 80")).to_be_visible()
        expect(stop).to_be_focused()  # it is the same button still: a press is not lost
        stop.click()
        expect(page.get_by_role("heading", name="Stopped")).to_be_visible()
    page.get_by_role("button", name="Classify it after all").click()
    answered(visit)


def test_a_bad_file_is_said_and_the_next_one_answered(visit: Visit, music: Path) -> None:
    page = visit.page
    visit.enter("classify")
    visit.drop(".drop", music / "deep" / "page.mp3")
    expect(page.get_by_role("heading", level=1)).to_have_text("page.mp3")
    expect(page.get_by_role("alert")).to_contain_text("Not a known audio format")
    assert not findings(page)
    page.get_by_role("link", name="Try another").click()
    page.get_by_role("button", name=re.compile("trumpet", re.I)).click()
    answered(visit)


def test_a_job_survives_a_reload_and_a_closed_tab(visit: Visit, music: Path, client: Client) -> None:
    page = visit.page
    visit.enter("classify")
    with held(client):
        visit.drop(".drop", music / "high" / "d.wav")
        expect(page.get_by_role("button", name="Stop d.wav")).to_be_visible()
        page.reload()
        expect(page.get_by_role("button", name="Stop d.wav")).to_be_visible()
        page.get_by_role("button", name=re.compile("^Activity: 1")).click()
        expect(page.get_by_role("dialog").get_by_role("link", name="d.wav")).to_be_visible()
        assert not findings(page)
        page.close()
    visit.page = page = visit.context.new_page()
    visit.enter("classify")
    page.get_by_role("link", name="d.wav").click()
    answered(visit)


def test_a_folder_becomes_a_library(visit: Visit, music: Path) -> None:
    page = visit.page
    visit.enter("classify")
    visit.drop(".drop", music)
    shelf = page.get_by_role("region", name="Library")
    rows = shelf.locator("tbody tr")
    expect(rows).to_have_count(5)
    expect(shelf.locator("tbody .label-choice")).to_have_count(4)
    shelf.get_by_role("combobox", name="By confidence").select_option("failed")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("page.mp3")
    shelf.get_by_role("combobox", name="By confidence").select_option("")
    shelf.get_by_role("searchbox").fill("high/")
    expect(rows).to_have_count(2)
    shelf.get_by_role("searchbox").fill("")
    choice = shelf.get_by_role("combobox", name=re.compile("Genre of .*a.wav"))
    said = choice.input_value()
    own = next(name for name in ("jazz", "metal") if name != said)
    choice.select_option(own)
    expect(shelf.get_by_text("corrected")).to_be_visible()
    shelf.get_by_role("combobox", name="Only this genre").select_option(own)
    expect(rows.filter(has_text="a.wav")).to_have_count(1)
    shelf.get_by_role("combobox", name="Only this genre").select_option("")
    table = {Path(row["file"]).name: row for row in csv.DictReader(io.StringIO(visit.save("CSV").decode()))}
    assert table.keys() == {"a.wav", "b.mp3", "c.wav", "d.wav"}
    assert (table["a.wav"]["genre"], table["a.wav"]["said"]) == (own, said)
    listed = json.loads(visit.save("JSON"))
    assert {Path(row["file"]).name: str(row["genre"]) for row in listed} == {n: r["genre"] for n, r in table.items()}
    shelf.get_by_role("button", name="Recording").click()
    expect(rows.locator("th")).to_contain_text(["a.wav", "b.mp3", "page.mp3", "c.wav", "d.wav"])
    shelf.get_by_role("button", name="Write tags").click()
    expect(page.get_by_role("status").filter(has_text="tagged")).to_be_visible()
    assert not findings(page)
    shelf.get_by_role("button", name="Clear").click()
    expect(shelf).to_be_hidden()


def test_a_model_of_ones_own_is_loaded_used_and_removed(visit: Visit, music: Path) -> None:
    page = visit.page
    visit.enter("models", "Models")
    page.get_by_role("link", name=re.compile("^genre-cnn ")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("genre-cnn")
    expect(page.get_by_role("main")).to_contain_text("Accuracy")
    page.get_by_role("link", name="All models").click()
    page.get_by_label("or its folder on this machine").fill(str(files("partita") / "pretrained" / "genre-linear"))
    page.get_by_label("Name", exact=True).fill("my model")
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("my model")
    visit.enter("classify")
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Model").select_option("my model")
    visit.drop(".drop", music / "deep" / "a.wav")
    expect(page.locator(".keep")).to_contain_text("my model")
    visit.enter("models/my model", "my model")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove this model").click()
    expect(page.get_by_text("None yet.")).to_be_visible()


TINY = "width=8, copies=1, crop=16, columns=32, hop=32, steps=200, validate_every=20, batch=4, warmup=2"


PITCH = {"deep": 80, "high": 700}
"""The lowest pitch of two genres, Hz."""


def melody(path: Path, label: str, number: int) -> None:
    """Write a melody of five seconds."""
    pitches = np.random.default_rng([PITCH[label], number]).integers(24, size=22)
    sound = [tone(0.25, hz=PITCH[label] * 2 ** (pitch / 12)) for pitch in pitches]
    soundfile.write(path, np.concatenate(sound), 22_050)


@pytest.fixture(scope="module")
def genres(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two genres of six melodies of five seconds; one of them lies there twice."""
    folder = tmp_path_factory.mktemp("genres")
    for label in PITCH:
        (folder / label).mkdir()
        for number in range(6):
            melody(folder / label / f"{number}.wav", label, number)
    (folder / "deep" / "again.wav").write_bytes((folder / "deep" / "3.wav").read_bytes())
    return folder


def to_train(visit: Visit) -> Locator:
    """Enter the room and unfold the options of the audit, which are returned."""
    visit.enter("train")
    visit.page.get_by_text("Options", exact=True).click()
    visit.page.get_by_text("More options").first.click()
    return visit.page.locator(".drop form.options")


def test_own_genres_are_looked_over_learnt_and_used(visit: Visit, genres: Path, client: Client) -> None:
    page = visit.page
    to_train(visit).get_by_label("Doubtful labels").uncheck()  # what takes longest
    page.get_by_label("or its place on this machine").fill(str(genres))
    page.get_by_role("button", name="Look it over").click()
    audit = page.get_by_role("region", name="Audit")
    expect(audit).to_contain_text("13 songs")
    expect(audit).to_contain_text("1 × duplicate")
    assert visit.save("Songs left out").decode().endswith("deep/again.wav  # duplicate of deep/3.wav\n")
    page.get_by_label("Name of the new model").fill("my genres")
    learning = page.get_by_role("region", name="Training")
    learning.get_by_text("More options").click()
    learning.get_by_label("Settings").fill(TINY)
    expect(page.get_by_label(re.compile("Leave out the . songs? that the audit"))).to_be_checked()
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("my genres")
    picture = page.get_by_role("img", name=re.compile("^Loss .* last: training"))
    expect(picture).to_be_visible()
    with held(client, "long"):
        page.get_by_role("button", name="Pause my genres").click()
        expect(page.get_by_role("button", name="Resume my genres")).to_be_visible()
    before = page.locator(".as-text tbody tr").count()
    assert 0 < before < 10, "it was paused on its way"
    assert not findings(page)
    page.reload()
    page.get_by_role("button", name="Resume my genres").click()
    expect(page.get_by_role("link", name="Report")).to_be_visible()
    steps = [int(text) for text in page.locator(".as-text tbody tr td:first-child").all_text_contents()]
    assert steps == [*range(20, 201, 20)], "no step is missing or there twice"
    assert not findings(page)
    with zipfile.ZipFile(io.BytesIO(visit.save("Checkpoint"))) as kept:
        assert {"card.json", "model.safetensors", "history.jsonl"} <= set(kept.namelist())
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Report").click()
    expect(opened.value.get_by_role("heading", name="Protocol")).to_be_visible()
    opened.value.close()
    page.get_by_role("link", name="Its card").click()
    expect(page.get_by_text("deep · high")).to_be_visible()


def test_a_dropped_folder_of_genres_is_looked_over(visit: Visit, genres: Path, tmp_path: Path) -> None:
    music = shutil.copytree(genres, tmp_path / "Music")
    melody(music / "deep" / "astray.wav", "high", 9)
    options = to_train(visit)
    options.get_by_label("Judge").select_option("genre-linear")
    options.get_by_label("Settings").fill("columns=32, hop=32")
    visit.drop(".drop", music)
    audit = visit.page.get_by_role("region", name="Audit")
    expect(audit).to_contain_text("14 songs in 2 genres")
    expect(audit.get_by_role("list", name="Songs of each genre")).to_contain_text("deep")
    audit.get_by_text("1 × suspect").click()
    expect(audit).to_contain_text("deep/astray.wav")
    visit.page.reload()
    expect(audit).to_contain_text("14 songs in 2 genres")
    assert not findings(visit.page)


MEASURED = ("evaluate", "repeat", "tune", "ladder", "reproduce", "sweep")
NO_CONTROL = {
    "audit.out": "the job has a folder of its own",
    "render.score": "what Compose is given",
    "render.soundfont": "the one that is installed, as everywhere in the studio",
    "render.rate": "what is heard in a browser is no matter of choice",
}
"""Parameters that make no sense on the page, and why."""


def test_every_parameter_has_a_control(visit: Visit, client: Client) -> None:
    """What asks for a parameter has the id VERB-PARAMETER, whether it is a field of a form or, say, a place to drop."""
    answer = client.start("classify", {"source": {"piece": "sorohanro-solo-trumpet.ogg"}})
    score = client.start(
        "render", {"score": {"upload": client.upload(Score([Track([Note(0, 480, 60)])]).to_bytes(), "a.mid")}}
    )
    client.finish(answer, score)
    there: set[str] = set()
    rooms = ["classify", "transfer", f"classify/{answer}", "compose", "generate", f"compose/{score}", "train"]
    rooms += ["train/any", "train/corpus", *(f"measure/{verb}" for verb in MEASURED)]
    for place in rooms:
        visit.enter(place)
        room, _, part = place.partition("/")
        verb = part if part in verbs.VERBS else room
        expect(visit.page.locator(f"main[data-room={room}] [id^={verb}-]").first).to_be_attached()
        expect(visit.page.locator(".option-slot > p")).to_have_count(0)
        there |= set(visit.page.evaluate("() => [...document.querySelectorAll('main [id]')].map((each) => each.id)"))
    for name in verbs.VERBS:
        wanted = {f"{name}.{each}" for each in verbs.VERBS[name].parameters.keys() - verbs.INWARD}
        assert wanted - {each.replace("-", ".", 1) for each in there} == wanted & NO_CONTROL.keys()


def rooms(visit: Visit, music: Path) -> Iterator[str]:
    """Every page with real content on it, one after another."""
    visit.enter("classify")
    visit.page.get_by_text("Options", exact=True).click()
    expect(visit.page.get_by_label("Model")).to_be_visible()
    yield "classify"
    visit.drop(".drop", music / "high" / "c.wav")
    answered(visit)
    visit.page.get_by_text("The timeline as text").click()
    yield "an answer"
    for room in ("transfer", "generate", "compose", "train"):
        visit.enter(room)
        expect(visit.page.get_by_text("More options").first).to_be_attached()
        yield room
    visit.enter("measure", "How good is it?")
    yield "measure"
    for room in ("measure/evaluate", "train/corpus"):  # which have every kind of option between them
        visit.enter(room)
        expect(visit.page.locator(f"[id^={room.rpartition('/')[2]}-]").first).to_be_attached()
        visit.page.get_by_text("More options").click()
        yield room
    visit.enter("models", "Models")
    yield "models"
    visit.enter("models/genre-cnn", "genre-cnn")
    yield "a card"


def test_every_page_is_accessible_fits_a_phone_and_is_light(visit: Visit, music: Path) -> None:
    page = visit.page
    wrong: list[str] = []
    for room in rooms(visit, music):
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            wrong += [f"{room}, {theme}: {line}" for line in findings(page)]
        page.set_viewport_size({"width": 320, "height": 700})
        wide = page.evaluate("document.documentElement.scrollWidth")
        wrong += [f"{room}: {wide} pixels wide on a phone"] if wide > 320 else []
        page.set_viewport_size({"width": 1280, "height": 720})
    assert not wrong, "\n".join(wrong)
    weight = page.evaluate(
        "() => performance.getEntries().filter((each) => 'encodedBodySize' in each && each.initiatorType !== 'audio')"
        ".reduce((sum, each) => sum + each.encodedBodySize, 0)"
    )
    assert 20_000 < weight <= BAR_WEIGHT


def test_the_page_answers_at_any_moment(visit: Visit, music: Path) -> None:
    """The longest task of a tour, less what the page's thread had to wait for the processor: others may use it, too."""
    session = visit.context.new_cdp_session(visit.page)
    session.send("Performance.enable")
    for _ in rooms(visit, music):
        visit.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    at_work = min(1, metrics["ThreadTime"] / metrics["TaskDuration"])
    assert 0 < max(visit.long_tasks, default=1) * at_work <= BAR_LONG_TASK
