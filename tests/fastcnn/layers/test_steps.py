"""Each case of a layer as a step of a plan, between convolutions and alone: the numbers of the layers themselves."""

import numpy as np
import pytest

from fastcnn import load_network
from fastcnn.kernels.cpu.steps import base
from fastcnn.layers import Affine, BatchNorm1d, Conv2d, Dropout, Flatten, GlobalAvgPool, ReLU
from fastcnn.network.sequential import Sequential
from fastcnn.threads import set_threads, threads
from tests.fastcnn.layers.cases import CASES
from tests.kernels.checks import running

pytestmark = pytest.mark.slow  # most of it is the time of compilers: a minute without a cache of kernels


def between(case, dtype=np.float64):
    """The layer reads what a convolution gives, and a convolution with a border reads what it gives; or an Affine."""
    make, shape = CASES[case]
    layer = make()
    if len(shape) == 1:
        return Sequential([Flatten(), Affine(*shape), layer, Affine(6)], input_shape=(2, 3, 2), seed=3, dtype=dtype)
    channels, *size = shape
    flat = isinstance(layer, Flatten | GlobalAvgPool)
    after = [] if flat else [Conv2d(3, 3, padding=((2, 1), (1, 2))), Flatten()]
    layers = [Conv2d(channels, 3, padding=1), layer, *after, Affine(6)]
    return Sequential(layers, input_shape=(2, *size), seed=3, dtype=dtype)


def alone(case, dtype=np.float64):
    """The layer reads the pictures, so that nothing before it needs a gradient."""
    make, shape = CASES[case]
    pictures = len(shape) == 3
    layers = [make(), Affine(6)] if case in ("flatten", "global average") else [make(), Flatten(), Affine(6)]
    layers = layers if pictures else [Flatten(), make(), Affine(6)]
    return Sequential(layers, input_shape=shape if pictures else (*shape, 1, 1), seed=3, dtype=dtype)


def outcome(backend, make, case, dtype):
    """Loss, gradients, statistics and logits of two batches, the second of them smaller."""
    with running(backend):
        net = make(case, dtype)
        rng = np.random.default_rng(1)
        for n in (5, 3):
            images, labels = rng.standard_normal((n, *net.input_shape)).astype(dtype), rng.integers(0, 6, n)
            loss = net.loss_and_gradients(images, labels, label_smoothing=0.1, step=5)
        gradients = {f"gradient of {key}": parameter.grad.copy() for key, parameter in net.parameters.items()}
        statistics = {key: window.array.copy() for key, window in net.statistics.items()}
        return {"loss": np.array(loss), **gradients, **statistics, "logits": net.forward(images)}


@pytest.mark.parametrize("make", [between, alone])
@pytest.mark.parametrize("case", CASES)
def test_the_step_gives_the_numbers_of_the_layer(case, make):
    got, want = outcome("cpu", make, case, np.float64), outcome("reference", make, case, np.float64)
    assert got.keys() == want.keys()
    for key, value in want.items():
        # Sums of fewer than 500 terms, one after the other through at most six layers.
        tolerance = 6 * 500 * np.finfo(np.float64).eps * np.abs(value).max(initial=1.0)
        assert np.abs(got[key] - value).max(initial=0) <= tolerance, key


@pytest.mark.parametrize("case", CASES)
def test_the_step_in_float32_is_as_near_to_float64_as_the_layer(case):
    exact = outcome("reference", between, case, np.float64)
    got, layers = outcome("cpu", between, case, np.float32), outcome("reference", between, case, np.float32)
    for key, value in exact.items():
        scale = np.finfo(np.float32).eps * np.abs(value).max(initial=1.0)
        error, theirs = np.abs(got[key] - value).max(initial=0), np.abs(layers[key] - value).max(initial=0)
        assert error <= 4 * theirs + 8 * scale, key


@pytest.mark.parametrize("case", CASES)
def test_a_file_gives_the_same_network(case, tmp_path):
    net = between(case, np.float32)
    net.save(tmp_path / "net")
    again = load_network(tmp_path / "net")
    assert repr(again) == repr(net)
    images = np.random.default_rng(2).random((3, *net.input_shape), dtype=np.float32)
    np.testing.assert_array_equal(again.forward(images), net.forward(images))


def test_every_layer_has_a_step_of_its_own():
    """All but Flatten, which moves nothing, those that hold layers, whose layers have steps, and one rare pool."""
    without = {type(make()).__name__: name for name, (make, _) in CASES.items() if not make().fused}
    assert set(without) == {"Flatten", "Residual", "Concat", "AvgPool2d"}
    assert "dilated" in without["AvgPool2d"]


@pytest.mark.parametrize("image", [(3, 2, 4), None])
@pytest.mark.parametrize("relu", [True, False])
def test_batch_norm_of_a_flattened_picture_has_the_numbers_of_its_layer(image, relu):
    """Channels-last in memory, or as they are; with the ReLU after it in the same step; below a Dropout's mask."""
    outcomes = []
    for backend in ("cpu", "reference"):
        with running(backend):
            first = [Conv2d(3, 2, padding=((1, 0), (1, 0))), Flatten()] if image else [Flatten(), Affine(24)]
            layers = [*first, BatchNorm1d(), *[ReLU()] * relu, Dropout(0.2), Affine(5)]
            net = Sequential(layers, input_shape=(1, 2, 4), seed=1, dtype=np.float64)
            rng = np.random.default_rng(3)
            for name in ("weight", "bias", "running_mean", "running_var"):
                place = net.parameters if name in ("weight", "bias") else net.statistics
                place[f"2.{name}"].assign(rng.random(24) + 0.5)
            images, labels = rng.standard_normal((7, 1, 2, 4)), rng.integers(0, 5, 7)
            if backend == "cpu":
                assert ("batch_norm + relu" in net.plan(7)) == relu
                assert "BatchNorm1d" not in net.plan(7)
            before = net.forward(images)
            net.loss_and_gradients(images, labels, step=2)
            outcomes.append([before, net.gradients.copy(), net.buffers.copy(), net.forward(images)])
    for ours, theirs in zip(*outcomes, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.fixture
def two_threads():
    before = threads()
    yield 2
    set_threads(before)


@pytest.mark.parametrize("case", ["leaky relu", "gelu", "average pool overlapping", "max-pool dilated"])
def test_shared_steps_give_the_bits_of_one_thread(case, monkeypatch, two_threads):
    monkeypatch.setattr(base, "PARALLEL_COPIES", 1)  # or the small arrays here would be one thread's
    found = set()
    for count in (1, two_threads):
        set_threads(count)
        got = outcome("cpu", between, case, np.float32)
        found.add(b"".join(value.tobytes() for value in got.values()))
    assert len(found) == 1
