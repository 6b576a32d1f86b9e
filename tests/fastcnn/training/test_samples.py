"""What `Trainer` takes to train and to validate on: forms, defaults, ranges, and sentences for everything else."""

import numpy as np
import pytest

from fastcnn import Sequential, Trainer, load_mnist, optim
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Flatten, ReLU
from fastcnn.optim import optimizers
from fastcnn.training.batches import batch_starts
from fastcnn.training.samples import count_set_aside
from fastcnn.zoo.networks import NAMED


@pytest.fixture(scope="module")
def pictures():
    (images, labels), _ = load_mnist(normalize=False)
    return images[:120], labels[:120]


def trainer(network=None, **options):
    network = Sequential([Flatten(), Affine(10)], seed=0) if network is None else network
    return Trainer(network, optim.Adam(0.01), **options)


def fit(given, images, labels, **options):
    return given.fit(images, labels, **{"epochs": 2, "batch_size": 25, "progress": False, **options})


def norm_on_one_pixel():
    """Batch normalisation with one value a channel of each picture."""
    layers = [Conv2d(4, 28), BatchNorm2d(), ReLU(), Flatten(), Affine(10)]
    return Sequential(layers, seed=0)


def norm_on_many_pixels():
    return Sequential([Conv2d(4, 27), BatchNorm2d(), Flatten(), Affine(10)], seed=0)


def same(first, second):
    return all(np.array_equal(first[name], second[name]) for name in first) and set(first) == set(second)


# Forms.


def forms(images, labels):
    one_hot = np.eye(10, dtype=np.float32)[labels]
    return [
        (images.reshape(len(images), 784), labels),
        (images, one_hot),
        (images.reshape(len(images), 784), one_hot),
        (images, one_hot.astype(np.int8)),
        (images, one_hot.astype(bool)),
        (images, labels.astype(np.uint8)),
    ]


@pytest.mark.parametrize("form", range(6))
def test_every_form_of_load_mnist_trains_to_the_same_bits(pictures, form):
    plain, other = trainer(), trainer()
    fit(plain, *pictures, validation=20)
    fit(other, *forms(*pictures)[form], validation=20)
    assert same(plain.network.state_arrays(), other.network.state_arrays())
    assert plain.step(*pictures) == other.step(*forms(*pictures)[form])


def test_load_mnist_flat_and_one_hot_is_taken_as_it_comes():
    (images, labels), _ = load_mnist(flatten=True, one_hot=True)
    assert fit(trainer(), images[:50], labels[:50], epochs=1).epochs[0].images == 45


def test_a_training_of_rows_goes_on_with_pictures(pictures, tmp_path):
    path = tmp_path / "checkpoint"
    images, labels = forms(*pictures)[2]
    whole, first, second = trainer(), trainer(), trainer()
    fit(whole, *pictures)
    fit(first, images, labels, checkpoint=path, callbacks=[lambda epoch: False])
    fit(second, *pictures, resume=path)
    assert same(whole.network.state_arrays(), second.network.state_arrays())


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (lambda rows: rows * 0.5, "labels given as rows must have one 1 in each row and else 0"),
        (lambda rows: rows * 0, "labels given as rows must have one 1"),
        (lambda rows: np.full_like(rows, np.nan), "labels given as rows must have one 1"),
        (lambda rows: rows[:, :7], r"labels must have the shape \(120,\) or \(120, 10\), not \(120, 7\)"),
        (lambda rows: rows.argmax(1)[:, None], r"labels must have the shape \(120,\) or \(120, 10\), not \(120, 1\)"),
    ],
)
def test_other_rows_are_refused(pictures, rows, says):
    given = trainer()
    before = given.network.state_arrays()
    wrong = rows(np.eye(10)[pictures[1]])
    for call in (lambda: fit(given, pictures[0], wrong), lambda: given.step(pictures[0], wrong)):
        with pytest.raises(ValueError, match=says):
            call()
    assert same(given.network.state_arrays(), before)


# How many are set aside.


@pytest.mark.parametrize(
    ("count", "aside"), [(1, 0), (9, 0), (10, 1), (2_000, 200), (5_100, 510), (50_000, 5_000), (60_000, 5_000)]
)
def test_a_tenth_is_set_aside_and_at_most_5000(count, aside):
    assert count_set_aside(None, count) == aside


@pytest.mark.parametrize(("share", "aside"), [(0.1, 12), (0.29, 35), (0.001, 1), (0.0, 0), (np.float32(0.5), 60)])
def test_a_share_is_set_aside(pictures, share, aside):
    given = trainer()
    fit(given, *pictures, epochs=1, validation=share)
    assert len(given.held_out) == aside


@pytest.mark.parametrize("count", [1, 2, 9])
def test_few_pictures_train_with_no_option_at_all(pictures, count):
    history = fit(trainer(), pictures[0][:count], pictures[1][:count])
    assert history.best_epoch == 2
    assert history.validation_accuracy is None
    assert history.epochs[0].images == count


