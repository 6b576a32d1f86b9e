"""The fused plan of the cpu backend against the layers on the reference, for whole networks."""

import gc
import threading
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Dropout, Flatten, GlobalAvgPool, MaxPool2d, ReLU
from fastcnn.network.sequential import Sequential
from fastcnn.optim import Adam
from fastcnn.zoo.networks import paper_network
from tests.kernels.checks import running

SIDES = ((1, 0), (2, 1))

# name: (input shape, layers). Together they hold every layer, every fusion, and each step with and without a gradient
# of its input.
NETWORKS: dict[str, tuple[tuple[int, int, int], Callable[[], list]]] = {
    "paper": (
        (1, 28, 28),
        lambda: [Conv2d(30, 5), ReLU(), MaxPool2d(2), Flatten(), Affine(100), ReLU(), Affine(10)],
    ),
    "deep": (
        (3, 17, 19),
        lambda: [
            Conv2d(20, 3, padding=1),
            BatchNorm2d(),
            ReLU(),
            Conv2d(33, 3, padding=SIDES, bias=False),
            ReLU(),
            MaxPool2d(2),
            Dropout(0.3),
            Conv2d(40, 3, stride=2, padding=1),
            ReLU(),
            Flatten(),
            Dropout(0.2),
            Affine(17),
            ReLU(),
            Affine(10),
        ],
    ),
    "dilated, grouped, overlapping pool, average": (
        (1, 20, 13),
        lambda: [
            Conv2d(16, 3, dilation=2),
            ReLU(),
            Conv2d(32, (3, 2), groups=4, padding=1),
            MaxPool2d(3, stride=2, padding=1),
            ReLU(),
            GlobalAvgPool(),
            Affine(10),
        ],
    ),
    "affine only": ((2, 5, 6), lambda: [Flatten(), Affine(30), ReLU(), Dropout(0.5), Affine(10)]),
    "odd picture, 3x3, pooled": ((1, 9, 11), lambda: [Conv2d(5, 3), ReLU(), MaxPool2d(2), Flatten(), Affine(10)]),
    "padded 5x5 on one channel": (
        (1, 8, 8),
        lambda: [Conv2d(17, 5, padding=2), ReLU(), MaxPool2d(2), Conv2d(8, 1), Flatten(), Affine(10)],
    ),
    "batch norm between, no bias": (
        (2, 8, 7),
        lambda: [
            BatchNorm2d(),
            Conv2d(7, 3, bias=False),
            BatchNorm2d(),
            Conv2d(4, 2, stride=(2, 1)),
            GlobalAvgPool(),
            Affine(10),
        ],
    ),
}


def network(name: str, dtype: type, seed: int = 3) -> Sequential:
    shape, layers = NETWORKS[name]
    return Sequential(layers(), input_shape=shape, seed=seed, dtype=dtype)


