"""The networks of Lil Data and FstMuse: what they see, how mixes are split, and weights from elsewhere."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from partita import data
from partita.audio import Audio
from partita.checkpoint import load, save
from partita.errors import CheckpointError, UsageError
from partita.evaluation import prepare_all
from partita.example import Example
from partita.models import model_class
from partita.models.chunks import ChunkClassifier
from partita.models.pictures import IMAGENET_MEAN, PictureClassifier
from partita.models.resnet50 import TORCHVISION_DEVIATION, TORCHVISION_MEAN, ResNet50, ResNet50Config
from partita.models.tracks import TrackClassifier

NOISE = np.random.default_rng(0).normal(0, 0.1, (2, 661_794)).astype(np.float32)


def full(name: str, **settings: object) -> ChunkClassifier:
    """A model of two labels at full size without its weights."""
    kind = model_class(name)
    with torch.device("meta"):
        model = kind(kind.Config(labels=("a", "b"), **settings))
    assert isinstance(model, ChunkClassifier)
    return model


@pytest.mark.parametrize("name", ["softmax", "lildata", "resnet50"])
def test_five_seconds_are_a_square_picture(name: str) -> None:
    model = full(name)
    assert isinstance(model, PictureClassifier)
    assert model.chunk == 110_250
    (picture,) = model.pictures(NOISE[:1, :110_250])
    assert picture.shape == (1, 631, 631)
    assert picture.max() == pytest.approx(255)
    assert picture.min() >= 0
    louder = model.pictures(4 * NOISE[:1, :110_250])[0]
    np.testing.assert_allclose(louder, picture, atol=1e-2, err_msg="loudness is no feature")


def test_a_channel_loses_the_mean_colour_and_copies_lose_blue_green_and_red() -> None:
    lildata, resnet = full("lildata", fft=126, filters=(8,)), full("resnet50", fft=126)
    assert isinstance(lildata, PictureClassifier)
    waves = NOISE[:, : lildata.chunk]
    pictures = lildata.pictures(waves)
    np.testing.assert_allclose(pictures - lildata.inputs(waves), np.mean(IMAGENET_MEAN), rtol=1e-5)
    lost = pictures - resnet.inputs(waves)
    np.testing.assert_allclose(lost[0, :, 5, 7], IMAGENET_MEAN, rtol=1e-5)


@pytest.mark.parametrize("name", ["lildata", "resnet50", "toymodel", "fstmuse"])
def test_standardised_bands_have_mean_0_and_deviation_1(name: str) -> None:
    model = model_class(name).tiny()
    assert isinstance(model, ChunkClassifier)
    examples = data.load("synthetic:2").examples
    items = prepare_all(model.set(labels=("arpeggio", "beat", "drone", "noise")), examples).items
    model.start(items, np.random.default_rng(0))
    pieces = [piece for item in items for piece in model.pieces(item)]
    x = model.standardise(model.batch(pieces, np.random.default_rng(0))["x"])  # type: ignore[operator]
    others = (0, 1, 3) if isinstance(model, PictureClassifier) else (0, 1, 2)
    torch.testing.assert_close(x.mean(others), torch.zeros(x.mean(others).shape), atol=1e-3, rtol=0)
    torch.testing.assert_close(x.std(others), torch.ones(x.mean(others).shape), atol=1e-2, rtol=0)


def test_a_clip_of_the_archive_is_one_picture_and_a_masked_rest() -> None:
    model = full("toymodel")
    assert isinstance(model, TrackClassifier)
    item = model.prepare(Example("song", Audio(NOISE[:1], 22_050), "a", "song"))
    assert item["votes"].tolist() == [True, False]
    assert item["samples"].tolist() == [660_984, 810]
    assert model.inputs(item["chunks"][:1].astype(np.float32)).shape == (1, 1, 1291, 128)
    short = model.prepare(Example("short", Audio(NOISE[:1, :400_000], 22_050), "a", "short"))
    assert short["votes"].tolist() == [True]
    assert not model.inputs(short["chunks"].astype(np.float32))[0, 0, -(-400_000 // 512) :].any()


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("lildata", "scale", "log"),
        ("toymodel", "scale", "standardised"),
        ("toymodel", "pooling", "mean"),
        ("fstmuse", "variant", "paper"),
        ("resnet50", "stride_in", 3),
        ("lildata", "fft", 126),
        ("fstmuse", "mels", 40),
    ],
)
def test_unknown_and_impossible_settings_are_refused(name: str, setting: str, value: object) -> None:
    with pytest.raises(UsageError):
        full(name, **{setting: value})


def test_chunks_of_a_long_mix_are_on_one_side(tmp_path: Path) -> None:
    """Every mix is a constant of its own, so that its chunks can be told wherever they turn up."""
    levels = {}
    for genre in ("house", "trap"):
        (tmp_path / genre).mkdir()
        for number in range(4):
            levels[f"{genre}/{number}.wav"] = level = 0.05 * (1 + len(levels))
            soundfile.write(tmp_path / genre / f"{number}.wav", np.full(40 * 22_050, level), 22_050)
    dataset = data.load(f"folder:{tmp_path}")
    model = model_class("lildata").tiny().set(labels=dataset.labels)
    heard = {}
    for split in ("train", "valid", "test"):
        if examples := dataset.splits[split]:
            pieces = [piece for item in prepare_all(model, examples).items for piece in model.pieces(item)]
            assert len(pieces) == 80 * len(examples), "half a second each"
            heard[split] = {round(float(piece["chunk"][0]) / 32_768, 2) for piece in pieces}
            assert heard[split] == {round(levels[example.id], 2) for example in examples}
    assert len(heard) >= 2
    assert sum(map(len, heard.values())) == len(levels), "no mix is on two sides"


def test_copied_channels_are_a_summed_kernel() -> None:
    """The report's explanation of its failure, useless weights in copied channels, can't be right."""
    torch.manual_seed(0)
    stem = ResNet50.tiny().backbone.stem.conv.double()
    x = torch.randn(2, 1, 40, 40, dtype=torch.double)
    one = F.conv2d(x, stem.weight.sum(1, keepdim=True), stem.bias, stem.stride, stem.padding)
    torch.testing.assert_close(stem(x.repeat(1, 3, 1, 1)), one, atol=1e-6, rtol=1e-6)


def narrow(**settings: object) -> ResNet50:
    """A narrow ResNet with two stages of two blocks."""
    shape = {"labels": ("a", "b"), "fft": 126, "widths": (8, 8), "blocks": (2, 2), "momentum": 0.9}
    return ResNet50.new(ResNet50Config(**{**shape, **settings}), 0)  # type: ignore[arg-type]


def strange(model: ResNet50) -> ResNet50:
    """The same with random running statistics, so that a lost one shows."""
    torch.manual_seed(1)
    for name, buffer in model.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.5, 1.5)
    return model


def test_weights_of_another_checkpoint_are_taken_without_its_last_layer(tmp_path: Path) -> None:
    other = strange(narrow(labels=("a", "b", "c")))
    file = save(other, tmp_path / "other", {}) / "model.safetensors"
    model = narrow(weights=str(file), momentum=0.5)
    model.start([], np.random.default_rng(0))
    for name, value in other.backbone.state_dict().items():
        assert torch.equal(model.backbone.state_dict()[name], value), name
    file.unlink()
    again = load(save(model, tmp_path / "saved", {}))
    assert torch.equal(again.head[2].weight, model.head[2].weight), "a checkpoint needs the file no more"  # type: ignore[index, union-attr]


def torchvision_layout(widths: tuple[int, ...], blocks: tuple[int, ...]) -> dict[str, Tensor]:
    """Random tensors under the names of torchvision's ResNet-50."""
    rng = torch.Generator().manual_seed(2)
    tensors: dict[str, Tensor] = {}

    def part(conv: str, norm: str, inputs: int, outputs: int, kernel: int) -> None:
        scale = (inputs * kernel**2) ** -0.5
        tensors[f"{conv}.weight"] = scale * torch.randn(outputs, inputs, kernel, kernel, generator=rng)
        for slot in ("weight", "bias", "running_mean", "running_var"):
            tensors[f"{norm}.{slot}"] = torch.rand(outputs, generator=rng) + 0.5

    part("conv1", "bn1", 3, widths[0], 7)
    inputs = widths[0]
    for stage, (width, count) in enumerate(zip(widths, blocks, strict=True), start=1):
        for block in range(count):
            here = f"layer{stage}.{block}"
            for number, (a, b, kernel) in enumerate(((inputs, width, 1), (width, width, 3), (width, 4 * width, 1)), 1):
                part(f"{here}.conv{number}", f"{here}.bn{number}", a, b, kernel)
            if block == 0:
                part(f"{here}.downsample.0", f"{here}.downsample.1", inputs, 4 * width, 1)
            inputs = 4 * width
    return {**tensors, "fc.weight": torch.zeros(1000, inputs), "fc.bias": torch.zeros(1000)}


