"""`Sequential.profile`: which rows there are, their work, and that nothing of the network changes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from fastcnn import Sequential, kernels
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Dropout, Flatten, ReLU
from fastcnn.network import profiling
from tests.fastcnn.own_layers import PReLU

BATCH = 7


@pytest.fixture(autouse=True, params=["cpu", "reference"])
def backend(request):
    before = kernels.backend()
    kernels.use(request.param)
    yield request.param
    kernels.use(before)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (BATCH, 1, 9, 8), np.uint8)


def own():
    layers = [Conv2d(3, 3), BatchNorm2d(), PReLU(), Dropout(0.5, seed=1), Conv2d(2, 3), ReLU(), Flatten(), Affine(4)]
    return Sequential(layers, input_shape=(1, 9, 8), seed=0)


def test_every_step_has_a_row_forward_and_backward(images, backend):
    names = [row.name for row in own().profile(images, seconds=0.001).rows]
    forward = [name.removesuffix(", forward") for name in names if name.endswith(", forward")]
    backward = [name.removesuffix(", backward") for name in names if name.endswith(", backward")]
    assert forward == backward[::-1]
    assert any("PReLU" in name for name in forward)
    assert len(forward) == (8 if backend == "reference" else 6)  # Flatten is none, and ReLU is part of a convolution


def test_times_are_medians_and_rates_follow_from_the_work(images, monkeypatch, backend):
    """With a clock by which each part takes one second in the first round, three in the second, nine in the third."""
    profiled = own()
    count = len(profiled.profile(images, seconds=0.001).rows)
    times = [number for step in (1, 3, 9) for at in range(count) for number in (at * 100, at * 100 + step)]
    ticks = iter([0.0, *times, 1e9])  # the first says when it begins, the last that the time is over
    monkeypatch.setattr(profiling, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    found = profiled.profile(images, seconds=1e6)
    assert {row.seconds for row in found.rows} == {3.0} and found.rounds == 3
    assert sum(row.share for row in found.rows) == pytest.approx(1)
    first, second, affine = 7 * 6 * 3 * 9, 5 * 4 * 2 * 27, 40 * 4  # multiply-adds of a picture
    rates = [row.gflop_per_s for row in found.rows if row.gflop_per_s]
    work = [first, second, affine, 2 * affine, 2 * second, first]
    assert rates == pytest.approx([BATCH * 2 * each / 3 / 1e9 for each in work])
    assert found.seconds == 3 * count


def test_nothing_of_the_network_changes(images):
    network = own()
    before = network.state_arrays(), network.gradients.copy()
    network.profile(images, seconds=0.001)
    for name, array in network.state_arrays().items():
        np.testing.assert_array_equal(array, before[0][name], err_msg=name)
    np.testing.assert_array_equal(network.gradients, before[1])


def test_it_prints_as_a_table(images, backend):
    found = own().profile(images, seconds=0.001)
    lines = repr(found).splitlines()
    assert lines[0].startswith(f"7 pictures, backend {backend}, threads ")
    assert lines[1].split() == ["part", "ms", "share", "GFLOP/s"]
    assert len(lines) == 1 + 2 + len(found.rows) + 2 and lines[-1].startswith("all ")


@pytest.mark.parametrize(("count", "says"), [(0, "images must hold at least one picture"), (1, "images hold NaN")])
def test_what_cannot_be_trained_on_cannot_be_profiled(count, says):
    with pytest.raises(ValueError, match=says):
        own().profile(np.full((count, 1, 9, 8), np.nan), seconds=0.001)


def test_the_layers_in_parts_give_the_gradients_of_the_whole(images):
    kernels.use("reference")
    whole, split = own(), own()
    labels = np.zeros(BATCH, int)
    whole.loss_and_gradients(images, labels)
    profiling._timed(*profiling._layer_parts(split, images, labels))
    np.testing.assert_array_equal(split.gradients, whole.gradients)


def test_a_backend_on_a_gpu_is_one_sentence(images, monkeypatch):
    monkeypatch.setattr(profiling, "device", object)
    with pytest.raises(ValueError, match=r"a profile needs a backend that computes on the host: call kernels\.use"):
        own().profile(images)
