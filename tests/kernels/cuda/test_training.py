"""Networks on a GPU's steps, or under the simulator: losses follow the cpu backend's, and only a float comes back."""

from types import SimpleNamespace

import numpy as np
import pytest

from fastcnn.layers import Affine, Conv2d, Dropout, Flatten, GlobalAvgPool, MaxPool2d, ReLU
from fastcnn.layers.normalization import BatchNorm2d
from fastcnn.network.sequential import Sequential
from fastcnn.optim import (
    SGD,
    Adam,
    AdamW,
    ExponentialMovingAverage,
    Momentum,
    Optimizer,
)
from fastcnn.optim.optimizers import KINDS
from fastcnn.training.augment import Augmentation
from fastcnn.training.trainer import Trainer
from tests.kernels.cases import SIMULATED
from tests.kernels.checks import running

pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("on_cuda")]
simulated = pytest.mark.skipif(not SIMULATED, reason="needs Numba's CUDA simulator: NUMBA_ENABLE_CUDASIM=1")


def paper_like(dtype: type[np.floating] = np.float32, channels: int = 1) -> Sequential:
    """The paper's network, with fewer filters, on smaller pictures."""
    layers = [Conv2d(3, 5), ReLU(), MaxPool2d(2), Flatten(), Affine(6), ReLU(), Affine(10)]
    return Sequential(layers, input_shape=(channels, 10, 9), seed=0, dtype=dtype)


def everything() -> Sequential:
    layers = [
        Conv2d(4, 3, padding=1, bias=False), BatchNorm2d(), ReLU(), MaxPool2d(3, stride=2, padding=1), Dropout(0.3),
        Conv2d(4, (2, 2), groups=2), ReLU(), Conv2d(3, 2), ReLU(), MaxPool2d(2), ReLU(), BatchNorm2d(),
        GlobalAvgPool(), Affine(10),
    ]  # fmt: skip
    return Sequential(layers, input_shape=(2, 9, 10), seed=0, dtype=np.float64)


def batches(rng: np.random.Generator, shape: tuple[int, ...], count: int = 3) -> list[tuple[np.ndarray, np.ndarray]]:
    sizes = [4, 5, 3]
    return [(rng.integers(0, 256, (n, *shape), np.uint8), rng.integers(0, 10, n)) for n in sizes[:count]]


def losses(
    backend: str, network: Sequential, optimizer: Optimizer, data: list[tuple[np.ndarray, np.ndarray]]
) -> list[float]:
    with running(backend):
        trainer = Trainer(network, optimizer, label_smoothing=0.1)
        return [trainer.step(*batch) for batch in data]