def test_validation_pictures_of_the_users_own_choose_the_epoch(pictures):
    """Labels that are all wrong: the best epoch is the first, before the network has learned them."""
    images, labels = pictures
    given, states = trainer(), []
    history = fit(
        given,
        images,
        labels,
        epochs=4,
        validation=(images[:40].reshape(40, 784), np.eye(10)[(labels[:40] + 1) % 10]),
        callbacks=[lambda _: states.append(given.network.state_arrays())],
    )
    accuracies = [(epoch.validation_accuracy, -epoch.validation_loss) for epoch in history.epochs]
    assert history.best_epoch == 1 + max(range(4), key=lambda index: accuracies[index])
    assert same(given.network.state_arrays(), states[history.best_epoch - 1])
    assert history.epochs[0].images == 120  # none of them is set aside
    assert len(given.held_out) == 0


def test_resuming_with_other_validation_pictures_is_refused(pictures, tmp_path):
    path, (images, labels) = tmp_path / "checkpoint", pictures
    options = {"validation": (images[:40], labels[:40]), "checkpoint": path}
    fit(trainer(), images, labels, callbacks=[lambda _: False], **options)
    for other in ((images[1:41], labels[1:41]), 40):
        with pytest.raises(FastcnnError, match="was made with other validation pictures"):
            fit(trainer(), images, labels, validation=other, resume=path)
    fit(trainer(), images, labels, resume=path, **options)


@pytest.mark.parametrize(
    ("validation", "error", "says"),
    [
        (120, ValueError, "validation must leave some of the 120 pictures to train on, not be 120"),
        (0.999, ValueError, "validation must leave some of the 120 pictures to train on, not be 0.999"),
        (1.0, ValueError, "validation must be a share below 1 or a number of pictures as an int, not 1.0"),
        (-0.1, ValueError, "validation must be a share below 1"),
        (float("nan"), ValueError, "validation must be finite"),
        (
            "a tenth",
            TypeError,
            r"validation must be a number of pictures, a share or \(images, labels\), not 'a t",
        ),
        (True, TypeError, "validation must be a number of pictures"),
        (np.zeros((9, 784)), TypeError, r"validation must be .*, not an array of shape \(9, 784\) and dtype float64"),
        (
            (np.zeros((9, 784)),),
            ValueError,
            r"validation must be \(images, labels\) or a number, not a tuple",
        ),
        ((np.zeros((9, 783)), np.zeros(9, int)), ValueError, r"validation images must be of shape \(N, 1, 28, 28\)"),
        ((np.zeros((9, 784)), np.zeros(8, int)), ValueError, "validation labels must have the shape"),
        ((np.full((9, 784), np.nan), np.zeros(9, int)), ValueError, "validation images hold NaN, first in picture 0"),
    ],
)
def test_impossible_validation_is_one_sentence(pictures, validation, error, says):
    with pytest.raises(error, match=says) as raised:
        fit(trainer(), *pictures, validation=validation)
    assert len(str(raised.value)) <= 200


# Numbers that are none, or of another range.


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (np.nan, "images hold NaN, first in picture 70"),
        (np.inf, "images hold infinity, first in picture 70"),
        (-np.inf, "images hold infinity, first in picture 70"),
        (1e39, r"images hold 1e\+39, first in picture 70"),
    ],
)
def test_pictures_that_hold_no_numbers_are_said_to(pictures, value, says):
    given = trainer()
    before, state = given.network.state_arrays(), given.optimizer.state_arrays()
    images = pictures[0] / 255  # float64: 1e39 is finite, and infinite in the network's float32
    images[70, 0, 9, 9] = images[90] = value
    for call in (lambda: fit(given, images, pictures[1]), lambda: given.step(images, pictures[1])):
        with pytest.raises(ValueError, match=says):
            call()
    assert same(given.network.state_arrays(), before)
    assert same(given.optimizer.state_arrays(), state)


def test_weights_that_are_no_numbers_are_said_to_be_before_the_first_step(pictures):
    given = trainer()
    given.network.values[3] = np.nan
    with pytest.raises(ValueError, match="the network's weights hold NaN or infinity before the first step"):
        fit(given, *pictures)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda images: images.astype(np.float32), "images are float32 and range from 0 to 255, but networks learn"),
        (lambda images: images / 16.0, "images are float64 and range from 0 to 15.94, but"),
        (lambda images: images - 128.0, "images are float64 and range from -128 to 127, but"),
        (lambda images: (images > 99).astype(np.uint8), "images are uint8 and range from 0 to 1, but 255 is full ink"),
    ],
)
def test_another_range_is_warned_of_once(pictures, change, says):
    images = change(pictures[0])
    with pytest.warns(UserWarning, match=says) as caught:
        fit(trainer(), images, pictures[1])
    assert len(caught) == 1
    assert caught[0].filename == __file__  # the user's line, not one of ours
    given = trainer()
    with pytest.warns(UserWarning, match=says) as caught:
        given.step(images, pictures[1])
        given.step(images, pictures[1])
    assert len(caught) == 1
    with pytest.warns(UserWarning, match=f"validation {says}"):
        fit(trainer(), *pictures, validation=(images, pictures[1]))


