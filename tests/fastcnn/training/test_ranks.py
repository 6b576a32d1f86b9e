"""Trainings by several ranks: the same bits on any number of them. Here the ranks are threads of this process."""

from __future__ import annotations

import hashlib
import re
import threading
import time

import numpy as np
import pytest

from fastcnn import Sequential, Trainer, kernels, layers, losses, optim
from fastcnn.cluster.link import VARIABLE, RankError
from fastcnn.errors import FastcnnError
from fastcnn.kernels.threads import set_threads, threads
from fastcnn.network.losses import CrossEntropy
from fastcnn.training.augment import Augmentation
from fastcnn.training.checkpoint import load_checkpoint
from fastcnn.training.datasets import PART
from fastcnn.training.ranks import HeldOut
from tests.fastcnn.cluster.threads import by_ranks

# Ranks that are threads of one process would wait for one another's parallel kernels.
pytestmark = pytest.mark.usefixtures("one_thread")


def small(seed=0, dtype=np.float32):
    """All kinds of layers that look at more than one picture, or draw random numbers."""
    rows = [
        *(layers.Conv2d(4, 3), layers.BatchNorm2d(), layers.ReLU(), layers.MaxPool2d(2)),
        layers.Residual(layers.Conv2d(4, 3, padding=1), layers.BatchNorm2d()),
        *(layers.ReLU(), layers.Flatten(), layers.Affine(12), layers.BatchNorm1d(), layers.ReLU()),
        *(layers.Dropout(0.3), layers.Affine(3)),
    ]
    return Sequential(rows, input_shape=(1, 8, 8), seed=seed, dtype=dtype)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (130, 1, 8, 8)).astype(np.uint8), rng.integers(0, 3, 130)


def digest(network):
    return hashlib.sha256(network.values.tobytes() + network.buffers.tobytes()).hexdigest()


def trained(communicator, data, *, make=small, loss=None, epochs=2, precision=None, **options):
    """The weights' hash and the validation losses of a short training; its last batch has 17 pictures."""
    trainer = Trainer(
        make(seed=communicator.Get_rank()), optim.AdamW(0.01), loss=loss, clip_norm=1.0, ema_decay=0.9,
        augmentation=Augmentation(), communicator=communicator, precision=precision,
    )  # fmt: skip
    history = trainer.fit(*data, epochs=epochs, batch_size=50, validation=13, progress=False, **options)
    return digest(trainer.network), [(each.loss, each.validation_loss) for each in history.epochs]


@pytest.fixture(scope="module")
def alone(data):
    before = threads()
    set_threads(1)
    found = by_ranks(1, lambda world: trained(world, data))[0]
    set_threads(before)
    return found


@pytest.mark.slow  # compiles the steps of bfloat16
def test_ranks_train_in_bfloat16_with_the_same_bits(data, alone):
    def run(world):
        return trained(world, data, precision="bfloat16-plain")

    found = {count: by_ranks(count, run)[0] for count in (1, 2)}
    assert found[1] == found[2] != alone


@pytest.mark.parametrize("ranks", [4, pytest.param(5, marks=pytest.mark.slow)])  # 2 and 3: the tests after it
def test_any_number_of_ranks_gives_the_same_bits(ranks, data, alone):
    assert by_ranks(ranks, lambda world: trained(world, data)) == [alone] * ranks


@pytest.mark.parametrize(
    "loss",
    [losses.CrossEntropy(0.1, [1.0, 2.0, 0.5]), pytest.param(losses.MeanSquaredError(), marks=pytest.mark.slow)],
    ids=repr,
)
def test_weights_of_classes_and_pictures_give_the_same_bits(loss, data):
    images, labels = data
    targets = labels if isinstance(loss, CrossEntropy) else np.eye(3)[labels]
    weights = np.linspace(0, 1, len(images))

    def run(world):
        return trained(world, (images, targets), loss=loss, epochs=1, sample_weight=weights)

    one, three = by_ranks(1, run), by_ranks(3, run)
    assert three == one * 3 and isinstance(one[0], tuple), one


