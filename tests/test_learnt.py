"""Copies of training are told by their codes."""

import numpy as np
import pytest
import torch
from torch import nn

from partita.models.learnt import Learnt, _products, _spectra


def test_copies_at_half_and_at_twice_the_tempo_are_known() -> None:
    rng = np.random.default_rng(0)
    books = torch.from_numpy(rng.normal(0, 0.2, (2, 8, 1, 32)).astype(np.float32))
    codes = torch.from_numpy(rng.integers(0, 8, (300, 2)))
    slow, learnt = codes.repeat_interleave(2, 0), Learnt(2, 8)
    learnt.keep(codes)
    assert learnt.likeness(slow[100:160], books, 40) == pytest.approx(1, abs=1e-3)
    learnt.keep(slow)
    assert learnt.likeness(codes[100:130], books, 20) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(("known", "size"), [(20, 20), (511, 7), (512, 256), (1700, 100), (1700, 600)])
def test_products_by_blocks_are_those_of_a_convolution(known: int, size: int) -> None:
    torch.manual_seed(0)
    training, parts = torch.randn(3, known), torch.randn(2, size, 3)
    direct = nn.functional.conv1d(training[None], parts.mT)[0]
    found = _products(_spectra(training, max(512, 2 * size)), parts)
    assert torch.allclose(found[:, : direct.shape[1]], direct, atol=1e-3)


def test_copies_are_known_at_any_offset_and_what_is_new_is_not() -> None:
    rng = np.random.default_rng(0)
    learnt, books = Learnt(2, 8), torch.from_numpy(rng.normal(0, 0.2, (2, 8, 1, 32)).astype(np.float32))
    codes = torch.from_numpy(rng.integers(0, 8, (500, 2)))
    assert learnt.likeness(codes, books, 20) == 0, "nothing was learnt yet"
    learnt.keep(codes)
    new = torch.from_numpy(rng.integers(0, 8, (60, 2)))
    assert learnt.likeness(new, books, 20) < 0.7
    new[15:45] = codes[333:363]
    assert learnt.likeness(new, books, 20) == pytest.approx(1, abs=1e-3)
    assert learnt.likeness(new, books, 50) < 0.95, "not all of fifty were copied"
    assert learnt.likeness(new, books, 20, settled=46) < 0.8, "what ended before that is settled"
    assert learnt.likeness(new, books, 20, settled=60) == 0
    assert learnt.likeness(codes[:1].expand(60, 2), books, 20) == 0, "what stands still is nobody's"


def test_copies_are_known_however_many_patches_two_seconds_are() -> None:
    rng = np.random.default_rng(0)
    learnt, books = Learnt(2, 8), torch.from_numpy(rng.normal(0, 0.2, (2, 8, 1, 32)).astype(np.float32))
    codes = torch.from_numpy(rng.integers(0, 8, (2000, 2)))
    learnt.keep(codes)
    for patches in (200, 257, 600):
        assert learnt.likeness(codes[300 : 300 + patches], books, patches) == pytest.approx(1, abs=1e-3)
        assert learnt.likeness(codes[300 : 300 + patches].flip(0), books, patches) < 0.5
