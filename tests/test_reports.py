"""The student reports' networks: their printed counts, shapes and cuts."""

import numpy as np
import pytest
import torch

from partita.audio import Audio
from partita.data.gtzan import GENRES
from partita.errors import UsageError
from partita.example import Example
from partita.models import model_class
from partita.models.bach import Bach
from partita.models.base import Model
from partita.models.dilated_cnn import DilatedCNN, DilatedCNNConfig
from partita.models.toygan import ToyGAN
from partita.settings import Plan


def built(name: str, labels: int = 10, **settings: object) -> Model:
    """A model at full size without its weights."""
    kind = model_class(name)
    with torch.device("meta"):
        return kind(kind.Config(labels=GENRES[:labels], **settings))


def outputs(model: Model, kind: str) -> list[tuple[int, ...] | None]:
    return [layer.output for layer in model.outline() if layer.kind == kind]


@pytest.mark.parametrize(("name", "labels", "count"), [
    ("bach", 10, 348_990),
    ("beethoven", 10, 246_210),
    ("dilated-cnn", 10, 288_142),
    ("softmax", 8, 3_185_296),
    ("lildata", 8, 246_840),
    ("resnet50", 8, 23_604_104),
    ("toymodel", 3, 151_860_099),
    ("fstmuse", 7, 7_521_479),
])  # fmt: skip
def test_parameters_are_those_that_the_report_prints(name: str, labels: int, count: int) -> None:
    model = built(name, labels)
    assert model.parameter_count == count
    assert sum(layer.parameters for layer in model.outline()) == count


def test_the_networks_of_toygan_have_the_printed_counts_and_shapes() -> None:
    gan = built("toygan", 3)
    assert isinstance(gan, ToyGAN)
    parts = (gan.generator, gan.discriminator)
    assert [sum(p.numel() for p in part.parameters()) for part in parts] == [172_014_081, 37_633_281]
    picture = gan.generator(torch.zeros(1, 128, device="meta"))
    assert picture.shape == (1, 1, 1291, 128)
    assert gan.discriminator.layers[:-1](picture).shape == (1, 36_556_800)
    assert [round(line, 3) for line in gan.loss_lines.values()] == [0.693, 0.266]


@pytest.mark.parametrize(("depth", "count"), [(2, 188_781), (3, 208_981), (4, 229_181)])
def test_one_frame_becomes_the_630_after_it(depth: int, count: int) -> None:
    model = built("spectrogram-lstm", 1, depth=depth)
    assert model.parameter_count == count
    assert model(torch.zeros(1, 631, device="meta"), 630).shape == (1, 630, 631)


def test_layers_have_the_shapes_that_the_reports_print() -> None:
    assert outputs(built("bach"), "Conv1d") == [(56, 100), (54, 300), (53, 180)]
    assert outputs(built("bach"), "Flatten") == [(9540,)]
    assert outputs(built("beethoven"), "LSTM") == [(60, 100), (60, 100), (100,)]
    lengths = [(66_142, 128), (22_031, 128), (7311, 64), (2373, 64), (663, 32), (29, 32)]
    assert outputs(built("dilated-cnn"), "Conv1d") == lengths
    assert outputs(built("dilated-cnn"), "Flatten") == [(288,)]


def test_pictures_and_clips_have_the_shapes_that_the_reports_print() -> None:
    lildata, fstmuse = built("lildata", 8), built("fstmuse", 7)
    assert outputs(built("softmax", 8), "Flatten") == [(398_161,)]
    assert outputs(lildata, "Conv2d") == [(629, 629, 32), (155, 155, 64), (36, 36, 128), (7, 7, 128)]
    assert outputs(lildata, "MaxPool2d") == [(157, 157, 32), (38, 38, 64), (9, 9, 128), (1, 1, 128)]
    stages = [layer.output for layer in built("resnet50", 8).outline() if layer.name.endswith("0.part3.conv")]
    assert stages == [(158, 158, 256), (79, 79, 512), (40, 40, 1024), (20, 20, 2048)]
    assert outputs(built("toymodel", 3), "Conv2d") == [(1283, 120, 32), (1281, 118, 64), (639, 58, 128)]
    assert outputs(built("toymodel", 3), "Flatten") == [(4_743_936,)]
    shapes = [(1283, 120, 32), (1281, 118, 64), (632, 51, 64), (630, 49, 128), (156, 11, 128)]
    assert outputs(fstmuse, "Conv2d") == shapes
    assert outputs(fstmuse, "Flatten") == [(219_648,)]


