"""Trainer: one step by hand, epochs, the best weights, early ends, and bits that survive a resume."""

import math

import numpy as np
import pytest

from fastcnn import load_mnist, optim
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Dropout, Flatten, MaxPool2d, ReLU
from fastcnn.network.sequential import Sequential
from fastcnn.optim.schedules import Constant, OneCycle
from fastcnn.training.trainer import Trainer, TrainingError


@pytest.fixture(scope="module")
def pictures():
    (images, labels), _ = load_mnist(normalize=False)
    return images[:430], labels[:430]


def small_network(seed=0):
    return Sequential([Flatten(), Affine(16), ReLU(), Affine(10)], seed=seed)


def stateful_network(seed=0):
    """With everything that carries state from step to step: statistics, and masks that depend on the step."""
    layers = [Conv2d(3, 5, stride=4), BatchNorm2d(), ReLU(), MaxPool2d(2), Flatten(), Dropout(0.3, seed=5), Affine(10)]
    return Sequential(layers, seed=seed)


def trainer(network=None, **options):
    return Trainer(small_network() if network is None else network, optim.Adam(0.01), **options)


def fit(given, pictures, **options):
    return given.fit(*pictures, **{"epochs": 3, "validation": 50, "progress": False, **options})


class Recording(Sequential):
    """Notes the labels of each batch, its size and the learning rate in force."""

    def __init__(self, optimizer=None):
        super().__init__([Flatten(), Affine(10)], seed=0)
        self.batches, self.rates, self.optimizer = [], [], optimizer

    def loss_and_gradients(self, images, labels, *, label_smoothing=0.0, step=0):
        self.batches.append(images.sum(axis=(1, 2, 3), dtype=np.int64))
        if self.optimizer is not None:
            self.rates.append(self.optimizer.lr)
        return super().loss_and_gradients(images, labels, label_smoothing=label_smoothing, step=step)


def same(first, second):
    return all(np.array_equal(first[name], second[name]) for name in first) and set(first) == set(second)


def test_step_is_gradient_descent(pictures):
    images, labels = pictures[0][:20], pictures[1][:20]
    network = small_network()
    before = network.state_arrays()
    expected_loss = network.loss_and_gradients(images, labels)
    gradients = {name: parameter.grad.copy() for name, parameter in network.parameters.items()}
    assert Trainer(network, optim.SGD(0.5)).step(images, labels) == expected_loss
    for name, array in network.state_arrays().items():
        np.testing.assert_allclose(array, before[name] - np.float32(0.5) * gradients[name], rtol=1e-6, atol=1e-7)


def test_step_clips_gradients(pictures):
    images, labels = pictures[0][:20], pictures[1][:20]
    network = small_network()
    before = network.values.copy()
    Trainer(network, optim.SGD(1.0), clip_norm=0.25).step(images, labels)
    assert np.linalg.norm(network.values - before) == pytest.approx(0.25, rel=1e-5)


def test_training_learns(pictures):
    history = fit(trainer(), pictures, epochs=12, batch_size=20)
    assert history.validation_accuracy > 0.7  # chance is 0.1
    assert history.epochs[-1].loss < history.epochs[0].loss / 3


def test_each_epoch_has_each_training_picture_once(pictures):
    network = Recording()
    fit(trainer(network), pictures, epochs=2, batch_size=100)
    assert [len(batch) for batch in network.batches] == [100, 100, 100, 80] * 2  # the short last batch too
    first, second = np.concatenate(network.batches[:4]), np.concatenate(network.batches[4:])
    np.testing.assert_array_equal(np.sort(first), np.sort(second))
    assert not np.array_equal(first, second)
    everything = pictures[0].sum(axis=(1, 2, 3), dtype=np.int64)
    left_out = np.sort(everything).tolist()
    for total in first.tolist():
        left_out.remove(total)  # raises where a picture was seen twice
    assert len(left_out) == 50


def test_batch_larger_than_the_data(pictures):
    network = Recording()
    fit(trainer(network), pictures, epochs=1, batch_size=10_000)
    assert [len(batch) for batch in network.batches] == [380]


def test_labels_stay_with_their_pictures(pictures):
    images = np.zeros((200, 1, 28, 28), np.uint8)
    labels = np.arange(200) % 10
    images[np.arange(200), 0, 0, labels] = 255
    history = Trainer(Sequential([Flatten(), Affine(10)], seed=0), optim.Adam(0.1)).fit(
        images, labels, epochs=20, batch_size=20, validation=40, progress=False
    )
    assert history.validation_accuracy == 1.0