@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_by_ranks_is_that_of_one_machine(ranks, dtype, data):
    """The two differ only by the order of sums: of 45 pictures of 64 pixels, 2,880 numbers at most."""
    images, labels = data[0][:45].astype(dtype) / 255, data[1][:45]
    ours = small(dtype=dtype)
    loss = ours.loss_and_gradients(images, labels, step=0)

    def run(world):
        network = small(dtype=dtype)
        trainer = Trainer(network, optim.SGD(1e-9), communicator=world)
        return trainer.step(images, labels), network.gradients.copy(), network.buffers.copy()

    allowed = 2_880 * float(np.finfo(dtype).eps)
    for their_loss, gradients, buffers in by_ranks(ranks, run):
        assert their_loss == pytest.approx(loss, rel=allowed)
        np.testing.assert_allclose(gradients, ours.gradients, rtol=0, atol=allowed * np.abs(ours.gradients).max())
        np.testing.assert_allclose(buffers, ours.buffers, rtol=allowed)


@pytest.mark.parametrize("count", [1, 2, 3, 17])
def test_a_batch_smaller_than_the_ranks_is_no_exception(count, data):
    def run(world):
        rows = [layers.Conv2d(2, 3), layers.BatchNorm2d(), layers.Flatten(), layers.Affine(3)]
        network = Sequential(rows, input_shape=(1, 8, 8), seed=0)
        trainer = Trainer(network, optim.SGD(0.1), communicator=world)
        return trainer.step(data[0][:count], data[1][:count]), digest(network)

    one, five = by_ranks(1, run), by_ranks(5, run)
    assert five == one * 5 and isinstance(one[0], tuple), one


def test_a_training_goes_on_with_another_number_of_ranks(data, alone, tmp_path):
    path = tmp_path / "checkpoint"

    def stop(world):
        return trained(world, data, checkpoint=path, callbacks=[lambda epoch: False])

    def go_on(world):
        return trained(world, data, resume=path if world.Get_rank() == 0 else tmp_path / "not on this host")

    assert all(isinstance(each, tuple) for each in by_ranks(3, stop))
    assert load_checkpoint(path).epoch == 1
    assert by_ranks(2, go_on) == [alone] * 2


def test_a_training_by_ranks_is_not_resumed_without_them(data, tmp_path):
    path = tmp_path / "checkpoint"
    by_ranks(2, lambda world: trained(world, data, epochs=1, checkpoint=path))
    trainer = Trainer(small(), optim.AdamW(0.01), clip_norm=1.0, ema_decay=0.9, augmentation=Augmentation())
    with pytest.raises(FastcnnError, match="another way to share a batch: ranks, or no ranks"):
        trainer.fit(*data, epochs=1, batch_size=50, validation=13, progress=False, resume=path)


def test_rank_0_alone_calls_back_and_its_rate_is_that_of_all(data):
    called = []

    def run(world):
        rank = world.Get_rank()
        trainer = Trainer(small(), optim.SGD(0.1), communicator=world)

        def on_step(step):
            called.append(rank)
            trainer.optimizer.lr = 0.05

        trainer.fit(*data, epochs=1, batch_size=50, validation=13, progress=False, on_step=on_step)
        return digest(trainer.network), trainer.optimizer.lr

    found = by_ranks(3, run)
    assert called == [0, 0, 0] and found == [found[0]] * 3 and found[0][1] == 0.05


def test_an_error_of_one_rank_reaches_all_and_names_it(data):
    images = data[0].astype(np.float32) / 255

    def run(world):
        given = images.copy()
        trainer = Trainer(small(), optim.SGD(0.1), communicator=world)
        if world.Get_rank() == 2:
            trainer._ranks._network._meeting = None  # what breaks in this rank alone
        return trainer.step(given, data[1])

    first, second, third = by_ranks(3, run)
    assert isinstance(third, AttributeError)
    for error in (first, second):
        assert isinstance(error, RankError) and error.rank == 2
        assert re.fullmatch(r"rank 2 on \S+: 'NoneType' object has no attribute .*", str(error))


def test_a_silent_rank_is_named(data, monkeypatch):
    def begin():  # only now: a busy machine may take its time to make the trainers
        monkeypatch.setattr("fastcnn.cluster.link.SLOW_S", 2.0)
        monkeypatch.setenv(VARIABLE, "2")

    made = threading.Barrier(3, begin, timeout=60)

    def run(world):
        trainer = Trainer(small(), optim.SGD(0.1), communicator=world)
        made.wait()
        return None if world.Get_rank() == 1 else trainer.step(*data)

    by_ranks(1, lambda world: Trainer(small(), optim.SGD(0.1), communicator=world).step(*data))  # compiles the kernels
    found = by_ranks(3, run)
    assert found[1] is None
    for error in (found[0], found[2]):
        assert isinstance(error, RankError) and error.rank == 1
        assert re.search(r"rank 1 on \S+ has not answered for ", str(error))


