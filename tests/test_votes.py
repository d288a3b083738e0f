"""Votes of segments: the table of a printed report, ties, and what correlated votes are worth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from partita.metrics.classification import song_bootstrap
from partita.metrics.votes import hard_votes, soft_votes, vote_statistics, vote_table

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
FIGURE_7 = np.array(  # P66: five songs of disco; eight votes of the last row are not printed
    [
        [1, 0, 2, 92, 0, 0, 0, 1, 0, 4],
        [0, 0, 1, 96, 0, 0, 1, 0, 0, 2],
        [0, 0, 1, 90, 0, 0, 0, 9, 0, 0],
        [0, 0, 0, 4, 71, 0, 16, 8, 1, 0],
        [0, 2, 0, 33, 0, 0, 45, 0, 0, 12],
    ]
)


def test_the_votes_of_a_report_give_its_answers() -> None:
    winners, tied = hard_votes(FIGURE_7, np.zeros(FIGURE_7.shape))
    assert [GENRES[i] for i in winners] == ["disco", "disco", "disco", "hiphop", "metal"]
    assert not tied.any()


def test_the_report_s_own_table_refutes_independent_votes() -> None:
    assert pytest.approx(1.4e-19, rel=0.03) == ((1 - 0.8258) / 9) ** 11
    statistics = vote_statistics(FIGURE_7[:, GENRES.index("disco")], np.full(5, 100))
    assert statistics == pytest.approx((100, 0.65, 65.6, 1.52), abs=0.03)


def test_a_tie_goes_to_the_surer_label_and_is_named() -> None:
    table = np.array([[3, 0, 3], [1, 5, 0]])
    soft = np.log([[0.3, 0.3, 0.4], [0.9, 0.05, 0.05]])
    winners, tied = hard_votes(table, soft)
    np.testing.assert_array_equal(winners, [2, 1])
    np.testing.assert_array_equal(tied, [True, False])


@given(
    table=arrays(np.int64, (7, 4), elements=st.integers(0, 6)),
    soft=arrays(np.float64, (7, 4), elements=st.floats(-9, 0)),
)
def test_the_hard_vote_has_the_most_votes_and_the_first_only_without_a_tie(table: np.ndarray, soft: np.ndarray) -> None:
    winners, tied = hard_votes(table, soft)
    most = table.max(1)
    rows = np.arange(len(table))
    assert (table[rows, winners] == most).all()
    np.testing.assert_array_equal(tied, (table == most[:, None]).sum(1) > 1)
    np.testing.assert_array_equal(winners[~tied], table.argmax(1)[~tied])
    assert all(soft[i, winners[i]] == soft[i, table[i] == most[i]].max() for i in rows)


def test_table_and_soft_votes_of_songs_of_several_lengths() -> None:
    songs = [np.log([[0.7, 0.3], [0.6, 0.4], [0.01, 0.99]]), np.log([[0.2, 0.8]])]
    np.testing.assert_array_equal(vote_table(songs), [[2, 1], [0, 1]])
    np.testing.assert_array_equal(soft_votes(songs).argmax(1), [1, 1])  # one very sure segment outweighs two


def test_correlation_of_votes_between_none_and_all() -> None:
    rng = np.random.default_rng(0)
    counts = np.full(400, 20)
    independent = vote_statistics(rng.binomial(20, 0.7, 400), counts)
    assert independent.icc == pytest.approx(0, abs=0.02)
    assert independent.effective == pytest.approx(20, rel=0.2)
    together = vote_statistics(20 * rng.binomial(1, 0.7, 400), counts)
    assert together[1:] == pytest.approx((1, 20, 1))


@pytest.mark.parametrize(("right", "counts"), [([5], [9]), ([1, 0, 1], [1, 1, 1]), ([4, 6], [4, 6]), ([0, 0], [4, 6])])
def test_votes_that_tell_nothing_have_no_statistics(right: list[int], counts: list[int]) -> None:
    statistics = vote_statistics(np.array(right), np.array(counts))
    assert statistics[1:] == (None, None, None)


def test_the_interval_over_songs_is_wider_than_that_over_correlated_segments() -> None:
    rng = np.random.default_rng(1)
    counts = np.full(60, 10)
    right = rng.binomial(10, rng.beta(0.6, 0.4, 60))
    low, high = song_bootstrap(right, counts)
    segments = np.concatenate([np.arange(10) < r for r in right])
    naive_low, naive_high = song_bootstrap(segments)
    assert high - low > 1.8 * (naive_high - naive_low)
    assert low <= right.sum() / counts.sum() <= high