def torchvision_features(tensors: dict[str, Tensor], x: Tensor, blocks: tuple[int, ...]) -> Tensor:
    """torchvision's ResNet-50 up to its pooling, written down once more: x is red, green, blue, standardised."""

    def part(x: Tensor, conv: str, norm: str, stride: int = 1) -> Tensor:
        kernel = tensors[f"{conv}.weight"]
        x = F.conv2d(x, kernel, None, stride, kernel.shape[-1] // 2)
        slots = (tensors[f"{norm}.{slot}"] for slot in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, *slots)

    x = F.max_pool2d(part(x, "conv1", "bn1", 2).relu(), 3, 2, 1)
    for stage, count in enumerate(blocks, start=1):
        for block in range(count):
            here, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            beside = part(x, f"{here}.downsample.0", f"{here}.downsample.1", stride) if block == 0 else x
            y = part(x, f"{here}.conv1", f"{here}.bn1").relu()
            y = part(y, f"{here}.conv2", f"{here}.bn2", stride).relu()
            x = (part(y, f"{here}.conv3", f"{here}.bn3") + beside).relu()
    return x


def test_torchvision_weights_do_what_they_did_there(tmp_path: Path) -> None:
    tensors = torchvision_layout((8, 8), (2, 2))
    save_file(tensors, tmp_path / "resnet50.safetensors")
    model = narrow(weights=str(tmp_path / "resnet50.safetensors"), stride_in=2).eval()
    model.start([], np.random.default_rng(0))
    colours = 255 * torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3))  # red, green, blue
    ours = model.backbone(colours.flip(1) - torch.tensor(IMAGENET_MEAN)[:, None, None])
    mean, deviation = (torch.tensor(v)[:, None, None] for v in (TORCHVISION_MEAN, TORCHVISION_DEVIATION))
    theirs = torchvision_features(tensors, (colours / 255 - mean) / deviation, (2, 2))
    inside = (..., slice(3, -3), slice(3, -3))  # the padding of the first layer differs by a two-hundredth
    torch.testing.assert_close(ours[inside], theirs[inside], atol=2e-2, rtol=2e-2)
    assert (ours - theirs).abs().mean() < 0.01 * theirs.abs().mean()
    with pytest.raises(UsageError, match="stride_in=2"):
        narrow(weights=str(tmp_path / "resnet50.safetensors")).start([], np.random.default_rng(0))