@pytest.mark.parametrize(
    "place", ["measure", *(pytest.param(place, marks=pytest.mark.slow) for place in ("end_epoch", "follow"))]
)
def test_a_rank_that_falls_silent_after_an_epoch_is_not_given_the_time_to_compile(place, data, monkeypatch):
    """Rank 0 is asked: the others give that one more time after an epoch, in which it writes a file."""
    monkeypatch.setattr("fastcnn.cluster.link.SLOW_S", 20.0)
    monkeypatch.setenv(VARIABLE, "2")

    def run(world):
        trainer = Trainer(small(), optim.SGD(0.1), communicator=world)
        if world.Get_rank() == 1:
            monkeypatch.setattr(trainer._ranks, place, second_raises(getattr(trainer._ranks, place)))
        return trainer.fit(*data, epochs=2, batch_size=50, validation=13, progress=False)

    by_ranks(1, lambda world: trained(world, data, epochs=1))  # compiles the kernels
    first = by_ranks(3, run)[0]
    assert isinstance(first, RankError) and first.rank == 1
    (seconds,) = re.findall(r"^rank 1 on \S+ has not answered for ([0-9.]+) s", str(first))
    assert 2 <= float(seconds) < 20


def second_raises(method):
    """The method, whose second call ends its rank without a word to the others."""
    called = []

    def call(*arguments):
        called.append(arguments)
        if len(called) == 2:
            raise RankError("gone")
        return method(*arguments)

    return call


class Pictures:
    """Two parts of the validation, and one picture of a third, which takes long to read."""

    def read(self, numbers):
        if len(numbers) == 1:
            time.sleep(1.5)
        return np.zeros((len(numbers), 1, 8, 8), np.uint8), np.zeros(len(numbers), int)


def test_a_part_of_the_validation_may_take_longer_than_a_rank_may_be_silent(monkeypatch):
    """One rank has the third part, and the other has nothing to do meanwhile."""
    monkeypatch.setenv(VARIABLE, "0.5")

    def run(world):
        trainer = Trainer(small(), optim.SGD(0.1), communicator=world)
        held_out = HeldOut(Pictures(), np.arange(2 * PART + 1))
        return [trainer._ranks.measure(trainer.network, trainer.loss, held_out) for _ in range(2)]

    one, two = by_ranks(2, run)
    assert one == two and isinstance(one, list), (one, two)


def test_ranks_that_were_started_with_other_arguments_are_refused(data):
    def run(world):
        trainer = Trainer(small(), optim.SGD(0.1), communicator=world)
        trainer.fit(*data, epochs=1 + world.Get_rank(), batch_size=50, progress=False)

    for error in by_ranks(2, run):
        assert re.search("rank 1 on .* was started with other arguments or data than rank 0", str(error))


def test_more_ranks_than_shards_are_refused():
    for error in by_ranks(17, lambda world: Trainer(small(), optim.SGD(0.1), communicator=world)):
        assert isinstance(error, ValueError) and "use at most 16" in str(error)


def test_a_backend_without_fused_steps_is_refused():
    before = kernels.backend()
    kernels.use("reference")
    try:
        (error,) = by_ranks(1, lambda world: Trainer(small(), optim.SGD(0.1), communicator=world))
    finally:
        kernels.use(before)
    assert isinstance(error, ValueError) and "cannot share a batch among ranks" in str(error)


class Doubled(layers.BatchNorm2d):
    """A batch normalisation without a fused step."""


def test_a_layer_that_would_normalise_each_shard_alone_is_refused(data):
    def run(world):
        network = Sequential([Doubled(), layers.Flatten(), layers.Affine(3)], input_shape=(1, 8, 8), seed=0)
        Trainer(network, optim.SGD(0.1), communicator=world).step(*data)

    for error in by_ranks(2, run):
        assert isinstance(error, FastcnnError | ValueError) and "would normalise each shard alone" in str(error)
