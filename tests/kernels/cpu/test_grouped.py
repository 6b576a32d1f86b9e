"""Grouped and depthwise convolutions: which way they go, and the same bits at any number of threads."""

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.kernels.cpu.functions import dense, planes, workspace
from fastcnn.kernels.threads import set_threads, threads
from fastcnn.layers import Affine, Conv2d, GlobalAvgPool, ReLU
from fastcnn.network.sequential import Sequential
from tests.kernels.cases import COMPILED

# Large enough for threads to share; as Python loops such pictures take minutes.
SIDE, PICTURES = (27, 17) if COMPILED else (5, 2)
# C, K, groups
SHAPES = {
    "depthwise": (37, 37, 37),
    "two filters a channel": (40, 80, 40),
    "groups of four": (32, 48, 8),
    "groups of twenty": (40, 60, 2),
}


@pytest.fixture(autouse=True)
def on_the_cpu():
    before = threads()
    kernels.use("cpu")
    yield
    set_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", SHAPES)
def test_public_functions_give_the_same_bits_at_any_number_of_threads(name, stride, rng):
    channels, filters, groups = SHAPES[name]
    x = rng.standard_normal((PICTURES, channels, SIDE, SIDE + 1)).astype(np.float32)
    weight = rng.standard_normal((filters, channels // groups, 3, 3)).astype(np.float32)
    options = {"stride": stride, "padding": 1, "groups": groups}
    grad = rng.standard_normal(kernels.conv2d(x, weight, **options).shape).astype(np.float32)
    answers = set()
    for count in (1, 2, 3, 4):
        set_threads(count)
        found = (
            kernels.conv2d(x, weight, **options),
            kernels.conv2d_grad_input(grad, weight, x.shape, **options),
            kernels.conv2d_grad_weight(grad, x, 3, **options),
        )
        answers.add(tuple(each.tobytes() for each in found))
    assert len(answers) == 1


@pytest.mark.slow
def test_a_plan_gives_the_same_bits_at_any_number_of_threads(rng):
    layers = [
        *[Conv2d(37, 1), ReLU(), Conv2d(37, 3, padding=1, groups=37), ReLU()],
        *[Conv2d(74, 3, stride=2, padding=1, groups=37), ReLU(), Conv2d(8, 1), GlobalAvgPool(), Affine(5)],
    ]
    network = Sequential(layers, input_shape=(3, SIDE, SIDE + 1), seed=1)
    images = rng.standard_normal((PICTURES, 3, SIDE, SIDE + 1)).astype(np.float32)
    labels = rng.integers(0, 5, PICTURES)
    answers = set()
    for count in (1, 2, 3, 4):
        set_threads(count)
        network.loss_and_gradients(images, labels)
        found = [network.forward(images), *(parameter.grad for parameter in network.parameters.values())]
        answers.add(tuple(each.tobytes() for each in found))
    assert len(answers) == 1


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_both_ways_of_the_public_functions_agree(groups, rng, monkeypatch):
    """Whole numbers: every right answer has the same bits, whichever way a shape goes."""

    def draw(*shape):
        return rng.integers(-4, 5, shape).astype(np.float32)

    x, weight, bias = draw(3, 6, 9, 11), draw(12, 6 // groups, 3, 2), draw(12)
    options = {"stride": (2, 1), "padding": ((1, 0), (0, 2)), "dilation": (1, 2), "groups": groups}
    grad = draw(*kernels.conv2d(x, weight, bias, **options).shape)

    def answers():
        return (
            kernels.conv2d(x, weight, bias, **options),
            kernels.conv2d_grad_input(grad, weight, x.shape, **options),
            kernels.conv2d_grad_weight(grad, x, (3, 2), **options),
        )

    ways = []
    for always in (True, False):
        monkeypatch.setattr(planes, "serves", lambda *_, way=always: way)
        monkeypatch.setattr(planes, "serves_weight", lambda *_, way=always: way)
        monkeypatch.setattr(dense, "serves", lambda *_: False)
        ways.append(answers())
    for first, second in zip(*ways, strict=True):
        np.testing.assert_array_equal(first, second)


def test_lent_memory_is_zero_and_never_lent_twice():
    dtype = np.dtype(np.float32)
    with workspace.lent(dtype, (100, 3)) as (first, other), workspace.lent(dtype, (50,)) as (second,):
        for each in (first, other, second):
            assert not each.any()
            each[:] = 1
        second[:] = 2
        assert (first == 1).all() and (other == 1).all() and (len(first), len(other)) == (100, 3)
    with workspace.lent(dtype, (30, 90), (70,)) as (again, more, _):
        assert not again.any() and not more.any() and again.ctypes.data % 64 == more.ctypes.data % 64 == 0


def test_memory_of_large_calls_is_not_kept():
    workspace._spare.clear()
    with workspace.lent(np.dtype(np.float64), (workspace.MOST_BYTES,)):
        pass
    assert workspace._spare == []
