"""The studio's server: every answer over real HTTP, from real worker processes."""

import inspect
import io
import json
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from studio_server import Client, running

from partita.errors import PartitaError
from partita.studio import cards, verbs
from partita.studio.app import Settings
from partita.studio.fields import FIELDS
from partita.studio.store import Limits, clean

TRAIN = {"verb": "train", "parameters": {"model": "genre-linear"}}
SETTINGS = Settings(limits=Limits(file=5_000_000, files=200))
PIECE = {"piece": "sorohanro-solo-trumpet.ogg"}


@pytest.mark.parametrize("name", verbs.VERBS)
def test_a_verb_is_its_task(name: str) -> None:
    verb = verbs.VERBS[name]
    described = next(each for each in verbs.described() if each["name"] == name)
    on_the_page = {field["name"]: field for field in described["fields"]}
    parameters = inspect.signature(verb.function).parameters
    assert on_the_page.keys() | verb.given | verbs.INWARD >= parameters.keys(), "every parameter has its place"
    assert verb.given <= parameters.keys()
    for option, field in on_the_page.items():
        default = parameters[option].default
        assert field["default"] == (None if field["required"] or isinstance(default, Path) else default)
        assert field["required"] == (default is inspect.Parameter.empty)
        assert field["label"]
        assert field["words"].endswith(".")
    json.dumps(described)


def test_no_option_is_described_that_no_task_has() -> None:
    used = {verb.field(name) for verb in verbs.VERBS.values() for name in (*verb.options, *verb.references)}
    assert set(FIELDS.values()) <= used


def test_a_recording_is_classified(client: Client, wav: Callable[..., Path]) -> None:
    upload = client.upload(wav(seconds=8).read_bytes(), "My Song.wav")
    (job,) = client.finish(client.start("classify", {"source": {"upload": upload}}))
    result = job["result"]
    assert (job["state"], job["title"], result["file"]) == ("done", "My Song.wav", "My Song.wav")
    assert sum(result["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert max(result["peaks"]) == pytest.approx(127, abs=3), "the tone's peak is half of full scale"
    levels = client.ask("GET", f"/api/jobs/{job['id']}/files/levels.u8")[1]
    assert len(levels) == result["bands"] * result["columns"]
    status, part, headers = client.ask("GET", f"/api/jobs/{job['id']}/media", headers={"range": "bytes=0-99"})
    assert (status, len(part), headers["content-type"]) == (206, 100, "audio/wav")


def test_the_page_gets_what_the_command_gives(client: Client) -> None:
    from partita.tasks.classify import classify

    (job,) = client.finish(client.start("classify", {"source": PIECE}, threshold=0.999))
    source = Path(client.app.state.studio.queue.jobs[job["id"]].source)
    own = classify(source, threshold=0.999)
    assert job["result"]["probabilities"] == own.json()["probabilities"]
    assert job["result"]["unsure"] == own.unsure


def test_what_decided_is_found_for_a_recording_that_is_there(client: Client, wav: Callable[..., Path]) -> None:
    first = client.start("classify", {"source": {"upload": client.upload(wav(seconds=6).read_bytes(), "a.wav")}})
    (job,) = client.finish(client.start("classify", {"source": {"recording": first}}, explain=True))
    decisive = job["result"]["explanation"]["decisive"]
    assert 0 <= decisive["start"] < decisive["end"] <= 6.1


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<html><script>alert(1)</script></html>" * 40, "page.mp3"),
        (b"", "empty.wav"),
        (b"#EXTM3U\nhttp://192.0.2.1/a.mp3\n", "list.mp3"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "concat.mp3"),
        (bytes(5000), "zeros.flac"),
    ],
)
def test_what_is_no_recording_is_said_and_nothing_else_happens(client: Client, data: bytes, name: str) -> None:
    (job,) = client.finish(client.start("classify", {"source": {"upload": client.upload(data, name)}}))
    assert job["state"] == "failed"
    assert job["error"].startswith(name)
    assert "partita-studio-" not in job["error"], "our own folders are nobody's business"
    assert client.ask("GET", "/api/studio")[0] == 200


def test_a_zip_bomb_is_not_unpacked(client: Client) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.wav", bytes(200_000_000))
    (job,) = client.finish(client.start("classify", {"source": {"upload": client.upload(bomb.getvalue(), "b.zip")}}))
    assert job["state"] == "failed"


