"""What goes up to the GPU and comes back, and when: training sets, losses, gradients to clip, pictures to predict."""

import logging
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest

from fastcnn.layers import Affine, Flatten
from fastcnn.network.sequential import Sequential
from fastcnn.optim import SGD, AdamW, Momentum, clip_gradients
from fastcnn.training.augment import Augmentation
from fastcnn.training.history import TrainingStep
from fastcnn.training.trainer import Trainer, TrainingError
from tests.kernels.cases import SIMULATED
from tests.kernels.checks import running

if not SIMULATED:
    pytest.skip("needs Numba's CUDA simulator: NUMBA_ENABLE_CUDASIM=1", allow_module_level=True)

from fastcnn.kernels.cuda.steps import dataset, loss, pipeline
from fastcnn.kernels.cuda.steps.clip import Clip
from fastcnn.kernels.cuda.toolchain import compiler, memory
from tests.kernels.cuda.simulator import planted
from tests.kernels.cuda.streams import Driver
from tests.kernels.cuda.test_training import paper_like

SHAPE = (1, 10, 9)
STEPS = 3  # of an epoch of 11 pictures in batches of 4


@pytest.fixture(autouse=True)
def on_cuda() -> Iterator[None]:
    with running("cuda"):
        yield


@pytest.fixture
def pictures(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, 256, (11, *SHAPE), np.uint8), rng.integers(0, 10, 11)


