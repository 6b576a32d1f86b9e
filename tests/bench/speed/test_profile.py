"""The parts of a training step: their sum, and that together they are the step."""

import numpy as np
import pytest

from fastcnn import Trainer, kernels, optim, paper_network
from fastcnn.bench.speed import profile
from fastcnn.kernels.threads import set_threads


def test_central_half_lies_between_the_quartiles():
    assert sorted(profile.central([7.0, 0.0, 6.0, 1.0, 5.0, 2.0, 4.0, 3.0])) == [4, 5, 6, 7]
    assert profile.central([3.0]) == [0]


def test_means_of_parts_sum_to_the_mean_of_the_whole(rng):
    parts = [list(rng.exponential(scale, 101)) for scale in (1.0, 5.0, 0.1)]
    totals = [sum(samples) for samples in zip(*parts, strict=True)]
    assert sum(profile.central_means(parts)) == pytest.approx(profile.central_means([totals])[0])
    assert min(totals) < sum(profile.central_means(parts)) < max(totals)


def test_one_disturbed_step_does_not_count():
    parts = [[1.0] * 9, [2.0] * 8 + [500.0]]
    assert profile.central_means(parts) == [1.0, 2.0]


def test_parts_together_are_a_training_step(rng):
    kernels.use("cpu")
    set_threads(1)
    images = rng.integers(0, 256, (20, 1, 28, 28)).astype(np.uint8)
    labels = rng.integers(0, 10, 20)
    whole, split = (Trainer(paper_network(seed=0), optim.Adam()) for _ in range(2))
    for trainer in (whole, split):
        trainer.step(images, labels)
    parts, entry = profile.split(split, images, labels)
    whole.step(images, labels)
    profile.time_parts(parts, entry)
    assert (split.network.values == whole.network.values).all()
    assert [len(part.samples) for part in parts] == [1] * len(parts)


def test_useful_work_is_that_of_the_paper(rng):
    """Forward, twice the affine layers backward, and a quarter of the convolution's weight gradient."""
    kernels.use("cpu")
    trainer = Trainer(paper_network(seed=0), optim.Adam())
    images, labels = np.zeros((10, 1, 28, 28), np.uint8), np.zeros(10, np.int64)
    trainer.step(images, labels)
    parts, _ = profile.split(trainer, images, labels)
    convolution, affine = 2 * 24 * 24 * 30 * 25, 2 * (4320 * 100 + 100 * 10)
    assert sum(part.flop for part in parts) == 10 * (convolution + 3 * affine + convolution // 4)


def test_share_of_the_ceiling():
    part = profile.Part("p", [], 100)
    part.bytes, part.samples = 10, [2.0]
    # 50 FLOP/s of 10 FLOP per byte: under a peak of 100, and under 4 bytes/s x 10
    assert profile.describe(part, 2.0, 100.0, 1000.0)["share_of_ceiling"] == 0.5
    assert profile.describe(part, 2.0, 100.0, 4.0)["share_of_ceiling"] == 50 / 40
    part.flop = 0
    assert profile.describe(part, 2.0, 100.0, 20.0)["share_of_ceiling"] == 5 / 20