def test_pictures_that_were_centred_are_not_warned_of(pictures):
    images = (pictures[0] / 255 - 0.1307) / 0.3081  # MNIST's mean and deviation: up to 2.8
    fit(trainer(), images, pictures[1])


# A last batch of one.


def test_batches_of_an_epoch():
    assert batch_starts(101, 50, 1) == [(0, 50), (50, 50), (100, 1)]
    assert batch_starts(101, 50, 2) == [(0, 50), (50, 51)]
    assert batch_starts(102, 50, 2) == batch_starts(102, 50, 1) == [(0, 50), (50, 50), (100, 2)]
    assert batch_starts(100, 50, 2) == batch_starts(100, 50, 1) == [(0, 50), (50, 50)]
    assert batch_starts(1, 50, 1) == [(0, 1)]
    assert batch_starts(3, 2, 2) == [(0, 3)]


def test_only_one_value_a_channel_needs_two_pictures():
    assert norm_on_one_pixel().least_batch == 2
    assert norm_on_many_pixels().least_batch == trainer().network.least_batch == 1
    assert {network.make(seed=0).least_batch for network in NAMED.values()} == {1}  # so no recipe has a step less


class Noted(Trainer):
    """Notes the size of each batch and the learning rate of its step."""

    def step(self, images, labels):
        self.sizes = [*getattr(self, "sizes", []), len(images)]
        self.rates = [*getattr(self, "rates", []), self.optimizer.lr]
        return super().step(images, labels)


def test_a_single_picture_joins_the_batch_before_where_it_must(pictures):
    given = Noted(norm_on_one_pixel(), optim.Adam(0.01))
    rates = []
    fit(given, pictures[0][:101], pictures[1][:101], validation=0, schedule=lambda step: rates.append(step) or 0.01)
    assert given.sizes == [25, 25, 25, 26] * 2
    assert rates == list(range(8))  # the schedule counts the steps that there are
    assert np.isfinite(given.network.predict_proba(pictures[0])).all()


def test_a_single_picture_stays_a_batch_where_it_can(pictures):
    for network in (norm_on_many_pixels(), None):
        given = Noted(network or trainer().network, optim.Adam(0.01))
        fit(given, pictures[0][:101], pictures[1][:101], validation=0)
        assert given.sizes == [25, 25, 25, 25, 1] * 2


def test_a_training_that_joins_resumes_to_the_same_bits(pictures, tmp_path):
    path = tmp_path / "checkpoint"
    data, options = (pictures[0][:101], pictures[1][:101]), {"validation": 0, "epochs": 3}
    whole, first, second = (trainer(norm_on_one_pixel()) for _ in range(3))
    fit(whole, *data, **options)
    fit(first, *data, checkpoint=path, callbacks=[lambda _: False], **options)
    fit(second, *data, resume=path, **options)
    assert same(whole.network.state_arrays(), second.network.state_arrays())


@pytest.mark.parametrize(
    ("count", "batch_size", "says"),
    [
        (50, 1, "batch_size must be at least 2: batch normalisation has one value a channel of each"),
        (1, 25, "the pictures to train on must be at least 2: batch normalisation has one value a channel"),
    ],
)
def test_no_batch_of_one_that_cannot_work_is_begun(pictures, tmp_path, count, batch_size, says):
    given, path = trainer(norm_on_one_pixel()), tmp_path / "checkpoint"
    before = given.network.state_arrays()
    with pytest.raises(ValueError, match=says):
        fit(given, pictures[0][:count], pictures[1][:count], validation=0, batch_size=batch_size, checkpoint=path)
    assert same(given.network.state_arrays(), before)
    assert not path.exists()


# The parts of a trainer.


def test_wrong_parts_are_refused_at_once():
    network = Sequential([Flatten(), Affine(10)])
    *others, last = optimizers.KINDS
    for parts, says in (
        ((network, "adam"), f"optimizer must be one of optim's {', '.join(others)} or {last}, as optim.Adam"),
        ((network, optim.Adam), "optimizer must be one of optim's"),
        ((network, 0.001), "optimizer must be one of optim's"),
        (("paper", optim.Adam(0.1)), "network must be one fastcnn.Sequential, not 'paper'"),
        ((np.zeros((3, 4)), optim.Adam(0.1)), r"network must be .* not an array of shape \(3, 4\) and dtype float64"),
    ):
        with pytest.raises(TypeError, match=says) as raised:
            Trainer(*parts)
        assert len(str(raised.value)) <= 200
    with pytest.raises(TypeError, match=r"augmentation must be a .* or None, not True"):
        Trainer(network, optim.Adam(0.1), augmentation=True)
