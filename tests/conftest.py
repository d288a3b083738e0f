"""Fixtures: everything is made from seeds, in temporary folders; nothing outside them is read or written."""

import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
import soundfile
import torch

from partita.checkpoint import save
from partita.data import load
from partita.evaluation import prepare_all
from partita.models.genre_linear import GenreLinear, GenreLinearConfig

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from studio_page import Visit
    from studio_server import Client

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTITA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PARTITA_STATE", str(tmp_path / "state"))


def tone(seconds: float = 3.0, rate: int = 22_050, channels: int = 1, hz: float = 440.0) -> np.ndarray:
    """A chord with a beat, (frames, channels), peak 0.5."""
    time = np.arange(int(seconds * rate)) / rate
    wave = sum(np.sin(2 * np.pi * hz * k * time) / k for k in (1, 1.25, 1.5, 2)) * (1 + np.sin(2 * np.pi * 2 * time))
    wave = 0.5 * wave / np.abs(wave).max()
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def encode(path: Path, samples: np.ndarray, rate: int, codec: str, container: str | None = None) -> Path:
    """Encode (frames, channels) with FFmpeg, for the forms that libsndfile can't write."""
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[samples.shape[1]]
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout)
        stream.bit_rate = 128_000
        resampler = av.AudioResampler(format=stream.format, layout=layout, rate=rate)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        fifo = av.AudioFifo()
        for part in resampler.resample(frame):
            fifo.write(part)
        size = stream.codec_context.frame_size or 1024
        while part := fifo.read(size) or fifo.read(0, partial=True):
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return path


@pytest.fixture
def wav(tmp_path: Path) -> Callable[..., Path]:
    """Write a wav of `tone`; keyword arguments as of `tone`."""

    def write(name: str = "tone.wav", **options: float) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, tone(**options), int(options.get("rate", 22_050)))  # type: ignore[arg-type]
        return path

    return write


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small trained checkpoint of genre-linear on synthetic songs."""
    folder = tmp_path_factory.mktemp("checkpoint")
    os.environ.setdefault("PARTITA_CACHE", str(folder / "cache"))
    dataset = load("synthetic:8")
    model = GenreLinear(GenreLinearConfig(labels=dataset.labels, columns=32, hop=32))
    model.fit(prepare_all(model, dataset.split("train")).items, np.random.default_rng(0))
    model.temperature.fill_(5.0)  # never quite certain, so that thresholds can be tried
    return save(model, folder / "tones", {"data": "synthetic"})


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of development data, or a skip."""
    if "PARTITA_DATA" not in os.environ:
        pytest.skip("PARTITA_DATA is not set: checks on real recordings are left out")
    return Path(os.environ["PARTITA_DATA"])


@pytest.fixture(scope="module")
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Client"]:
    """A studio with folders of its own, set up as the module's `SETTINGS` say, if it has any."""
    from studio_server import running

    with pytest.MonkeyPatch.context() as patch:
        for name in ("PARTITA_STATE", "PARTITA_CACHE"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name)))
        with running(getattr(request.module, "SETTINGS", None)) as studio:
            yield studio


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Browser"]:
    """A browser whose microphone hears a tone of 110 Hz; a skip where there is none."""
    from studio_page import chromium

    microphone = tmp_path_factory.mktemp("microphone") / "tone.wav"
    soundfile.write(microphone, tone(6, hz=110), 22_050)
    with chromium(microphone) as found:
        yield found


@pytest.fixture
def visit(browser: "Browser", client: "Client") -> Iterator["Visit"]:
    """A visit with nothing kept from earlier ones; at its end, nothing went wrong and nothing left the machine."""
    from studio_page import Visit

    context = browser.new_context(reduced_motion="reduce", accept_downloads=True)
    visit = Visit(client, context)
    yield visit
    context.close()
    studio = client.app.state.studio
    for job in tuple(studio.queue.jobs.values()):
        studio.forget(job)
    assert not visit.foreign()
    assert not [words for words in visit.errors if "frame is sandboxed" not in words]  # it keeps out our own script
