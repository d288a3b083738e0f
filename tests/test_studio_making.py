"""The verbs of the studio that make music: over real HTTP, from real worker processes."""

import inspect
import io
import wave
from importlib import import_module
from pathlib import Path

import pytest
from studio_server import Client

from partita.midi import Note, Score, Track
from partita.studio import verbs
from partita.transfers.library import styles

NOTES = [Note(480 * beat, 480, 60 + beat % 8, 80) for beat in range(16)]


@pytest.fixture(scope="module")
def prompt(client: Client) -> dict:
    """A job that has rendered eight seconds of scales and a drum."""
    drum = Track([Note(0, 100, 36)], channel=9)
    data = Score([Track(NOTES), drum]).to_bytes()
    (job,) = client.finish(client.start("render", {"score": {"upload": client.upload(data, "Étude in C.mid")}}))
    assert job["state"] == "done", job["error"]
    return job


def seconds_of(client: Client, job: dict, name: str) -> float:
    status, data, headers = client.ask("GET", f"/api/jobs/{job['id']}/files/{name}")
    assert (status, headers["content-type"]) == (200, "audio/wav")
    with wave.open(io.BytesIO(data)) as sound:
        return sound.getnframes() / sound.getframerate()


COMMANDS = {"repeat": ("evaluate", "evaluate"), "corpus": ("data", "render")}
"""Where a verb's command has another name: its module and function."""
LISTS = {"temperatures", "min_ps"}
"""Numbers that the command line takes as one word."""


@pytest.mark.parametrize("name", [name for name in verbs.VERBS if name != "render"])
def test_the_page_has_the_commands_defaults(name: str) -> None:
    module, function = COMMANDS.get(name, (name, name))
    command = inspect.signature(getattr(import_module(f"partita.cli.{module}"), function)).parameters
    renamed = {"settings": "set"}
    for option, parameter in {**verbs.VERBS[name].options, **verbs.VERBS[name].references}.items():
        twin = command.get(renamed.get(option, option))
        assert twin is not None, option
        default = None if isinstance(parameter.default, Path) else parameter.default  # a file of partita's own
        if option in LISTS:
            assert [float(number) for number in twin.default.split(",")] == list(default), option
        else:
            assert twin.default == default, option


def test_models_are_offered_to_the_verbs_that_can_use_them() -> None:
    described = {verb["name"]: {field["name"]: field for field in verb["fields"]} for verb in verbs.described()}
    assert "note-transformer" in described["compose"]["model"]["fitting"]
    assert "beat-transformer" in described["generate"]["model"]["fitting"]
    assert "genre-cnn" in described["transfer"]["guide"]["fitting"]
    assert not set(described["classify"]["model"]["fitting"]) & set(described["compose"]["model"]["fitting"])


def test_a_prompt_is_seen_and_heard(client: Client, prompt: dict) -> None:
    result = prompt["result"]
    assert result["pitch"] == [note.pitch for note in NOTES]
    assert result["start"] == pytest.approx([note.tick / 960 for note in NOTES])
    assert set(result["length"]) == {0.5}
    assert result["drums"] == 1
    assert seconds_of(client, prompt, result["sound"]) == pytest.approx(8 + 1.5, abs=0.01)


def test_a_prompt_goes_on_and_is_not_changed(client: Client, prompt: dict) -> None:
    given = {"prompt": {"recording": prompt["id"]}}
    (job,) = client.finish(client.start("compose", given, model="markov", seconds=3.0, variations=2))
    assert job["state"] == "done", job["error"]
    result = job["result"]
    assert result["kept"]["pitch"] == prompt["result"]["pitch"]
    assert [entry["file"] for entry in result["variations"]] == [f"Étude in C-continued-{i}.mid" for i in (1, 2)]
    for entry in result["variations"]:
        assert entry["notes"]["pitch"]
        assert min(entry["notes"]["start"]) >= result["begin"] == pytest.approx(8, abs=0.01)
        assert seconds_of(client, job, "%C3%89tude%20in%20C-continued-1.wav") == pytest.approx(8 + 3 + 1.5, abs=0.01)
    status, data, _ = client.ask("GET", f"/api/jobs/{job['id']}/files/%C3%89tude%20in%20C-continued-2.mid?keep=true")
    assert status == 200
    assert len(Score.from_bytes(data).notes()) == 17 + len(result["variations"][1]["notes"]["pitch"])