def upload_head(client: Client, line: str) -> bytes:
    return f"POST /api/uploads?name=a.wav HTTP/1.1\r\nHost: 127.0.0.1:{client.port}\r\n{line}\r\n\r\n".encode()


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=30) as raw:
        raw.sendall(upload_head(client, "Content-Length: 5368709120"))
        answer = raw.recv(4096).decode()
    assert " 413 " in answer.splitlines()[0]


def test_a_body_that_lies_about_its_size_is_cut_off(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=30) as raw:
        raw.sendall(upload_head(client, "Transfer-Encoding: chunked"))
        chunk = b"100000\r\n" + bytes(0x100000) + b"\r\n"
        for _ in range(6):
            raw.sendall(chunk)
        assert " 413 " in raw.recv(4096).decode().splitlines()[0]
    folder = client.app.state.studio.folder
    assert not [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 4_000_000]


@pytest.mark.parametrize("name", ["../../../../tmp/evil.mp3", "/etc/cron.d/x", "C:\\x\\y.mp3", "a\x00b.mp3", "..", "~"])
@pytest.mark.parametrize("group", ["", "g", "../../g"])
def test_a_name_leads_nowhere(client: Client, name: str, group: str) -> None:
    studio = client.app.state.studio
    upload = studio.store[client.upload(b"x", name, group)]
    assert upload.path.resolve().is_relative_to(studio.folder.resolve())
    client.ask("DELETE", f"/api/uploads/{upload.id}")
    assert not upload.path.exists()
    assert ".." not in clean(name)


def test_more_files_than_there_is_room_for_are_refused(client: Client) -> None:
    taken = []
    for _ in range(201):
        status, body, _ = client.ask("POST", "/api/uploads?name=tiny.wav", b"x")
        if status != 201:
            break
        taken.append(body["id"])
    assert status == 413
    assert "files" in body["error"]
    for key in taken:
        assert client.ask("DELETE", f"/api/uploads/{key}")[0] == 204


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"verb": "rm", "given": {"source": PIECE}}, "no verb"),
        ({"verb": "classify", "given": {"source": PIECE}, "parameters": {"jobs": 3}}, "no option"),
        ({"verb": "classify", "given": {"source": PIECE}, "parameters": {"threshold": "high"}}, "not a number"),
        ({"verb": "classify", "given": {"source": {"piece": "../card.json"}}}, "no bundled piece"),
        ({"verb": "classify", "given": {"source": {"path": "/no/such/song"}}}, "no such file"),
        ({"verb": "classify", "given": {"source": {"upload": "gone"}}}, "drop it again"),
        ({"verb": "classify", "given": {"source": PIECE}, "parameters": {"model": "/etc"}}, "no such model"),
        ({"verb": "classify", "given": {"out": {"name": "x"}}}, "does not take out"),
        ({"verb": "classify"}, "needs source"),
        ({**TRAIN, "given": {"data": {"kind": "synthetic", "count": 4}, "out": {"name": "../x"}}}, "name"),
        ({**TRAIN, "given": {"data": {"group": "gone"}, "out": {"name": "x"}}}, "choose it again"),
    ],
)
def test_a_wrong_request_is_answered_in_words(client: Client, asked: dict, words: str) -> None:
    status, body, _ = client.ask("POST", "/api/jobs", asked)
    assert status in {404, 422}
    assert words in body["error"]


def test_files_of_a_job_are_all_that_can_be_fetched(client: Client) -> None:
    (job,) = client.finish(client.start("classify", {"source": PIECE}))
    for name in ("../../x", "..%2f..%2fx", "%2e%2e/result.json", "nothing", "/etc/passwd"):
        assert client.ask("GET", f"/api/jobs/{job['id']}/files/{name}")[0] in {404, 405}
    for path in ("/../app.py", "/%2e%2e/app.py", "/js/..%2f..%2fapp.py"):
        status, body, _ = client.ask("GET", path)
        assert status == 404 or b"create_app" not in body


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"host": "evil.example"}, 403),
        ("GET", {"host": "localhost:{port}"}, 200),
        ("POST", {"origin": "https://evil.example"}, 403),
        ("POST", {"sec-fetch-site": "cross-site"}, 403),
        ("POST", {"origin": "null"}, 403),
        ("POST", {"origin": "http://127.0.0.1:{port}"}, 201),
    ],
)
def test_only_the_own_page_may_ask(client: Client, method: str, headers: dict[str, str], status: int) -> None:
    headers = {name: value.format(port=client.port) for name, value in headers.items()}
    path = "/api/studio" if method == "GET" else "/api/uploads?name=a"
    assert client.ask(method, path, b"x" if method == "POST" else None, headers)[0] == status


