"""The studio among strangers, and on `gradio.Server`: the same page, and an API for Gradio's clients."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest
from studio_server import Client, running

from partita.studio.app import Settings

SPACE = Path(__file__).parents[1] / "spaces"
CLIENT = """
import json, sys
from gradio_client import Client, handle_file
print(json.dumps(Client(sys.argv[1], verbose=False).predict(handle_file(sys.argv[2]), api_name="/classify")))
"""


def test_the_space_says_what_hugging_face_must_know() -> None:
    front = (SPACE / "README.md").read_text(encoding="utf-8").split("---\n")[1]
    values = dict(re.findall(r'^(\w+): "?(.*?)"?$', front, re.MULTILINE))
    assert values["sdk"] == "gradio"
    assert tuple(map(int, values["sdk_version"].split("."))) >= (6, 5), "gradio.Server is there from 6.5 on"
    assert (SPACE / values["app_file"]).is_file()
    assert len(values["short_description"]) <= 60, "as Hugging Face has it"
    wanted = (SPACE / "requirements.txt").read_text(encoding="utf-8").split()
    assert wanted == ["partita[spaces]"]


def test_visitors_see_what_is_their_own() -> None:
    def visitor(client: Client) -> Client:
        cookie = client.ask("GET", "/")[2]["set-cookie"]
        assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=None", "Partitioned"))
        return replace(client, headers={"cookie": cookie.partition(";")[0]})

    with running(Settings(local=False), apart=True) as server:
        first, second = visitor(server), visitor(server)
        assert "set-cookie" not in first.ask("GET", "/")[2]
        (job,) = first.finish(first.start("classify", {"source": {"piece": "sorohanro-solo-trumpet.ogg"}}))
        assert first.ask("GET", "/api/jobs")[1][0]["id"] == job["id"]
        for model in ("card.json", "model.safetensors"):
            first.upload((files("partita") / "pretrained" / "genre-linear" / model).read_bytes(), model, group="mine")
        loading = {"name": "mine", "given": {"group": "mine"}}
        assert first.ask("POST", "/api/models", loading)[0] == 201
        assert [model["name"] for model in first.ask("GET", "/api/models")[1] if model["own"]] == ["mine"]
        assert first.start("classify", {"source": {"recording": job["id"]}}, model="mine")
        for stranger in (second, server):
            assert stranger.ask("GET", "/api/jobs")[1] == []
            assert next(stranger.events()) == ("jobs", [])
            for method, path in (("GET", ""), ("GET", "/media"), ("GET", "/files/levels.u8"), ("DELETE", "")):
                assert stranger.ask(method, f"/api/jobs/{job['id']}{path}")[0] == 404
            asked = {"verb": "classify", "given": {"source": {"recording": job["id"]}}}
            assert stranger.ask("POST", "/api/jobs", asked)[0] == 404
            assert not any(model["own"] for model in stranger.ask("GET", "/api/models")[1])
            assert stranger.ask("POST", "/api/models", loading)[0] == 422
        assert first.ask("GET", f"/api/jobs/{job['id']}")[0] == 200


@pytest.mark.skipif(find_spec("gradio") is None, reason="Gradio is not installed (pip install partita[spaces])")
def test_page_and_api_are_served(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"PARTITA_STATE": str(tmp_path / "state"), "PARTITA_CACHE": str(tmp_path / "cache")}
    environment = {**os.environ, **own, "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    command = [sys.executable, "-u", str(SPACE / "app.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            assert any("Running on local URL" in line for line in process.stdout)
            index = (files("partita") / "studio" / "static" / "index.html").read_bytes()
            assert asked(port, "/") == (200, index)
            assert asked(port, "/js/app.js")[0] == asked(port, "/theme.css")[0] == asked(port, "/api/models")[0] == 200
            assert json.loads(asked(port, "/api/studio")[1])["local"] is False
            assert asked(port, "/", host="evil.example")[0] == 403
            song = files("partita") / "music" / "sorohanro-solo-trumpet.ogg"
            words = [sys.executable, "-c", CLIENT, f"http://127.0.0.1:{port}/", str(song)]
            answer = subprocess.run(words, capture_output=True, text=True, check=False, env=environment, timeout=120)
            assert json.loads(answer.stdout.splitlines()[-1])["genre"], answer.stderr
        finally:
            process.terminate()


def asked(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, bytes]:
    """Status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"host": f"{host}:{port}"})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found