def test_variants_have_their_own_counts() -> None:
    assert built("fstmuse", 7, variant="repository").parameter_count == 1_463_559
    assert outputs(built("fstmuse", 7, variant="repository"), "Flatten") == [(9344,)]
    assert built("toymodel", 3, pooling="global").parameter_count == 54_016 + 128 * 32 + 32 + 99
    backbone = built("resnet50", 8, frozen=True)
    assert backbone.parameter_count - 8 * 2049 == 23_587_712
    assert sum(p.numel() for p in backbone.parameters() if p.requires_grad) == 8 * 2049


def test_the_contradictory_length_is_refused_and_named() -> None:
    with pytest.raises(UsageError, match=r"60142, 20031, 6645, 2151, 589, 4 and 285,582") as caught:
        DilatedCNN(DilatedCNNConfig(labels=GENRES, samples=60_150))
    assert "66142, 22031, 7311, 2373, 663, 29" in str(caught.value)


def song(samples: int) -> Example:
    noise = np.random.default_rng(0).normal(0, 0.1, (1, samples)).astype(np.float32)
    return Example("song", Audio(noise, 22_050), "blues", "song")


def test_a_song_is_cut_as_in_the_reports() -> None:
    bach, dilated = built("bach"), built("dilated-cnn")
    assert isinstance(bach, Bach)
    assert isinstance(dilated, DilatedCNN)
    parts = bach.prepare(song(661_794))["chunks"]
    assert bach.inputs(parts.astype(np.float32)).shape == (100, 110, 60)
    step = bach.inputs(parts.astype(np.float32))[3, :, 7]
    np.testing.assert_array_equal(step, parts[3, 7 * 110 : 8 * 110])
    assert dilated.prepare(song(661_500))["votes"].tolist() == [True] * 10
    longer = dilated.prepare(song(661_794))
    assert longer["votes"].tolist() == [True] * 10 + [False], "the partial chunk is masked"
    assert longer["samples"][-1] == 294
    assert len(dilated.pieces({**longer, "label": np.array(0)})) == 10


def test_silent_chunks_neither_train_nor_vote() -> None:
    model = built("dilated-cnn")
    example = song(661_500)
    assert isinstance(example.media, Audio)
    example.media.samples[:, 66_150 : 2 * 66_150] = 0
    assert model.prepare(example)["votes"].tolist() == [True, False] + [True] * 8


def test_a_recording_shorter_than_a_chunk_is_filled_up() -> None:
    item = built("dilated-cnn").prepare(song(40_000))
    assert item["votes"].tolist() == [True]
    assert not item["chunks"][0, 40_000:].any()


def test_log_mel_gives_bach_the_shape_of_its_samples() -> None:
    kind = model_class("bach")
    model = kind(kind.Config(labels=GENRES, front="log-mel"))
    assert isinstance(model, Bach)
    waves = np.random.default_rng(0).normal(0, 0.1, (2, 6600)).astype(np.float32)
    assert model.inputs(waves).shape == (2, 110, 60)
    assert model.parameter_count == 348_990


def test_loudness_can_be_taken_away() -> None:
    model = model_class("bach").tiny().set(level="rms")
    assert isinstance(model, Bach)
    waves = np.random.default_rng(0).normal(0, 0.1, (3, model.chunk)).astype(np.float32)
    np.testing.assert_allclose(model.inputs(0.25 * waves), model.inputs(waves), rtol=1e-4)


def test_a_word_that_is_no_choice_is_refused() -> None:
    with pytest.raises(UsageError, match="front is one of wave, log-mel, not 'sepctrogram'"):
        Plan.of("bach", GENRES, {"front": "sepctrogram"})