def test_a_shared_studio_wants_its_token() -> None:
    with running(Settings(local=False), token="opensesame") as client:
        assert client.ask("GET", "/api/studio")[0] == 403
        assert client.ask("GET", "/?token=wrong")[0] == 403
        status, _, headers = client.ask("GET", "/?token=opensesame")
        cookie = headers["set-cookie"].split(";")[0]
        assert (status, headers["location"]) == (303, "/")
        assert "HttpOnly" in headers["set-cookie"]
        assert client.ask("GET", "/api/studio", headers={"cookie": cookie})[1]["local"] is False
        asked = {"verb": "classify", "given": {"source": {"path": "/etc/passwd"}}}
        status, body, _ = client.ask("POST", "/api/jobs", asked, {"cookie": cookie})
        assert (status, "does not open folders" in body["error"]) == (422, True)


def test_every_answer_is_locked_down(client: Client) -> None:
    for path in ("/", "/js/app.js", "/theme.css", "/api/studio", "/api/pieces"):
        status, _, headers = client.ask("GET", path)
        assert status == 200, path
        assert "script-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_tags_are_written_into_what_was_uploaded(client: Client, wav: Callable[..., Path], tmp_path: Path) -> None:
    from partita.tags import read_tags

    job = client.start("classify", {"source": {"upload": client.upload(wav().read_bytes(), "song.wav")}})
    client.finish(job)
    assert client.ask("POST", f"/api/jobs/{job}/tag", {"genre": "jazz"})[1]["outcome"] == "written"
    assert client.ask("POST", f"/api/jobs/{job}/tag", {"genre": "rock"})[1]["outcome"] == "has a genre already"
    _, data, headers = client.ask("GET", f"/api/jobs/{job}/recording")
    (tmp_path / "song.wav").write_bytes(data)
    assert read_tags(tmp_path / "song.wav")["genre"] == "jazz"
    assert "song.wav" in headers["content-disposition"]
    (bundled,) = client.finish(client.start("classify", {"source": PIECE}))
    assert client.ask("POST", f"/api/jobs/{bundled['id']}/tag", {"genre": "jazz"})[0] == 422


def test_what_is_removed_is_gone(client: Client, wav: Callable[..., Path]) -> None:
    job = client.start("classify", {"source": {"upload": client.upload(wav().read_bytes(), "song.wav")}})
    client.finish(job)
    kept = client.app.state.studio.queue.jobs[job]
    assert client.ask("DELETE", f"/api/jobs/{job}")[0] == 204
    assert client.ask("GET", f"/api/jobs/{job}")[0] == 404
    assert not kept.folder.exists()
    assert not kept.source.exists()


def test_a_checkpoint_of_ones_own_is_taken_in_and_used(client: Client, checkpoint: Path) -> None:
    for name in (cards.CARD, cards.WEIGHTS):
        client.upload((checkpoint / name).read_bytes(), f"tones/{name}", "one")
        client.upload((checkpoint / name).read_bytes(), name, "two")
    status, body, _ = client.ask("POST", "/api/models", {"name": "my tones", "given": {"group": "two"}})
    assert (status, body) == (201, {"name": "my tones"})
    listed = {row["name"]: row for row in client.ask("GET", "/api/models")[1]}
    assert listed["my tones"]["own"]
    assert not listed["genre-cnn"]["own"]
    (job,) = client.finish(client.start("classify", {"source": PIECE}, model="my tones"))
    assert set(job["result"]["probabilities"]) == set(listed["my tones"]["labels"])
    assert client.ask("DELETE", "/api/models/genre-cnn")[0] == 422
    assert client.ask("DELETE", "/api/models/my%20tones")[0] == 204


@pytest.mark.parametrize("name", ["", "..", "a/b", "x" * 80, ".hidden"])
def test_a_models_name_is_a_name(name: str) -> None:
    with pytest.raises(PartitaError, match="name"):
        cards.valid_name(name)
