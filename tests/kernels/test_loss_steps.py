"""The losses' steps of every backend: loss and gradients of a network are those of the formulas in NumPy."""

import numpy as np
import pytest

from fastcnn import kernels, optim, threads
from fastcnn.layers import Affine, Flatten, ReLU
from fastcnn.network.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from fastcnn.network.sequential import Sequential
from fastcnn.training.trainer import Trainer
from tests.kernels.checks import running

LOSSES: dict[str, Loss] = {
    "cross-entropy": CrossEntropy(0.1),
    "class weights": CrossEntropy(0.1, (1.0, 0.0, 2.5, 1.0)),
    "mean squared error": MeanSquaredError(),
    "binary cross-entropy": BinaryCrossEntropy(),
}


def network(dtype: type[np.floating]) -> Sequential:
    """One output layer: its bias's gradient is the sum of the outputs' gradients, its weight's holds each of them."""
    return Sequential([Flatten(), Affine(4)], input_shape=(1, 2, 3), seed=0, dtype=dtype)


def batch(loss: Loss, n: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    images = rng.standard_normal((n, 1, 2, 3)).astype(np.float32)
    return images, rng.integers(0, 4, n) if loss.is_of_classes else rng.random((n, 4))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_every_backend_has_every_loss(backend: str, name: str, weighted: bool, dtype: type[np.floating]) -> None:
    loss = LOSSES[name]
    images, targets = batch(loss)
    weights = np.array([1.0, 0.0, 2.0, 0.5, 3.0]) if weighted else None
    net = network(dtype)
    found = net.loss_and_gradients(images, targets, loss=loss, sample_weight=weights)
    gradients = {name: parameter.grad.copy() for name, parameter in net.parameters.items()}
    with running("reference"):
        expected, grad = loss.value_and_gradient(net.forward(images), targets, weights)
    eps = float(np.finfo(dtype).eps)
    # Six terms an output, of about 1; then five pictures a gradient.
    assert found == pytest.approx(expected, rel=16 * eps)
    of_weight = images.reshape(5, 6).T.astype(np.float64) @ grad
    np.testing.assert_allclose(gradients["1.weight"], of_weight, rtol=0, atol=16 * eps)
    np.testing.assert_allclose(gradients["1.bias"], grad.sum(axis=0), rtol=0, atol=16 * eps)


@pytest.mark.parametrize("name", LOSSES)
def test_a_short_training_follows_the_reference(backend: str, name: str) -> None:
    loss, states = LOSSES[name], []
    for each in (backend, "reference"):
        with running(each):
            layers = [Flatten(), Affine(5), ReLU(), Affine(4)]
            net = Sequential(layers, input_shape=(1, 2, 3), seed=0, dtype=np.float64)
            trainer = Trainer(net, optim.Adam(0.01), loss=loss)
            images, targets = batch(loss, 9)
            history = trainer.fit(
                images, targets, sample_weight=np.arange(1.0, 10.0), epochs=2, batch_size=4, validation=2,
                progress=False,
            )  # fmt: skip
            assert (history.validation_accuracy is None) != loss.is_of_classes
            states.append(net.values.copy())
    np.testing.assert_allclose(*states, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["class weights", "mean squared error", "binary cross-entropy"])
def test_any_number_of_threads_gives_the_same_bits(backend: str, name: str) -> None:
    """1,100 pictures of four outputs are shared among threads; a simulated GPU has none to share with."""
    loss, found, before = LOSSES[name], [], threads.threads()
    images, targets = batch(loss, 1_100 if backend == "cpu" else 6)
    try:
        for count in (1, 2):
            threads.set_threads(count)
            net = network(np.float32)
            found.append((net.loss_and_gradients(images, targets, loss=loss), net.gradients.tobytes()))
    finally:
        threads.set_threads(before)
    assert found[0] == found[1]


def test_plain_cross_entropy_keeps_its_own_kernel(backend: str) -> None:
    """Class weights of 1 go another way, to the same numbers but for rounding."""
    images, labels = batch(LOSSES["cross-entropy"])
    net = network(np.float64)
    plain = net.loss_and_gradients(images, labels)
    gradients = net.gradients.copy()
    assert net.loss_and_gradients(images, labels, loss=CrossEntropy()) == plain
    np.testing.assert_array_equal(net.gradients, gradients)
    assert net.loss_and_gradients(images, labels, loss=CrossEntropy(0, [1, 1, 1, 1])) == pytest.approx(plain, rel=1e-14)
    np.testing.assert_allclose(net.gradients, gradients, rtol=0, atol=1e-14)
    assert kernels.backend() == backend