def test_same_seed_same_bits(pictures):
    first, second, other = trainer(), trainer(), trainer()
    fit(first, pictures, seed=7)
    fit(second, pictures, seed=7)
    fit(other, pictures, seed=8)
    assert same(first.network.state_arrays(), second.network.state_arrays())
    assert not same(first.network.state_arrays(), other.network.state_arrays())


def test_seed_chooses_the_validation_pictures(pictures):
    seen = []
    for seed in (1, 2):
        network = Recording()
        fit(trainer(network), pictures, epochs=1, seed=seed)
        seen.append(np.sort(np.concatenate(network.batches)))
    assert not np.array_equal(*seen)


def test_inputs_are_not_modified(pictures):
    images, labels = pictures[0].copy(), pictures[1].copy()
    images.flags.writeable = labels.flags.writeable = False
    fit(trainer(), (images, labels), epochs=1)
    np.testing.assert_array_equal(images, pictures[0])


def test_float_pictures_train_alike(pictures):
    whole, scaled = trainer(), trainer()
    fit(whole, pictures, epochs=1)
    fit(scaled, (pictures[0] / np.float32(255), pictures[1]), epochs=1)
    np.testing.assert_allclose(whole.network.values, scaled.network.values, rtol=1e-3, atol=1e-4)


def test_schedule_sets_each_step(pictures):
    given = trainer(Recording())
    given.network.optimizer = given.optimizer
    schedule = OneCycle(0.01, 8)
    fit(given, pictures, epochs=2, batch_size=100, schedule=schedule)
    assert given.network.rates == [schedule(step) for step in range(8)]


def test_best_weights_are_kept(pictures):
    given = trainer()
    states = []
    history = fit(
        given, pictures, epochs=6, batch_size=20, callbacks=[lambda _: states.append(given.network.state_arrays())]
    )
    accuracies = [epoch.validation_accuracy for epoch in history.epochs]
    losses = [epoch.validation_loss for epoch in history.epochs]
    best = max(range(6), key=lambda index: (accuracies[index], -losses[index]))
    assert history.best_epoch == best + 1
    assert same(given.network.state_arrays(), states[best])
    assert history.validation_accuracy == accuracies[best]


def test_worse_epochs_do_not_replace_the_best(pictures):
    """A learning rate that explodes after the first epoch: the first must win."""
    given = trainer()
    first = []
    history = fit(
        given,
        pictures,
        schedule=lambda_schedule(lambda step: 0.01 if step < 4 else 3.0),
        callbacks=[lambda epoch: first.append(given.network.state_arrays()) if epoch.epoch == 1 else None],
    )
    assert history.best_epoch == 1
    assert same(given.network.state_arrays(), first[0])


def lambda_schedule(function):
    schedule = Constant(0.01)
    schedule._after_warmup = function
    return schedule


def test_last_weights_are_kept_where_that_is_asked_for(pictures, tmp_path):
    """The same learning rate that explodes: the last epoch stays, also after a resume."""
    states = []
    options = {
        "schedule": lambda_schedule(lambda step: 0.01 if step < 4 else 3.0),
        "keep_last": True,
        "checkpoint": tmp_path / "checkpoint",
    }
    given, again = trainer(), trainer()
    history = fit(given, pictures, callbacks=[lambda _: states.append(given.network.state_arrays())], **options)
    assert history.best_epoch == len(states) == 3
    assert history.validation_accuracy == history.epochs[-1].validation_accuracy < history.epochs[0].validation_accuracy
    assert same(given.network.state_arrays(), states[-1])
    history = fit(again, pictures, resume=tmp_path / "checkpoint", **options)
    assert history.best_epoch == 3
    assert same(again.network.state_arrays(), states[-1])
    with pytest.raises(FastcnnError, match="was made with keep last True, not False"):
        fit(trainer(), pictures, resume=tmp_path / "checkpoint", **{**options, "keep_last": False})
    with pytest.raises(ValueError, match="leave one of them out"):
        fit(trainer(), pictures, patience=2, keep_last=True)


def test_ties_in_accuracy_go_to_the_smaller_loss(pictures):
    images, labels = np.zeros((60, 1, 28, 28), np.uint8), np.zeros(60, np.int64)
    history = Trainer(Sequential([Flatten(), Affine(10)], seed=0), optim.SGD(1.0)).fit(
        images, labels, epochs=3, validation=10, progress=False
    )
    assert [epoch.validation_accuracy for epoch in history.epochs] == [1.0, 1.0, 1.0]
    assert history.best_epoch == 3  # all the same picture: the loss falls and falls


