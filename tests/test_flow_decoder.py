"""What codes leave over, drawn: as it was in training, silent where it was silent, without a seam in a loop."""

import numpy as np
import pytest
import torch
from torch import nn

from partita.models.flow_decoder import FlowDecoder, lessons


def flow() -> FlowDecoder:
    """One that is far from what nothing was learnt by, all of whose weights do something."""
    torch.manual_seed(0)
    decoder = FlowDecoder(8, 2, 12, 2)
    for parameter in decoder.parameters():
        nn.init.normal_(parameter, std=0.3)
    decoder.deviation.fill_(0.1)
    return decoder.eval()


def test_what_codes_leave_over_is_drawn_as_it_was_in_training() -> None:
    torch.manual_seed(0)
    decoded = 0.3 + 0.4 * torch.rand(64, 32, 8)
    label, pace = torch.arange(64) % 2, torch.zeros(64, 1)
    strength = torch.where(label == 1, 0.1, 0.02)[:, None, None]

    def levels() -> torch.Tensor:
        """Each class has a grain of its own strength, and neighbours in time are alike."""
        grain = torch.randn(64, 33, 8)
        return decoded + 0.05 + strength * (grain[:, 1:] + grain[:, :-1])

    decoder = FlowDecoder(8, 2, 48, 2)
    decoder.fit(levels(), decoded)
    optimizer = torch.optim.AdamW(decoder.parameters(), 5e-3)
    for _ in range(400):
        loss = decoder.loss(levels(), decoded, torch.randn_like(decoded), label, pace, torch.rand(64))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.inference_mode():
        drawn, other = (decoder.draw(decoded, label, pace, torch.randn_like(decoded)) - decoded for _ in range(2))
    assert float(drawn.mean()) == pytest.approx(0.05, abs=0.01)
    for number, wanted in ((0, 0.02), (1, 0.1)):
        own = drawn[label == number][:, 4:-4]
        assert float(own.std()) == pytest.approx(wanted * 2**0.5, rel=0.2)
        likeness = np.corrcoef(own[:, 1:].flatten(), own[:, :-1].flatten())[0, 1]
        assert likeness == pytest.approx(0.5, abs=0.15), "neighbours in time are alike as they were"
        assert abs(np.corrcoef(own.flatten(), other[label == number][:, 4:-4].flatten())[0, 1]) < 0.4, "not the mean"


def test_what_decodes_softer_than_most_silence_is_silence_again() -> None:
    rng = np.random.default_rng(0)
    levels = torch.from_numpy(rng.uniform(0.1, 1, (50, 10, 8)).astype(np.float32))
    levels[rng.random((50, 10, 8)) < 0.5] = 0
    decoded = levels + torch.from_numpy(rng.uniform(-0.05, 0.05, (50, 10, 8)).astype(np.float32))
    decoder = FlowDecoder(8, 1, 12, 1)
    decoder.fit(levels, decoded)
    assert 0.04 < float(decoder.softest) < 0.08
    label, pace, noise = torch.zeros(50, dtype=torch.int64), torch.zeros(50, 1), torch.zeros(50, 10, 8)
    assert torch.equal(decoder.draw(decoded, label, pace, noise) == 0, levels == 0)
    decoder.fit(levels + 0.1, decoded + 0.1)
    assert float(decoder.softest) == 0, "where nothing was silent, nothing falls silent"


def test_levels_of_a_loop_know_no_end() -> None:
    decoder, rng = flow(), np.random.default_rng(0)
    decoded, noise = (torch.from_numpy(rng.uniform(0.4, 0.6, (1, 40, 8)).astype(np.float32)) for _ in range(2))
    label, pace = torch.ones(1, dtype=torch.int64), torch.ones(1, 1)
    whole = decoder.draw(decoded, label, pace, noise, around=True)
    turned = decoder.draw(decoded.roll(13, 1), label, pace, noise.roll(13, 1), around=True)
    assert torch.allclose(turned, whole.roll(13, 1), atol=1e-5)
    assert not torch.allclose(decoder.draw(decoded, label, pace, noise), whole, atol=1e-3)


def test_levels_depend_on_class_tempo_and_noise() -> None:
    decoder = flow()
    decoded, noise = torch.full((1, 40, 8), 0.5), torch.zeros(1, 40, 8)
    label, pace = torch.zeros(1, dtype=torch.int64), torch.zeros(1, 1)
    usual = decoder.draw(decoded, label, pace, noise)
    for other in ((label + 1, pace, noise), (label, pace + 1, noise), (label, pace, noise + 1)):
        assert not torch.allclose(decoder.draw(decoded, *other), usual, atol=1e-3)


def test_each_lesson_is_a_bar_of_what_is_filled_at_a_time_of_its_own() -> None:
    counts = torch.tensor([4, 7, 12, 12])
    stretches = torch.arange(12.0).expand(4, 12)[..., None]
    taught = lessons(stretches, counts, 4, 50, np.random.default_rng(0))
    first, last = taught["bars"][:, :, 0, 0], taught["bars"][:, :, -1, 0]
    assert torch.equal(last, first + 3), "what follows each other"
    assert torch.equal(first.amin(1), torch.zeros(4))
    assert torch.equal(last.amax(1), counts - 1.0)
    assert taught["noise"].shape == (4, 50, 4, 1)
    quarters = torch.arange(4)[:, None].expand(4, 50)
    assert torch.equal((4 * taught["time"]).long(), quarters), "one in each quarter of the way, every time"