@pytest.fixture
def transfers(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """("up" or "down", bytes) of each copy, as it happens."""
    from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

    seen: list[tuple[str, int]] = []
    up, down, new = FakeCUDAArray.copy_to_device, FakeCUDAArray.copy_to_host, compiler.cuda.to_device
    monkeypatch.setattr(
        FakeCUDAArray,
        "copy_to_device",
        lambda self, *args, **kw: seen.append(("up", self.nbytes)) or up(self, *args, **kw),
    )
    monkeypatch.setattr(
        FakeCUDAArray,
        "copy_to_host",
        lambda self, *args, **kw: seen.append(("down", self.nbytes)) or down(self, *args, **kw),
    )
    monkeypatch.setattr(compiler.cuda, "to_device", lambda array: seen.append(("up", array.nbytes)) or new(array))
    return seen


def trained(
    pictures: tuple[np.ndarray, np.ndarray], augmentation: Augmentation | None = None, epochs: int = 1
) -> tuple[np.ndarray, list[float], Sequential]:
    """Values, losses and network after some epochs."""
    network = paper_like(channels=pictures[0].shape[1])
    trainer = Trainer(network, AdamW(0.01), ema_decay=0.9, clip_norm=0.5, augmentation=augmentation)
    history = trainer.fit(*pictures, epochs=epochs, batch_size=4, validation=0, progress=False)
    return network.values.copy(), [record.loss for record in history.epochs], network


def test_a_step_sends_and_fetches_nothing_and_an_epoch_its_losses(
    pictures: tuple[np.ndarray, np.ndarray], transfers: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_steps: list[list[tuple[str, int]]] = []
    real = Trainer._step_of

    def step_of(self, batch):  # type: ignore[no-untyped-def]
        before = len(transfers)
        loss = real(self, batch)
        in_steps.append(transfers[before:])
        return loss

    monkeypatch.setattr(Trainer, "_step_of", step_of)
    trained(pictures, epochs=2)
    assert len(in_steps) == 2 * STEPS
    # The first step makes room and copies the parameters; the first of the next epoch, what was looked at between.
    assert [in_steps[step] for step in (1, 2, 4, 5)] == [[]] * 4
    assert transfers.count(("down", 8 * STEPS)) == 2
    assert sum(size for _, size in transfers if size == pictures[0].nbytes) == pictures[0].nbytes  # once in two epochs


def test_who_looks_on_at_steps_fetches_a_loss_only_where_he_looks_at_it(
    pictures: tuple[np.ndarray, np.ndarray], transfers: list[tuple[str, int]]
) -> None:
    told: list[tuple[int, int, int]] = []
    fetched: list[list[tuple[str, int]]] = []

    def look(step: TrainingStep) -> None:
        before = len(transfers)
        if step.number == 1:
            assert np.isfinite(float(step.loss))
        told.append((step.number, step.epoch, step.images))
        fetched.append(transfers[before:])

    Trainer(paper_like(), AdamW(0.01)).fit(
        *pictures, epochs=1, batch_size=4, validation=0, progress=False, on_step=look
    )
    assert told == [(0, 1, 4), (1, 1, 4), (2, 1, 3)]
    assert fetched == [[], [("down", 2 * 8)], []]  # with it comes the one that waits


def test_an_augmented_step_sends_its_numbers(
    pictures: tuple[np.ndarray, np.ndarray], transfers: list[tuple[str, int]]
) -> None:
    there = dataset.TrainingSet(*pictures, batch_size=4)
    there.start_epoch(np.arange(11))
    numbers, waves = np.ones((4, 29), np.float32), (np.ones((3, 10), np.float32), np.ones((3, 9), np.float32))
    there.augmented(0, 4, numbers, waves)
    transfers.clear()
    there.augmented(4, 4, numbers, waves)
    assert transfers == [("up", 4 * 4 * 29)]


@pytest.mark.parametrize(("augmentation", "channels"), [(None, 1), (Augmentation(), 1), (Augmentation(), 3)])
def test_a_set_on_the_gpu_gives_the_bits_of_one_on_the_host(
    pictures: tuple[np.ndarray, np.ndarray],
    augmentation: Augmentation | None,
    channels: int,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if channels != 1:
        pictures = rng.integers(0, 256, (11, channels, *SHAPE[1:]), np.uint8), pictures[1]
    values, losses, _ = trained(pictures, augmentation)
    assert not caplog.records
    context = SimpleNamespace(get_memory_info=lambda: (2 * pictures[0].nbytes - 2, 10**9))
    monkeypatch.setattr(compiler.cuda, "current_context", lambda: context)
    with caplog.at_level(logging.WARNING, "fastcnn"):
        from_host, host_losses, _ = trained(pictures, augmentation)
    np.testing.assert_array_equal(values, from_host)
    assert losses == host_losses
    assert caplog.messages == [
        "each step sends its batch to the GPU, not the whole set once: "
        "its 0.0 GB are more than half of the 0.0 GB that are free there"
    ]


def test_what_cannot_be_kept_there_is_told(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    images = pictures[0]
    assert dataset.why_not(images) == ""
    assert dataset.why_not(images.astype(np.float32)) == "only uint8 pictures are kept there, not float32"
    huge = np.broadcast_to(images[:1], (2**25, *SHAPE))
    assert dataset.why_not(huge) == "it has more pixels than 32 bits can number"


def test_the_set_leaves_the_gpu_with_the_training(
    pictures: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    import weakref

    alive: list[weakref.ref[object]] = []
    real = dataset.upload

    def upload(array: np.ndarray) -> object:
        there = real(array)
        alive.append(weakref.ref(there))
        return there

    monkeypatch.setattr(dataset, "upload", upload)
    kept = trained(pictures)
    assert len(alive) == 3 and not any(each() for each in alive)
    del kept


def test_a_loss_that_is_not_finite_is_told_with_its_step(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    network = paper_like()

    class Spoil(Momentum):
        def update(self, values, gradients):  # type: ignore[no-untyped-def]
            super().update(values, gradients)
            if self.steps == 2:
                values.copy_to_device(np.full(values.size, np.nan, np.float32))

    with pytest.raises(TrainingError, match=r"^the loss became nan in epoch 1, step 3 of 3; "):
        Trainer(network, Spoil(0.01)).fit(*pictures, epochs=1, batch_size=4, validation=0, progress=False)


def test_losses_wait_until_somebody_looks_and_none_is_lost(
    pictures: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch, transfers: list[tuple[str, int]]
) -> None:
    """Room for two: the third step fetches those before it."""
    images, labels = pictures
    network, twin = paper_like(), paper_like()
    plain = Trainer(twin, Momentum(0.05))
    expected = [plain.step(images[:4], labels[:4]) for _ in range(3)]
    there = dataset.TrainingSet(images, labels, 4)
    there.start_epoch(np.arange(11))
    monkeypatch.setattr(loss, "WAITING", 2)
    trainer = Trainer(network, Momentum(0.05))
    transfers.clear()
    losses = [trainer._step_of(there.batch(0, 4)) for _ in range(3)]
    assert [size for way, size in transfers if way == "down"] == [16]
    assert [float(loss) for loss in (losses[2], losses[0], losses[1])] == [expected[2], expected[0], expected[1]]
    assert [size for way, size in transfers if way == "down"] == [16, 8]


@pytest.mark.parametrize("count", [1, 7, 8, 130, 1001])  # below, at and above a block's threads; several shares
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clipping_is_that_of_the_host(rng: np.random.Generator, count: int, dtype: type[np.floating]) -> None:
    gradients = rng.standard_normal(count).astype(dtype)
    for limit in (0.25, 1e6):
        expected = gradients.copy()
        norm = clip_gradients(expected, limit)
        there, clip = memory.upload(gradients), Clip(count)
        clip(there, limit)
        found = clip.result.copy_to_host()
        assert found[0] == pytest.approx(norm, rel=1e-14)
        assert found[1] == (limit / found[0] if norm > limit else 1)
        np.testing.assert_allclose(there.copy_to_host(), expected, rtol=2 * np.finfo(dtype).eps)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_gradients_whose_norm_is_not_finite_are_left(wrong: float) -> None:
    there = memory.upload(np.array([1, wrong, 3], np.float32))
    Clip(3)(there, 0.5)
    np.testing.assert_array_equal(there.copy_to_host(), np.array([1, wrong, 3], np.float32))


def test_an_update_on_the_host_reaches_the_gpu(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    """After a forward both copies are equal, so an optimizer works on the host. The logits are halved."""
    network = Sequential([Flatten(), Affine(4)], input_shape=SHAPE, seed=0)
    before = network.forward(pictures[0])
    network.update_by(SGD(1.0, weight_decay=0.5))  # the gradients are zero
    np.testing.assert_allclose(network.forward(pictures[0]), before / 2, rtol=1e-5)


def test_clipped_training_follows_the_cpu(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    values, losses, _ = trained(pictures)
    with running("cpu"):
        expected, expected_losses, _ = trained(pictures)
    np.testing.assert_allclose(losses, expected_losses, rtol=0, atol=1e-5)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-4)


def some_pictures() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (11, *SHAPE), np.uint8)


def predicted(driver: Driver, monkeypatch: pytest.MonkeyPatch, dtype: type = np.uint8) -> np.ndarray:
    """Logits of eleven pictures, three at a time."""
    plan = paper_like()._plan_for(3, training=False)
    assert plan is not None
    driver.install(monkeypatch)
    images, out = some_pictures(), np.full((11, 10), np.nan, np.float32)
    assert plan.stream(images if dtype == np.uint8 else (images / 255).astype(dtype), out)
    return out


@pytest.fixture(scope="module")
def one_by_one() -> np.ndarray:
    with running("cuda"):
        return paper_like().forward(some_pictures())


def test_large_sets_are_predicted_in_streams(monkeypatch: pytest.MonkeyPatch, one_by_one: np.ndarray) -> None:
    network, driver = paper_like(), Driver((False, False))
    network._chunk = 3
    network.forward(some_pictures()[:3])
    driver.install(monkeypatch)
    np.testing.assert_array_equal(network.forward(some_pictures()), one_by_one)
    assert len(driver.streams) == 2


EAGER = [(False, False), (True, False), (False, True), (True, True)]


@pytest.mark.parametrize("eager", EAGER)
def test_predictions_in_streams_are_right_whenever_these_work(
    eager: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch, one_by_one: np.ndarray
) -> None:
    driver = Driver(eager)
    np.testing.assert_array_equal(predicted(driver, monkeypatch), one_by_one)
    assert len(driver.streams) == 2
    # With nobody in a hurry, all of the next chunk was queued before the first one was waited for.
    assert eager != (False, False) or driver.most_waiting > 2 * 7


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_float_pictures_go_the_same_way(
    dtype: type[np.floating], monkeypatch: pytest.MonkeyPatch, one_by_one: np.ndarray
) -> None:
    found = predicted(Driver((False, False)), monkeypatch, dtype)
    np.testing.assert_allclose(found, one_by_one, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "missing",
    [
        "            slot.copied.wait(self._computing)\n",  # the kernels read what is not there yet
        "                slot.finish()\n",  # the next pictures overwrite those that wait for the copy
        "                self.done.synchronize()\n",  # answers are read before they are there
        "            with launching_in(self._computing):\n",  # the kernels do not wait for the copy
    ],
)
def test_missing_wait_is_caught(missing: str, monkeypatch: pytest.MonkeyPatch, one_by_one: np.ndarray) -> None:
    """By wrong answers, with one of the streams' tempers at least, or by the refusal of the default stream."""
    instead = "            if True:\n" if "with" in missing else missing.replace(missing.strip(), "pass")
    wrong = planted(pipeline, missing, instead)["Pipeline"]
    caught = 0
    for eager in EAGER:
        with monkeypatch.context() as patch:
            from fastcnn import kernels

            patch.setattr(kernels.active().steps.device, "Pipeline", wrong)
            try:
                caught += not np.array_equal(predicted(Driver(eager), patch), one_by_one)
            except AssertionError as error:
                assert "default stream" in str(error)
                caught += 1
    assert caught > 0
