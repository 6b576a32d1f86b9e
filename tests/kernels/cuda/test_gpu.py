"""The CUDA kernels on a real GPU: `pytest -m gpu`. Skipped, with the reason, where there is none.

The table of cases and the networks are those that the simulator runs; here they are compiled.
"""

from collections.abc import Iterator

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.checking.bounds import require_within_bound
from fastcnn.checking.calls import convolution_calls, pooling_calls
from fastcnn.checking.cases import Convolution, Pooling
from fastcnn.network.sequential import Sequential
from fastcnn.optim import AdamW
from fastcnn.training.augment import Augmentation
from fastcnn.training.trainer import Trainer
from fastcnn.zoo.networks import paper_network
from tests.kernels.cases import CONVOLUTIONS, DTYPES, POOLINGS, SIMULATED, hard_pixels, normal
from tests.kernels.checks import in_float64, magnitude, running

pytestmark = pytest.mark.gpu

STEPS = 20
BATCH = 100


@pytest.fixture(scope="module", autouse=True)
def on_gpu() -> Iterator[None]:
    if SIMULATED:
        pytest.skip("these compile the kernels; the simulator does not")
    reason = kernels.available()["cuda"]
    if reason:
        pytest.skip(f"no GPU to test: {reason}")
    with running("cuda"):
        yield


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_convolution_agrees_with_the_reference(
    case: Convolution, dtype: type[np.floating], rng: np.random.Generator
) -> None:
    for name, call in convolution_calls(case, normal(rng, dtype)).items():
        require_within_bound(name, call(), in_float64(call), magnitude(call))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", POOLINGS, ids=str)
def test_max_pool_agrees_with_the_reference(case: Pooling, dtype: type[np.floating], rng: np.random.Generator) -> None:
    for draw in (normal(rng, dtype), hard_pixels(rng, dtype)):
        calls = pooling_calls(case, draw, rng)
        with running("reference"):
            expected = calls["max_pool2d"]()
        for ours, theirs in zip(calls["max_pool2d"](), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        call = calls["max_pool2d_grad"]
        require_within_bound("max_pool2d_grad", call(), in_float64(call), magnitude(call))


def train(backend: str, rng: np.random.Generator) -> tuple[list[float], Sequential]:
    with running(backend):
        trainer = Trainer(paper_network(seed=0), AdamW(0.001), ema_decay=0.9)
        batches = [
            (rng.integers(0, 256, (BATCH, 1, 28, 28), np.uint8), rng.integers(0, 10, BATCH)) for _ in range(STEPS)
        ]
        return [trainer.step(*batch) for batch in batches], trainer.network


def test_training_follows_the_cpu() -> None:
    ours, theirs = (train(backend, np.random.default_rng(1))[0] for backend in ("cuda", "cpu"))
    np.testing.assert_allclose(ours, theirs, rtol=1e-3)


def test_training_twice_gives_the_same_bits() -> None:
    (first, network), (second, twin) = (train("cuda", np.random.default_rng(1)) for _ in range(2))
    assert first == second
    np.testing.assert_array_equal(network.values, twin.values)


def fitted(backend: str) -> tuple[list[float], Sequential]:
    """Two epochs of `fit`: on the GPU from a training set that is kept there, augmented and clipped there."""
    rng = np.random.default_rng(2)
    images, labels = rng.integers(0, 256, (3 * BATCH + 1, 1, 28, 28), np.uint8), rng.integers(0, 10, 3 * BATCH + 1)
    with running(backend):
        network = paper_network(seed=0)
        trainer = Trainer(network, AdamW(0.001), clip_norm=0.5, augmentation=Augmentation())
        history = trainer.fit(images, labels, epochs=2, batch_size=BATCH, validation=0, progress=False)
    return [epoch.loss for epoch in history.epochs], network


def test_fit_follows_the_cpu_and_itself() -> None:
    (losses, network), (again, twin), (expected, _) = fitted("cuda"), fitted("cuda"), fitted("cpu")
    np.testing.assert_allclose(losses, expected, rtol=1e-2)  # a changed pixel may be rounded the other way
    assert losses == again
    np.testing.assert_array_equal(network.values, twin.values)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_many_pictures_are_predicted_as_few_are(dtype: type, rng: np.random.Generator) -> None:
    """Many go in chunks through two streams, each chunk as it would alone."""
    network = paper_network(seed=0)
    chunk = network._chunk
    images = rng.integers(0, 256, (5 * chunk + 3, 1, 28, 28), np.uint8)
    pictures = images if dtype == np.uint8 else (images / 255).astype(dtype)
    alone = [network.forward(pictures[start : start + chunk]) for start in range(0, len(pictures), chunk)]
    for _ in range(3):
        np.testing.assert_array_equal(network.forward(pictures), np.concatenate(alone))


def test_memory_comes_back() -> None:
    from fastcnn.kernels.cuda.toolchain import compiler

    train("cuda", np.random.default_rng(1))
    before = compiler.cuda.current_context().get_memory_info()[0]
    for _ in range(5):
        train("cuda", np.random.default_rng(1))
    after = compiler.cuda.current_context().get_memory_info()[0]
    assert before - after < 2**26