def test_weights_that_can_not_be_had_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pickled.pth").write_bytes(b"\x80\x02}q\x00.")
    save_file({"conv.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    wide = save(narrow(widths=(16, 16)), tmp_path / "wide", {}) / "model.safetensors"
    for source, words in (
        (tmp_path / "none.safetensors", "no such file"),
        (tmp_path / "pickled.pth", "never read"),
        (tmp_path / "other.safetensors", "lacks stem.conv.weight"),
        (wide, "does not fit"),
    ):
        with pytest.raises(CheckpointError, match=words):
            narrow(weights=str(source)).start([], np.random.default_rng(0))
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UsageError, match=r"partita\[hub\]"):
        narrow(weights="hub:somebody/resnet").start([], np.random.default_rng(0))


def test_weights_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = strange(narrow())
    folder = save(other, tmp_path / "other", {})

    def hf_hub_download(name: str, file: str) -> str:
        if name != "somebody/resnet":
            raise ConnectionError("no route to host")
        return str(folder / file)

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(hf_hub_download=hf_hub_download))
    model = narrow(weights="hub:somebody/resnet")
    model.start([], np.random.default_rng(0))
    assert torch.equal(model.backbone.stem.conv.weight, other.backbone.stem.conv.weight)
    with pytest.raises(CheckpointError, match="no route to host"):
        narrow(weights="hub:nobody/nothing").start([], np.random.default_rng(0))


def test_a_frozen_backbone_stays_as_it_is() -> None:
    model = narrow(frozen=True).train()
    before = {name: value.clone() for name, value in model.backbone.state_dict().items()}
    optimizer = model.phases(model.recipe)["all"]
    batch = {"x": torch.randn(4, 3, 64, 64), "target": torch.tensor([0, 1, 0, 1])}
    first = model.losses(batch, "all")["loss"]
    first.backward()
    optimizer.step()
    assert float(model.losses(batch, "all")["loss"].detach()) != float(first.detach())
    for name, value in model.backbone.state_dict().items():
        assert torch.equal(value, before[name]), name
