"""The model of a training by ranks, against times worked out by hand."""

from __future__ import annotations

import pytest

from fastcnn.bench.report.cluster_model import PICTURES, Link, Work, fitted, most_ranks, step_s

LINK = Link("slow", bytes_per_s=1e6, latency_s=0.01, message_s=0.001)


def test_the_fit_finds_the_numbers_that_made_the_times():
    """Own 1 s and shared 8 s on two cores: four ranks take turns, two at a time."""
    times = [(1, 1 + 8), (2, 1 + 4), (4, 2 * 1 + 4)]
    assert fitted(times, cores=2) == pytest.approx((1, 8))


def test_a_step_by_hand():
    work = Work(own_s=0.5, shared_s=2.0, gradient_bytes=1_000_000, meetings=3)
    assert step_s(work, LINK, 1, PICTURES) == 2.5
    # Two ranks: 1 s each; 1 MB and 2 messages travel in 1.002 s, of which backward hides 0.6 s; 3 meetings of 11 ms.
    assert step_s(work, LINK, 2, PICTURES) == pytest.approx(0.5 + 1 + 0.02 + 0.402 + 3 * 0.011)
    assert step_s(work, LINK, 2, 2 * PICTURES) == pytest.approx(0.5 + 2 + 0.02 + 0 + 3 * 0.011)


def test_more_ranks_help_until_they_do_not():
    assert most_ranks([1, 2, 3.9, 4.0, 3.0, 2.0, 1.0, 0.5, 0.2, 0.1]) == 4
    assert most_ranks([float(2**n) for n in range(10)]) == 512