@pytest.mark.parametrize("network", [paper_like, everything])
def test_losses_and_values_follow_the_cpu(network, rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
    ours, theirs = network(), network()
    data = batches(rng, ours.input_shape)
    np.testing.assert_allclose(
        losses("cuda", ours, Adam(0.01), data), losses("cpu", theirs, Adam(0.01), data), rtol=0, atol=1e-5
    )
    with running("cpu"):
        expected, logits = theirs.state_arrays(), theirs.forward(data[0][0])
    for name, array in ours.state_arrays().items():
        np.testing.assert_allclose(array, expected[name], rtol=0, atol=1e-4, err_msg=name)
    np.testing.assert_allclose(ours.forward(data[0][0]), logits, rtol=0, atol=1e-4)


@pytest.mark.parametrize("network", [paper_like, everything])
def test_averages_follow_the_cpu(network, rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
    """Of values and running statistics, both on the device."""
    data, averages = batches(rng, network().input_shape), {}
    for backend in ("cuda", "cpu"):
        with running(backend):
            source = network()
            average = ExponentialMovingAverage(source, 0.9)
            trainer = Trainer(source, Adam(0.01))
            for batch in data:
                trainer.step(*batch)
                average.update()
            averages[backend] = average.network.state_arrays()
    for name, array in averages["cuda"].items():
        np.testing.assert_allclose(array, averages["cpu"][name], rtol=0, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("kind", KINDS.values())
def test_each_optimizer_updates_on_the_device(kind: type[Optimizer], rng: np.random.Generator) -> None:
    values, gradients = rng.standard_normal(37), rng.standard_normal(37)
    ours, theirs = kind(0.1), kind(0.1)
    from fastcnn.kernels.cuda.steps.device import upload

    there, slopes = upload(values), upload(gradients)
    for _ in range(2):
        ours.update(there, slopes)
        with running("reference"):
            theirs.update(values, gradients)
    np.testing.assert_allclose(there.copy_to_host(), values, rtol=1e-14)
    for name, array in ours.state_arrays().items():
        np.testing.assert_allclose(array, theirs.state_arrays()[name], rtol=1e-14)


@simulated
@pytest.mark.parametrize("network", [paper_like, everything])
def test_a_step_brings_back_one_float(network, rng, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

    network = network()
    trainer = Trainer(network, AdamW(0.01), ema_decay=0.9)
    data = batches(rng, network.input_shape)
    trainer.step(*data[0])
    sizes: list[int] = []
    real = FakeCUDAArray.copy_to_host
    monkeypatch.setattr(
        FakeCUDAArray, "copy_to_host", lambda self, *args, **kw: sizes.append(self.size) or real(self, *args, **kw)
    )
    trainer.step(*data[0])
    assert sizes == [1]


def test_same_batches_give_the_same_bits(rng: np.random.Generator) -> None:
    data = batches(rng, (1, 10, 9))
    first, second = paper_like(), paper_like()
    assert losses("cuda", first, Adam(0.01), data) == losses("cuda", second, Adam(0.01), data)
    np.testing.assert_array_equal(first.values, second.values)


def test_what_the_host_writes_reaches_the_device(rng: np.random.Generator) -> None:
    network = paper_like()
    images, labels = batches(rng, network.input_shape)[0]
    Trainer(network, SGD(0.1)).step(images, labels)
    network.values[:] = 0
    np.testing.assert_array_equal(network.forward(images), 0)
    assert network.predict_proba(images).max() == pytest.approx(0.1)


def test_backends_may_change_between_steps(rng: np.random.Generator) -> None:
    """Each finds the values where the other left them."""
    mixed, plain = paper_like(np.float64), paper_like(np.float64)
    data, optimizer, other = batches(rng, mixed.input_shape), Momentum(0.05), Momentum(0.05)
    for backend, batch in zip(("cuda", "cpu", "cuda"), data, strict=True):
        with running(backend):
            Trainer(mixed, optimizer).step(*batch)
        with running("cpu"):
            Trainer(plain, other).step(*batch)
    np.testing.assert_allclose(mixed.values, plain.values, rtol=0, atol=1e-12)


def test_a_full_memory_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    from fastcnn.kernels.cuda.toolchain import compiler

    def full(*args: object, **kwargs: object) -> None:
        raise type("CudaAPIError", (Exception,), {})("[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY")

    monkeypatch.setattr(compiler.cuda, "to_device", full)
    with pytest.raises(RuntimeError, match=r"^the GPU's memory is full; a smaller batch"):
        paper_like().forward(rng.integers(0, 256, (2, 1, 10, 9), np.uint8))


def test_plan_lists_the_steps() -> None:
    table = paper_like().plan(4)
    assert "conv2d 5x5 + relu + max_pool 2x2" in table
    assert "affine + relu" in table


@simulated
def test_the_tests_for_a_gpu_run(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    """Here with a network that the simulator has done in seconds, so that no name in them is wrong."""
    from fastcnn.kernels.cuda.toolchain import compiler
    from tests.kernels.cuda import test_gpu

    def small_network(*, seed: int) -> Sequential:
        layers = [MaxPool2d(7), Conv2d(2, 3), ReLU(), Flatten(), Affine(10)]
        network = Sequential(layers, seed=seed)
        network._chunk = 2
        return network

    free = SimpleNamespace(get_memory_info=lambda: (2**33, 2**34))
    monkeypatch.setattr(compiler.cuda, "current_context", lambda: free)
    monkeypatch.setattr(test_gpu, "paper_network", small_network)
    for name, value in {"BATCH": 2, "STEPS": 1}.items():
        monkeypatch.setattr(test_gpu, name, value)
    test_gpu.test_training_follows_the_cpu()
    test_gpu.test_training_twice_gives_the_same_bits()
    test_gpu.test_fit_follows_the_cpu_and_itself()
    test_gpu.test_many_pictures_are_predicted_as_few_are(np.uint8, rng)
    test_gpu.test_memory_comes_back()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(2, 1, 5, 7), (2, 3, 6, 4)])
def test_pictures_are_changed_as_by_the_reference(
    shape: tuple[int, ...], dtype: type, rng: np.random.Generator
) -> None:
    images = rng.integers(0, 256, shape, np.uint8).astype(dtype)
    strong, found = Augmentation(turn_deg=40, shift_px=2, elastic_px=2, stroke=1, hole=0.5), {}
    for backend in ("cuda", "reference"):
        found[backend] = np.empty_like(images)
        with running(backend):
            strong.apply(images, np.arange(2), seed=1, epoch=0, out=found[backend])
    assert found["reference"].any()
    if SIMULATED:
        np.testing.assert_array_equal(found["cuda"], found["reference"])
    else:  # a GPU rounds a position once where the reference rounds twice: 1e-5 of a pixel, or the other byte
        differences = np.abs(found["cuda"].astype(float) - found["reference"])
        assert differences.max() <= (1 if dtype == np.uint8 else 255 * 1e-5)


def test_a_step_in_parts_gives_the_bits_of_the_whole(rng: np.random.Generator) -> None:
    (batch,) = batches(rng, (1, 10, 9), 1)
    whole, split = paper_like(), paper_like()
    loss = whole.loss_and_gradients(*batch)
    assert np.isfinite(loss)
    split.forward(batch[0])  # the parameters are there before
    parts, held = split.training_parts(*batch)
    with held:
        for part in parts:
            part.run()
    np.testing.assert_array_equal(split.gradients, whole.gradients)
    assert whole.gradients.any()
