"""The studio on `gradio.Server`: the same page, and an API for Gradio's clients; skipped without Gradio."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest

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
