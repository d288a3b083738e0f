"""Processor time of single pieces, one thread: classifying a song, peer networks, log-mel, formats."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import peers
import signals
import torch
from measure import Bar, Figure, Plan, in_turn, ratios
from measure import child as in_fresh_process

import partita
from partita import checkpoint
from partita.audio import Audio, AudioFile, Reading, Samples
from partita.example import Spectrogram
from partita.features import GTZAN_RATE, GTZAN_SECONDS_PER_COLUMN, gtzan_windows, mel_spectrogram, power_to_db
from partita.models.base import Item
from partita.models.classifier import Classifier

SECONDS = 30
"""Length of the song that is classified."""


def _decoded(path: Path) -> Samples:
    return np.concatenate(list(AudioFile(path).blocks(GTZAN_RATE)))


def _network(model: str) -> Classifier:
    network = checkpoint.load(model)
    assert isinstance(network, Classifier)
    return network


def _items(network: Classifier, samples: Samples) -> list[Item]:
    """What the network hears of mono samples at 22,050 Hz: log-mel and summaries of windows of 30 s."""
    return list(network.windows(Audio(samples, GTZAN_RATE), Reading()))


def _scores(network: Classifier, items: list[Item]) -> list[int]:
    """Run the network, and say how many stretches each item had."""
    with torch.inference_mode():
        return [len(network.scores(item).segments) for item in items]


def classify(plan: Plan) -> list[Figure]:
    """30 s of mp3 to a genre, and what each step of it takes."""
    path = signals.write(plan.folder / "song.mp3", SECONDS)
    network = _network(plan.model)
    samples = _decoded(path)
    mel = Spectrogram(next(gtzan_windows([samples])), GTZAN_SECONDS_PER_COLUMN, "gtzan-logmel")
    items = _items(network, samples)
    stretches = f"{sum(_scores(network, items))} stretches"
    taken = in_turn(
        {
            "whole": lambda: partita.classify(path, model=plan.model),
            "decode": lambda: _decoded(path),
            "log-mel": lambda: list(gtzan_windows([samples])),
            "summaries": lambda: list(network.windows(mel, Reading())),
            "network": lambda: _scores(network, items),
        },
        plan.repeats,
    )
    rest = [whole - sum(taken[name][i] for name in taken if name != "whole") for i, whole in enumerate(taken["whole"])]
    cores = os.cpu_count()
    _, users = in_fresh_process(plan.folder, "classify", path, plan.model, str(plan.repeats + 1))
    return [
        Figure("30 s of mp3 to a genre, one thread", taken["whole"], "CPU s", Bar(0.25), "partita.classify, warm"),
        Figure("  decode and resample", taken["decode"], "CPU s", remark="mp3 to 22,050 Hz mono"),
        Figure("  log-mel", taken["log-mel"], "CPU s"),
        Figure("  summaries", taken["summaries"], "CPU s", remark=stretches),
        Figure("  network", taken["network"], "CPU s", remark=stretches),
        Figure("  rest", rest, "CPU s", remark="whole less its steps, which were run apart"),
        Figure("the same, as many threads as torch and numpy take", users["cpu"][1:], "CPU s", remark=f"{cores} cores"),
        Figure("  what one waits for", users["wall"][1:], "wall s"),
        Figure("the same, first in its process", users["cpu"][:1], "CPU s", remark="loads code and model; one run"),
    ]


def compare(plan: Plan) -> list[Figure]:
    """Forward passes of peer networks for 30 s, in turn with ours, front end included in ours."""
    network = _network(plan.model)
    samples = signals.song(SECONDS, rate=GTZAN_RATE).mean(1)
    items = _items(network, samples)

    def forward(peer: torch.nn.Module, given: torch.Tensor) -> None:
        with torch.inference_mode():
            for window in given.split(1):
                peer(window)

    torch.manual_seed(0)
    musicnn, cnn14, ast = peers.Musicnn().eval(), peers.CNN14().eval(), peers.ast()
    calls: dict[str, Callable[[], object]] = {
        "ours": lambda: _scores(network, _items(network, samples)),
        "network": lambda: _scores(network, items),
        "musicnn": partial(forward, musicnn, torch.randn(peers.MUSICNN_INPUT)),
        "CNN14": partial(forward, cnn14, 0.1 * torch.randn(1, SECONDS * peers.CNN14_RATE)),
    }
    counts = {"musicnn": peers.parameters(musicnn), "CNN14": peers.parameters(cnn14)}
    if ast is not None:
        calls["AST"] = partial(forward, ast, torch.randn(peers.AST_INPUT))
        counts["AST"] = peers.parameters(ast)
    taken = in_turn(calls, plan.repeats)
    size = peers.parameters(network)
    remarks = {
        "musicnn": "ten windows of 3 s; without its front end",
        "CNN14": "with its front end",
        "AST": "three windows of 10.24 s; without its front end",
    }
    figures = [
        Figure("genre-cnn from samples at 22,050 Hz", taken["ours"], "CPU s", remark="log-mel, summaries, network"),
        Figure(f"genre-cnn, {size / 1e6:.2f} M parameters", taken["network"], "CPU s", remark="the network alone"),
    ]
    for name, count in counts.items():
        figures += [
            Figure(f"{name}, {count / 1e6:.2f} M parameters", taken[name], "CPU s", remark=remarks[name]),
            Figure(f"  {name} over genre-cnn from samples", ratios(taken[name], taken["ours"]), "times"),
        ]
    if ast is None:
        figures.append(Figure("AST", [], "CPU s", remark="not measured: `pip install transformers` and run again"))
    return figures


def log_mel(plan: Plan) -> list[Figure]:
    """A long mp3 to its log-mel spectrogram, in turn with librosa."""
    import librosa

    seconds = 60 if plan.quick else 300
    path = signals.write(plan.folder / "long.mp3", seconds)

    def ours() -> None:
        power_to_db(mel_spectrogram(_decoded(path), GTZAN_RATE))

    def librosas() -> None:
        samples, rate = librosa.load(path, sr=GTZAN_RATE)
        librosa.power_to_db(librosa.feature.melspectrogram(y=samples, sr=rate), ref=np.max)

    taken = in_turn({"ours": ours, "decode": lambda: _decoded(path), "librosa": librosas}, plan.repeats)
    return [
        Figure(
            f"{seconds} s of mp3 to log-mel",
            [seconds / cpu for cpu in taken["ours"]],
            "x real time",
            Bar(330, at_most=False),
            "decode to 22,050 Hz mono, 128 mels, decibels",
        ),
        Figure("  in processor time", taken["ours"], "CPU s"),
        Figure("  of which decode and resample", taken["decode"], "CPU s"),
        Figure("librosa.load and librosa.feature.melspectrogram", taken["librosa"], "CPU s", remark="the same result"),
        Figure("  librosa over partita", ratios(taken["librosa"], taken["ours"]), "times"),
    ]


def formats(plan: Plan) -> list[Figure]:
    """30 s decoded from every format through `AudioFile.blocks(22050)`."""
    paths = {kind: signals.write(plan.folder / f"song.{kind}", SECONDS) for kind in signals.FORMATS}
    taken = in_turn({kind: partial(_decoded, path) for kind, path in paths.items()}, plan.repeats)
    figures = []
    for kind, path in paths.items():
        speeds = sorted(SECONDS / cpu for cpu in taken[kind])
        bits = path.stat().st_size * 8 / SECONDS / 1000
        remark = f"{speeds[len(speeds) // 2]:.0f} x real time; {bits:.0f} kbit/s, {AudioFile(path).info().decoder}"
        figures.append(Figure(f"{kind}, 30 s", [1000 * cpu for cpu in taken[kind]], "CPU ms", remark=remark))
    return figures
