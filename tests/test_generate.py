"""Sound that is made: as long and fast as was asked for, well, the same for the same seed, looping without a seam."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import partita
from partita import data
from partita.audio import Audio
from partita.checkpoint import load, save
from partita.cli import main
from partita.errors import UnusableAudioError, UsageError
from partita.evaluation import prepare_all
from partita.example import Example
from partita.generation import PEAK, TRIES, fit_to_hear, generate_sound, inverted
from partita.metrics.audio import health
from partita.models.attention import Block
from partita.models.beat_transformer import BeatTransformer
from partita.models.codebook import Codebooks
from partita.models.generator import COPIED, Drawn, Request
from partita.tags import read_tags
from partita.training import fit

RATE = 22_050


@pytest.fixture(scope="module")
def model() -> BeatTransformer:
    """A tiny one that has seen some beats."""
    network = BeatTransformer.tiny()
    examples = [e for e in data.load("synthetic:3").examples if e.label in network.labels]
    torch.manual_seed(0)
    items = [{**network.prepare(e), **network.known(e)} for e in examples]
    fit(network, items, [], type(network.recipe)(steps=20, batch=4, validate_every=20))
    return network


@pytest.fixture(scope="module")
def checkpoint(model: BeatTransformer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(model, tmp_path_factory.mktemp("made") / "loops", {"sampling": {"temperature": 0.9}})


def clicks(bpm: float, bars: int = 2) -> np.ndarray:
    """A click on every beat, and silence after it."""
    samples = np.zeros(round(bars * 240 / bpm * RATE), np.float32)
    for beat in range(4 * bars):
        begin = round(beat * 60 / bpm * RATE)
        samples[begin : begin + 200] = np.random.default_rng(0).normal(0, 0.3, 200)
    return samples


@pytest.mark.parametrize(("bpm", "seconds"), [(60, 3.0), (120, 4.0), (173.3, 5.5)])
def test_it_is_as_long_as_was_asked_and_well(model: BeatTransformer, bpm: float, seconds: float) -> None:
    made = generate_sound(model, Request("beat", seconds, bpm), 1, "beat")
    sixteenth = 15 / bpm
    assert made.audio.seconds == pytest.approx(seconds, abs=sixteenth)
    samples = made.audio.samples
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() == pytest.approx(PEAK, abs=1e-4)
    assert abs(samples.mean()) < 1e-4
    assert made.json()["health"]["clipped"] == 0


def test_the_seed_decides_every_sample(model: BeatTransformer) -> None:
    request = Request("beat", 2.0)
    first, again, other = (generate_sound(model, request, seed, "beat").audio.samples for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("bpm", [97, 140])
def test_a_loop_has_whole_bars_and_no_seam(model: BeatTransformer, bpm: float) -> None:
    made = generate_sound(model, Request("beat", 4.0, bpm, loop=True), 0, "beat")
    bars = made.audio.seconds * bpm / 240
    assert bars == pytest.approx(round(bars), abs=1e-3)
    assert made.health.seam < 2
    twice = np.tile(made.audio.samples[0], 2)
    assert np.abs(np.diff(twice)).max() == pytest.approx(np.abs(np.diff(made.audio.samples[0])).max(), rel=0.05)


def test_a_recording_goes_on_as_it_was(model: BeatTransformer) -> None:
    prompt = Audio(clicks(120)[None], RATE, "clicks")
    made = generate_sound(model, Request("beat", 3.0, 120, prompt=prompt), 0, "more").audio
    assert made.seconds == pytest.approx(prompt.seconds + 3, abs=0.13)
    kept, before = made.samples[0, : 3 * RATE], prompt.samples[0, : 3 * RATE]
    assert np.corrcoef(kept, before)[0, 1] > 0.99, "but for what lies below hearing"


def test_patterns_lie_on_the_same_frames_at_every_tempo(model: BeatTransformer) -> None:
    pictures = [model.levels(clicks(bpm), bpm).astype(float).mean(1) for bpm in (70, 120, 190)]
    for picture in pictures:
        beats = len(picture) // (4 * model.config.frames)
        loud = picture[: 4 * beats * model.config.frames].reshape(beats, -1).mean(0)
        assert loud.argmax() == 0, "the click is the beat's first frame"
        assert len(picture) == pytest.approx(len(pictures[0]), abs=1)


def test_levels_become_magnitudes_and_the_same_levels_again(model: BeatTransformer) -> None:
    full = model.set(mels=64, frames=16)
    samples = clicks(100)
    levels = full.levels(samples, 100)
    seconds = len(samples) / RATE
    again = full.levels(inverted(full, Drawn(levels.T.astype(np.float32), seconds)), 100)
    heard = levels.max(1) > 60
    assert np.abs(levels[: len(again)][heard[: len(again)]].astype(float) - again[heard[: len(again)]]).mean() < 16


def test_drawing_step_by_step_is_the_same_network_as_training(model: BeatTransformer) -> None:
    torch.manual_seed(0)
    block = Block(16, 2, 12, 0.0, wider=3, forgetting=0.2).eval()
    x = torch.randn(1, 12, 16)
    whole, memory, rows = block(x), (None, None), []
    for place in range(12):
        row, memory = block.step(x[:, place : place + 1], memory)
        rows.append(row)
    assert torch.allclose(torch.cat(rows, 1), whole, atol=1e-5)


def test_more_codes_lose_less() -> None:
    rng = np.random.default_rng(0)
    patches = rng.normal(0, 1, (400, 6)).astype(np.float32)
    errors = []
    for levels in (1, 2, 4):
        books = Codebooks(levels, 8, 6)
        books.fit(patches, np.random.default_rng(1))
        codes = books.encode(torch.from_numpy(patches))
        assert codes.shape == (400, levels)
        errors.append(float(((books.decode(codes) - torch.from_numpy(patches)) ** 2).mean()))
    assert errors[0] > errors[1] > errors[2]


def test_in_training_some_patches_are_drawn_from_what_it_expects(model: BeatTransformer) -> None:
    sure = model.set(corruption=0.5)
    sure.load_state_dict(model.state_dict())
    for level, decider in enumerate(sure.deciders):
        decider.outer.bias.data[level] = 1e4
    codes, corrupt = torch.full((3, 16, 2), 3), torch.zeros(3, 16, dtype=torch.bool)
    corrupt[1, 4:9] = True
    seen = sure.train()._with_own_draws(codes, corrupt, torch.zeros(3, dtype=torch.int64), torch.full((3,), 120.0))
    assert sure.training
    assert torch.equal(seen[~corrupt], codes[~corrupt])
    assert torch.equal(seen[corrupt], torch.tensor([[0, 1]]).expand(5, 2))


@pytest.mark.parametrize("bfloat16", [False, True])
def test_both_optimisers_go_on_as_if_never_stopped(model: BeatTransformer, tmp_path: Path, bfloat16: bool) -> None:
    items = [{**model.prepare(e), **model.known(e)} for e in data.load("synthetic:1").only(list(model.labels)).examples]
    recipe = replace(model.recipe, steps=6, batch=2, validate_every=2, bfloat16=bfloat16)

    def stop(done: int, total: int, words: str) -> None:
        if done == 4:
            raise KeyboardInterrupt

    start = BeatTransformer.new(model.config, 0).state_dict()
    whole, stopped, resumed = (BeatTransformer.new(model.config, 0) for _ in range(3))
    fit(whole, items, [], recipe)
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, items, [], recipe, folder=tmp_path, progress=stop)
    fit(resumed, items, [], recipe, folder=tmp_path)
    for key, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[key], tensor), key
    moved = {key for key, tensor in whole.named_parameters() if not torch.equal(tensor, start[key])}
    assert {
        "blocks.0.attention.weight",
        "deciders.1.outer.weight",
        "seen.0.weight",
        "norm.bias",
        "flow.outlet.weight",
    } <= moved


def test_a_stretch_is_learnt_moved_and_louder_but_silence_stays(model: BeatTransformer) -> None:
    moving = model.set(shift=2, gain=3.0)
    frames = torch.zeros(200, moving.context * 4, 16)
    frames[:, 9] = 0.5
    changed = moving._changed(frames.view(200, moving.context, -1), np.random.default_rng(0)).view_as(frames)
    rows, places, _ = torch.nonzero(changed, as_tuple=True)
    assert len(rows) == 200 * 16, "what was silent still is"
    assert set(places.tolist()) == {7, 8, 9, 10, 11}
    loudness = changed[changed > 0].view(200, 16)
    assert torch.allclose(loudness, loudness[:, :1]), "all of a stretch is changed alike"
    assert float((loudness - 0.5).abs().max()) <= 3 / 85 + 1e-6
    assert float(loudness.std()) > 0.01
    still = model.set(shift=0, gain=0.0)._changed(frames, np.random.default_rng(0))
    assert torch.equal(still, frames)


def test_a_bar_that_copies_is_drawn_again_and_only_what_is_new_is_compared(
    model: BeatTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answers = [], [0.95, 0.2, 0.3]

    def likeness(self: BeatTransformer, codes: torch.Tensor, bpm: float, settled: int) -> float:
        asked.append((len(codes), settled))
        return answers.pop(0)

    monkeypatch.setattr(BeatTransformer, "_likeness", likeness)
    drawn = model.draw(Request("beat", 4.0), np.random.default_rng(0))
    assert asked == [(16, 0), (16, 0), (32, 16)], "the first bar twice, then the second"
    assert drawn.likeness == 0.3, "what was thrown away is not told"


def test_a_copy_is_drawn_again_and_the_last_one_is_told(
    model: BeatTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, likenesses = Request("beat", 2.0), [0.95, 0.99, 0.3, 0.95]
    draw = BeatTransformer.draw

    def alike(self: BeatTransformer, *others: object) -> Drawn:
        return replace(draw(self, *others), likeness=likenesses.pop(0))  # type: ignore[arg-type]

    monkeypatch.setattr(BeatTransformer, "draw", alike)
    assert generate_sound(model, request, 0, "x").drawn.likeness == 0.3
    likenesses[:] = [COPIED] * TRIES**2
    assert any("copies training" in fault for fault in generate_sound(model, request, 0, "x").faults)
    assert not likenesses, "and again, but not for ever"


def test_a_checkpoint_keeps_what_it_learnt_from(model: BeatTransformer, checkpoint: Path) -> None:
    again = load(checkpoint)
    assert isinstance(again, BeatTransformer)
    assert len(model.learnt.codes)
    assert torch.equal(again.learnt.codes, model.learnt.codes)
    books = model.codebooks.books.view(2, 4, 4, 16)
    assert again.learnt.likeness(model.learnt.codes[10:50], books, 20) == pytest.approx(1, abs=1e-3)


def test_a_recording_says_its_tempo_or_is_refused(model: BeatTransformer, tmp_path: Path) -> None:
    strict = model.set(bpm=0.0)
    path = tmp_path / "beat" / "clicks.flac"
    path.parent.mkdir()
    Audio(clicks(100)[None], RATE).write(path, {"bpm": "100"})
    (item,) = prepare_all(strict, [Example("a", partita.AudioFile(path), "beat", "a")]).items
    assert (float(item["bpm"][0]), len(item["levels"])) == (100, 2 * strict.bar)
    with pytest.raises(UnusableAudioError, match="tag bpm"):
        strict.prepare(Example("b", Audio(clicks(100)[None], RATE), "beat", "b"))


def test_what_can_not_be_made_is_said(model: BeatTransformer) -> None:
    request = Request("beat", 2.0)
    for change, words in (
        ({"label": "baet"}, "Did you mean 'beat'"),
        ({"seconds": 0.0}, "makes up to"),
        ({"bpm": 10.0}, "40 to 300"),
        ({"prompt": Audio(np.zeros((1, 9), np.float32), RATE)}, "shorter than a sixteenth"),
    ):
        with pytest.raises(UsageError, match=words):
            generate_sound(model, replace(request, **change), 0, "x")  # type: ignore[arg-type]


def test_the_end_of_a_sound_does_not_lead_into_its_begin_but_that_of_a_loop_does() -> None:
    ends_on_rumble = np.zeros(4 * RATE, np.float32)
    ends_on_rumble[-RATE // 10 :] = 1
    begins = [np.abs(fit_to_hear(ends_on_rumble, RATE, loop)[: RATE // 10]).max() for loop in (False, True)]
    assert begins[0] < 0.01 < begins[1]


def test_silence_stays_silence_and_loud_is_turned_down() -> None:
    assert not fit_to_hear(np.zeros(500, np.float32), RATE).any()
    loud = fit_to_hear(5 + 9 * np.sin(np.arange(RATE) * 0.1).astype(np.float32), RATE)
    assert np.abs(loud).max() == pytest.approx(PEAK, abs=1e-4)
    assert abs(loud.mean()) < 1e-4


def test_the_command_writes_sounds_card_and_picture(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code = main(["generate", "--model", str(checkpoint), "--seconds", "2", "--variations", "2", "--out", str(out)])
    assert code in (0, 1), "a tiny model may make something that stands still, and that is said"
    card = json.loads((out / "sounds.json").read_text())
    assert [sound["class"] for sound in card["sounds"]] == ["beat", "drone"], "classes take turns"
    assert {path.name for path in out.iterdir()} == {
        "beat-100bpm-0.wav",
        "drone-100bpm-1.wav",
        "sounds.json",
        "sounds.png",
    }
    tags = read_tags(out / "drone-100bpm-1.wav")
    assert (tags["bpm"], tags["genre"]) == ("100", "drone")
    assert "loops@" in tags["encodedby"]
    assert "seed 1" in tags["encodedby"]
    assert "temperature 0.9" in tags["encodedby"], "as the card says"
    again = tmp_path / "again.wav"
    main(["generate", "drone", "--model", str(checkpoint), "--seconds", "2", "--seed", "1", "--out", str(again)])
    assert np.array_equal(soundfile.read(again)[0], soundfile.read(out / "drone-100bpm-1.wav")[0])


def test_a_wrong_request_is_one_line(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], wav: Callable[..., Path]
) -> None:
    words = ["generate", "beat", "--model", str(checkpoint), "--out", str(tmp_path / "out")]
    for more, answer in (
        (["--extend", str(wav())], "no tag bpm"),
        (["--extend", str(wav()), "--loop"], "does not lead back"),
        (["--variations", "0"], "variations are 1 to"),
        (["--temperature", "-1"], "temperature -1"),
    ):
        assert main([*words, *more]) == 2
        assert answer in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_stopping_leaves_nothing_half(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sounds = partita.generate("beat", model=str(checkpoint), seconds=1.0)
    out = tmp_path / "out" / "one.ogg"
    out.parent.mkdir()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("partita.figures.save", stop)
        with pytest.raises(KeyboardInterrupt):
            sounds.write(out)
    assert not list(out.parent.iterdir())
    assert [path.name for path in sounds.write(out)] == ["one.ogg", "one.json", "one.png"]
    assert health(Audio.read(out).samples, RATE).finite