def test_a_span_is_filled_in_a_variation_that_was_made(client: Client) -> None:
    (first,) = client.finish(client.start("compose", {}, model="markov", seconds=6.0))
    made = first["result"]["variations"][0]
    assert (first["title"], made["file"]) == ("New piece", "new-piece.mid")
    given = {"prompt": {"job": first["id"], "file": made["file"]}}
    (job,) = client.finish(client.start("compose", given, model="note-transformer-maestro", infill="2:4"))
    assert job["state"] == "done", job["error"]
    outside = [start for start in made["notes"]["start"] if not 2 <= start < 4]
    assert job["result"]["kept"]["start"] == pytest.approx(outside, abs=0.002)
    assert all(2 <= start < 4 for start in job["result"]["variations"][0]["notes"]["start"])


def test_a_piece_on_the_way_to_another_is_written(client: Client, prompt: dict) -> None:
    goal = client.upload(
        Score([Track([Note(480 * beat, 480, 72 - beat, 80) for beat in range(8)])]).to_bytes(), "B.mid"
    )
    given = {"prompt": {"recording": prompt["id"]}, "toward": {"upload": goal}}
    (job,) = client.finish(client.start("compose", given, model="aaa-vae-notes", seconds=4.0))
    assert job["state"] == "done", job["error"]
    assert job["result"]["rework"]["toward"]["file"] == "B.mid", "people know it by its name"
    assert job["result"]["variations"][0]["file"] == "Étude in C-varied.mid"


def test_what_is_no_midi_is_said(client: Client) -> None:
    (job,) = client.finish(client.start("render", {"score": {"upload": client.upload(b"<html>" * 50, "page.mid")}}))
    assert job["state"] == "failed"
    assert job["error"].startswith("page.mid")


def test_an_upload_lives_as_long_as_a_job_is_about_it(client: Client) -> None:
    upload = client.upload(Score([Track(NOTES)]).to_bytes(), "a.mid")
    first, second = (client.start("render", {"score": {"upload": upload}}) for _ in range(2))
    client.finish(first, second)
    source = Path(client.app.state.studio.queue.jobs[first].source)
    client.ask("DELETE", f"/api/jobs/{first}")
    assert source.exists()
    client.ask("DELETE", f"/api/jobs/{second}")
    assert not source.exists()


def test_sounds_of_a_class_are_made_and_drawn(client: Client) -> None:
    (job,) = client.finish(client.start("generate", {}, label="jazz", seconds=2.4, loop=True, variations=2))
    assert job["state"] == "done", job["error"]
    for number, sound in enumerate(job["result"]["sounds"]):
        assert (sound["class"], sound["seed"], sound["loop"]) == ("jazz", number, True)
        assert seconds_of(client, job, sound["file"]) == pytest.approx(sound["seconds"], abs=0.001)
        levels = client.ask("GET", f"/api/jobs/{job['id']}/files/{sound['levels']}")[1]
        assert len(levels) == sound["bands"] * sound["columns"]