def test_without_validation_the_last_epoch_stays(pictures):
    given = trainer()
    last = []
    history = fit(given, pictures, validation=0, callbacks=[lambda _: last.append(given.network.state_arrays())])
    assert history.best_epoch == 3
    assert history.validation_accuracy is None
    assert history.epochs[0].images == 430
    assert same(given.network.state_arrays(), last[-1])


def test_average_of_weights_is_what_comes_out(pictures):
    images, labels = pictures[0][:100], pictures[1][:100]
    plain, averaged = trainer(), trainer(ema_decay=0.9)
    values = [plain.network.values.copy()]
    for _ in range(3):
        plain.step(images, labels)
        values.append(plain.network.values.copy())
    averaged.fit(images, labels, epochs=3, validation=0, batch_size=100, progress=False)
    expected = values[0].astype(np.float64)
    for index, value in enumerate(values[1:]):
        decay = min(0.9, (1 + index) / (10 + index))
        expected = decay * expected + (1 - decay) * value
    # The order of pictures in a batch changes the rounding, and Adam divides by small numbers.
    np.testing.assert_allclose(averaged.network.values, expected, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize(("patience", "words"), [(1, "1 epoch"), (2, "2 epochs")])
def test_patience_stops(pictures, patience, words):
    history = fit(trainer(), pictures, epochs=30, patience=patience, schedule=lambda_schedule(lambda step: 0.0))
    assert len(history.epochs) == 1 + patience  # nothing moves: the first is the best, the others do not better it
    assert history.best_epoch == 1
    assert history.stopped == f"{words} without a better one"


def test_callback_stops(pictures):
    seen = []

    def callback(epoch):
        seen.append(epoch)
        return epoch.epoch < 2

    history = fit(trainer(), pictures, epochs=9, callbacks=[callback, lambda _: None])
    assert [epoch.epoch for epoch in seen] == [1, 2]
    assert history.epochs == seen
    assert history.stopped


def test_nan_stops_with_the_place_and_keeps_the_checkpoint(pictures, tmp_path):
    path = tmp_path / "state.safetensors"
    given = trainer()
    contents = []

    def spoil(epoch):
        contents.append(path.read_bytes())
        if epoch.epoch == 2:
            given.network.values[0] = math.nan

    with pytest.raises(TrainingError, match="the loss became nan in epoch 3, step 1 of 4"):
        fit(given, pictures, epochs=5, checkpoint=path, callbacks=[spoil])
    assert path.read_bytes() == contents[-1]


def test_weights_that_explode_in_the_last_step_are_noticed(pictures, tmp_path):
    given = Trainer(small_network(), optim.SGD(1e38))
    with np.errstate(all="ignore"), pytest.raises(TrainingError, match="epoch 1"):
        fit(given, pictures, epochs=1, batch_size=1000)


def test_interrupt_keeps_the_last_checkpoint(pictures, tmp_path):
    def interrupt(epoch):
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    path = tmp_path / "state.safetensors"
    with pytest.raises(KeyboardInterrupt):
        fit(trainer(), pictures, epochs=4, checkpoint=path, callbacks=[interrupt])
    resumed, whole = trainer(), trainer()
    fit(resumed, pictures, epochs=4, resume=path)
    fit(whole, pictures, epochs=4)
    assert same(resumed.network.state_arrays(), whole.network.state_arrays())


@pytest.mark.parametrize("validation", [0, 50])
@pytest.mark.parametrize("stop", [1, 3, 5])
def test_resume_gives_the_bits_of_an_uninterrupted_run(pictures, tmp_path, stop, validation):
    path = tmp_path / "state.safetensors"
    options = {"epochs": 5, "schedule": OneCycle(0.02, 25), "seed": 3, "validation": validation}

    def make():
        return Trainer(stateful_network(), optim.AdamW(0.02), label_smoothing=0.1, ema_decay=0.9, clip_norm=2.0)

    whole, stopped, resumed = make(), make(), make()
    history = fit(whole, pictures, **options)
    fit(stopped, pictures, checkpoint=path, callbacks=[lambda epoch: epoch.epoch < stop], **options)
    again = fit(resumed, pictures, resume=path, **options)
    assert same(resumed.network.state_arrays(), whole.network.state_arrays())
    assert [epoch.loss for epoch in again.epochs] == [epoch.loss for epoch in history.epochs]
    assert again.best_epoch == history.best_epoch


def test_resume_at_once_from_the_first_checkpoint(pictures, tmp_path):
    path = tmp_path / "state.safetensors"

    class Stop(Exception):  # noqa: N818
        pass

    class Failing(Recording):
        def loss_and_gradients(self, images, labels, **options):
            raise Stop

    with pytest.raises(Stop):
        fit(trainer(Failing()), pictures, checkpoint=path)
    whole, resumed = trainer(Recording()), trainer(Recording())
    fit(whole, pictures)
    fit(resumed, pictures, resume=path)
    assert same(resumed.network.state_arrays(), whole.network.state_arrays())


def test_more_epochs_may_follow_where_the_schedule_allows(pictures, tmp_path):
    path = tmp_path / "state.safetensors"
    fit(trainer(), pictures, epochs=2, checkpoint=path)
    longer, whole = trainer(), trainer()
    fit(longer, pictures, epochs=4, resume=path)
    fit(whole, pictures, epochs=4)
    assert same(longer.network.state_arrays(), whole.network.state_arrays())


def test_patience_is_remembered(pictures, tmp_path):
    path = tmp_path / "state.safetensors"
    options = {"epochs": 9, "patience": 2, "schedule": lambda_schedule(lambda step: 0.0)}
    fit(trainer(), pictures, checkpoint=path, **options)
    history = fit(trainer(), pictures, resume=path, **options)
    assert len(history.epochs) == 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seed": 1}, "with seed 0, not 1"),
        ({"batch_size": 50}, "with batch size 100, not 50"),
        ({"validation": 60}, "with validation 50, not 60"),
        ({"epochs": 1}, "has 2 epochs done, more than the 1 asked for"),
        ({"schedule": Constant(0.5)}, "another schedule"),
        ({"patience": 4}, "with patience None, not 4"),
        ({"schedule": OneCycle(0.01, 100), "epochs": 25}, "with epochs 2, not 25"),
    ],
)
def test_resuming_with_other_settings_is_refused(pictures, tmp_path, change, says):
    path = tmp_path / "state.safetensors"
    fit(trainer(), pictures, epochs=2, checkpoint=path)
    with pytest.raises(FastcnnError, match=says):
        fit(trainer(), pictures, **{"epochs": 2, "resume": path, **change})