def batch(name: str, n: int, dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    return rng.random((n, *NETWORKS[name][0])).astype(dtype), rng.integers(0, 10, n)


def outcome(backend: str, name: str, dtype: type, n: int) -> dict[str, np.ndarray]:
    """Loss, gradients, statistics and logits of one batch."""
    with running(backend):
        net = network(name, dtype)
        images, labels = batch(name, n, dtype)
        loss = net.loss_and_gradients(images, labels, label_smoothing=0.1, step=5)
        gradients = {f"gradient of {key}": parameter.grad.copy() for key, parameter in net.parameters.items()}
        statistics = {key: window.array.copy() for key, window in net.statistics.items()}
        return {"loss": np.array(loss), "logits": net.forward(images), **gradients, **statistics}


@pytest.mark.slow  # compiles the steps of float64; in float32: the next test
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("n", [1, 3, 37])
@pytest.mark.parametrize("name", NETWORKS)
def test_plan_gives_the_numbers_of_the_layers(name: str, n: int) -> None:
    if n == 1 and "BatchNorm2d" in repr(network(name, np.float64)):
        n = 2  # one value a channel has no variance where the picture has shrunk to one pixel
    got, want = outcome("cpu", name, np.float64, n), outcome("reference", name, np.float64, n)
    assert got.keys() == want.keys()
    for key, value in want.items():
        # Sums of at most 4,320 terms, one after the other through at most six layers.
        tolerance = 4320 * np.finfo(np.float64).eps * max(1.0, np.abs(value).max())
        assert np.abs(got[key] - value).max() <= tolerance, key


@pytest.mark.parametrize("name", NETWORKS)
def test_plan_in_float32_is_as_near_to_float64_as_the_layers(name: str) -> None:
    exact = outcome("reference", name, np.float64, 7)
    got, layers = outcome("cpu", name, np.float32, 7), outcome("reference", name, np.float32, 7)
    for key, value in exact.items():
        scale = np.finfo(np.float32).eps * max(1.0, np.abs(value).max())
        error, theirs = np.abs(got[key] - value).max(), np.abs(layers[key] - value).max()
        assert error <= 4 * theirs + 8 * scale, key


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_finite_differences(name: str, rng: np.random.Generator) -> None:
    net = network(name, np.float64)
    images, labels = batch(name, 4)
    net.loss_and_gradients(images, labels, step=2)
    gradients, values = net.gradients.copy(), net.values.copy()
    direction = rng.standard_normal(values.shape) * (gradients != 0)
    step = 1e-6 / np.abs(direction).max()

    def loss(change: float) -> float:
        net.values[:] = values + change * direction
        return net.loss_and_gradients(images, labels, step=2)

    slope = (loss(step) - loss(-step)) / (2 * step)
    assert abs(slope - gradients @ direction) <= 1e-6 * np.abs(gradients * direction).sum()


def test_a_training_step_allocates_nothing_after_the_first() -> None:
    net, optimizer = paper_network(seed=0), Adam(0.001)
    images = np.zeros((100, 1, 28, 28), np.uint8)
    labels = np.zeros(100, np.int64)

    def step() -> None:
        net.loss_and_gradients(images, labels)
        optimizer.update(net.values, net.gradients)

    for _ in range(3):
        step()
    gc.collect()
    tracemalloc.start()
    try:
        step()
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        step()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Python's own frames and numbers take 8 kB, and 16 where Numba looks at the arguments of a call that one of several
    # threads runs. NumPy reports its arrays too: the activations of the hidden layer alone, 100 x 100 floats, would be
    # 40 kB, a copy of the pictures 78 kB.
    assert peak - before < 30_000


def test_pictures_of_any_kind_give_the_same_logits() -> None:
    net = paper_network(seed=1)
    small = np.random.default_rng(0).integers(0, 256, (5, 1, 28, 28)).astype(np.uint8)
    scaled = (small / np.float32(255)).astype(np.float32)
    expected = net.forward(scaled)
    frozen = scaled.copy()
    frozen.flags.writeable = False
    for images in (small, frozen, np.asfortranarray(scaled), scaled[::-1][::-1], scaled.astype(">f4").astype("f4")):
        np.testing.assert_array_equal(net.forward(images), expected)


def test_batches_of_changing_size_use_the_same_plan() -> None:
    net = paper_network(seed=1)
    images = np.random.default_rng(0).random((300, 1, 28, 28), dtype=np.float32)
    whole = net.forward(images)
    parts = [net.forward(images[start:stop]) for start, stop in ((0, 1), (1, 4), (4, 100), (100, 101), (101, 300))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_two_threads_may_use_networks_at_once() -> None:
    net = paper_network(seed=1)
    images = np.random.default_rng(0).random((64, 1, 28, 28), dtype=np.float32)
    labels = np.zeros(64, np.int64)
    expected = net.forward(images)
    trained = paper_network(seed=2)
    failures: list[str] = []

    def predict() -> None:
        for _ in range(20):
            if not np.array_equal(net.forward(images), expected):
                failures.append("another network's run changed the answer")

    def train() -> None:
        for _ in range(20):
            trained.loss_and_gradients(images, labels)

    runners = [threading.Thread(target=job) for job in (predict, predict, train)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    assert not failures


def test_plan_table_shows_fused_steps_and_the_papers_work() -> None:
    table = paper_network(seed=0).plan(100)
    lines = table.splitlines()
    assert [line.split("  ")[0] for line in lines[2:-2]] == [
        "pictures",
        "conv2d 5x5 + relu + max_pool 2x2",
        "affine + relu",
        "affine",
        "softmax + cross-entropy",
    ]
    # 576 x 25 x 30 + 4,320 x 100 + 100 x 10 multiply-adds forward; backward a quarter of the convolution's, for the
    # winners of max-pool alone, and twice the others'.
    forward = 2 * (576 * 25 * 30 + 432_000 + 1_000) / 1e6
    backward = 2 * (144 * 25 * 30 + 2 * 433_000) / 1e6
    assert lines[-1].split()[-2:] == [f"{forward:.3f}", f"{backward:.3f}"]


def test_the_reference_backend_has_no_plan() -> None:
    with running("reference"), pytest.raises(ValueError, match="one by one"):
        paper_network(seed=0).plan()
    assert kernels.backend()