def test_content_and_result_can_be_mixed(client: Client) -> None:
    given = {"content": {"piece": "sorohanro-solo-trumpet.ogg"}, "to": {"piece": "sorohanro-solo-trumpet.ogg"}}
    told: list[tuple[int, str]] = []
    unwatch = client.app.state.studio.queue.watch(lambda job: told.append((job.total, job.words)))
    (job,) = client.finish(client.start("transfer", given, strength=0.5))
    unwatch()
    assert job["state"] == "done", job["error"]
    assert {words for total, words in told if total} >= {"putting it together", "measuring"}, "it says how far it is"
    result = job["result"]
    assert result["content"]["seconds"] == pytest.approx(result["result"]["seconds"], abs=1e-6)
    assert set(job["files"]) == {"content.flac", "style.flac", "result.flac", "result.wav"}
    assert 0 <= result["after"]["chroma"] <= 1
    assert result["donor"] == job["names"]["to"], "people know it by its name, not by its place"
    again = {"content": {"recording": job["id"], "part": "content"}, "to": {"recording": job["id"], "part": "to"}}
    (job,) = client.finish(client.start("transfer", again, strength=0.0))
    assert (job["state"], job["result"]["donor"]) == ("done", result["donor"])


def test_styles_of_the_library_are_offered_by_name_alone(client: Client, tmp_path: Path) -> None:
    listed = client.ask("GET", "/api/styles")[1]
    assert listed == {name: [path.name for path in paths] for name, paths in styles().items()}
    given = {"content": {"piece": "sorohanro-solo-trumpet.ogg"}, "to": {"style": str(tmp_path)}}
    status, body, _ = client.ask("POST", "/api/jobs", {"verb": "transfer", "given": given})
    assert (status, "no style" in body["error"]) == (404, True)
    given["to"] = {"style": "jazz"}
    (job,) = client.finish(client.start("transfer", given, strength=0.0))
    assert (job["state"], job["names"]["to"]) == ("done", "jazz"), job["error"]
    assert job["result"]["donors"] == listed["jazz"]
    best = job["result"]["donor"].removeprefix("jazz, ")
    other = next(name for name in listed["jazz"] if name != best)
    again = {part: {"recording": job["id"], "part": part} for part in ("content", "to")}
    for donor in ({"style": "jazz", "inside": other}, {**again["to"], "inside": other}):
        (job,) = client.finish(client.start("transfer", {**again, "donor": donor}, strength=0.0))
        assert (job["state"], job["result"]["donor"]) == ("done", f"jazz, {other}"), job["error"]
    for name in ("no.ogg", "../rock/1.ogg"):
        asked = {"verb": "transfer", "given": {**given, "donor": {"style": "jazz", "inside": name}}}
        assert client.ask("POST", "/api/jobs", asked)[0] == 404


def test_a_donor_of_several_uploads_stays_with_them(client: Client) -> None:
    sound = client.ask("GET", "/api/pieces/sorohanro-solo-trumpet.ogg")[1]
    for name in ("a.ogg", "b.ogg"):
        client.upload(sound, f"mine/{name}", group="g")
    given = {"content": {"piece": "sorohanro-solo-trumpet.ogg"}, "to": {"group": "g", "title": "mine"}}
    with_donor = {**given, "donor": {"group": "g", "inside": "mine/b.ogg"}}
    first, second = (client.start("transfer", each, strength=0.0) for each in (given, with_donor))
    (job,) = client.finish(second)
    assert (job["state"], job["result"]["donor"]) == ("done", "mine, b.ogg"), job["error"]
    client.ask("DELETE", f"/api/jobs/{second}")
    assert {path.name for path in client.app.state.studio.store.group("g").rglob("*.ogg")} == {"a.ogg", "b.ogg"}
    client.ask("DELETE", f"/api/jobs/{first}")


def test_bundled_pieces_can_be_heard_and_nothing_beside_them(client: Client) -> None:
    status, data, headers = client.ask("GET", "/api/pieces/sorohanro-solo-trumpet.ogg")
    assert (status, data[:4], headers["content-type"]) == (200, b"OggS", "audio/ogg")
    assert client.ask("GET", "/api/pieces/ATTRIBUTION.md")[0] == 422
    assert client.ask("GET", "/api/pieces/..%2f__init__.py")[0] in {404, 422}