def test_resuming_with_another_trainer_or_data_is_refused(pictures, tmp_path):
    path = tmp_path / "state.safetensors"
    fit(trainer(), pictures, epochs=1, checkpoint=path)
    other_data = pictures[0][::-1].copy(), pictures[1]
    for given, data, says in (
        (trainer(stateful_network()), pictures, "another network"),
        (Trainer(small_network(), optim.SGD(0.01)), pictures, "another optimizer"),
        (trainer(label_smoothing=0.1), pictures, "label smoothing 0.0, not 0.1"),
        (trainer(ema_decay=0.9), pictures, "ema decay None, not 0.9"),
        (trainer(), other_data, "other training data"),
    ):
        with pytest.raises(FastcnnError, match=says):
            fit(given, data, epochs=1, resume=path)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"epochs": 0}, "epochs must lie between 1"),
        ({"batch_size": 0}, "batch_size must lie between 1"),
        ({"validation": 430}, "validation must leave"),
        ({"validation": -1}, "validation must lie between 0"),
        ({"seed": -1}, "seed must lie between 0"),
        ({"patience": 0}, "patience must lie between 1"),
        ({"patience": 2, "validation": 0}, "patience needs validation"),
        ({"threads": 0}, "threads"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_changes(pictures, options, says):
    given = trainer()
    before = given.network.state_arrays()
    with pytest.raises(ValueError, match=says):
        fit(given, pictures, **options)
    assert same(given.network.state_arrays(), before)


def test_wrong_data_is_refused(pictures):
    images, labels = pictures
    for wrong_images, wrong_labels, says in (
        (images[:, 0, 1:], labels, "images must be"),
        (images[:0], labels[:0], "images must be"),
        (images, labels[:-1], "labels"),
        (images, labels + 5, "labels must lie in 0 to 9"),
    ):
        with pytest.raises(ValueError, match=says):
            fit(trainer(), (wrong_images, wrong_labels))
    with pytest.raises(TypeError, match="labels"):
        fit(trainer(), (images, labels.astype(float)))


def test_progress_is_one_plain_line_an_epoch(pictures, capsys):
    fit(trainer(), pictures, epochs=2, progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("epoch 1/2  loss ")
    assert "validation accuracy" in lines[0]
    assert lines[0].endswith("images/s")


def test_broken_stderr_does_not_stop_the_training(pictures, monkeypatch):
    class Broken:
        def isatty(self):
            return False

        def write(self, text):
            raise BrokenPipeError

        def flush(self):
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", Broken())
    assert len(fit(trainer(), pictures, epochs=2, progress=True).epochs) == 2
