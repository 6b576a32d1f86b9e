"""Trainings by other losses and with weights: what they count, which epoch they keep, and what is refused."""

import numpy as np
import pytest

from fastcnn import Sequential, Trainer, load_network, losses, optim
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, Flatten


def network(outputs=2, **options):
    return Sequential([Flatten(), Affine(outputs)], input_shape=(1, 3, 3), seed=0, dtype=np.float64, **options)


@pytest.fixture
def images(rng):
    return rng.random((40, 1, 3, 3))


def fit(given, *data, **options):
    return given.fit(*data, **{"epochs": 3, "batch_size": 8, "validation": 8, "progress": False, **options})


def test_regression_learns_a_line(images):
    """Targets that one matrix gives are found again."""
    matrix = np.arange(18.0).reshape(9, 2) / 9
    targets = images.reshape(40, 9) @ matrix + 0.5
    given = Trainer(network(), optim.Adam(0.05), loss=losses.MeanSquaredError())
    history = fit(given, images, targets, epochs=200)
    assert history.epochs[-1].validation_loss < targets.var() / 100
    assert ((given.network.forward(images) - targets) ** 2).mean() < targets.var() / 100


def test_one_output_takes_a_row_of_numbers(images):
    row = images.sum(axis=(1, 2, 3))
    one, two = (Trainer(network(1), optim.Adam(0.05), loss=losses.MeanSquaredError()) for _ in range(2))
    fit(one, images, row, validation=(images, row))
    fit(two, images, row[:, None].astype(np.float32).astype(np.float64), validation=(images, row[:, None]))
    np.testing.assert_allclose(one.network.values, two.network.values, rtol=1e-6)


def test_the_best_epoch_is_that_of_the_least_validation_loss(images, rng):
    """Targets that turn round: the first epochs are the best ones, and the history has no accuracy."""
    targets = images.reshape(40, 9)[:, :2]
    given, states = Trainer(network(), optim.SGD(0.05), loss=losses.MeanSquaredError()), []
    history = fit(
        given, images, targets, epochs=4, validation=(images, -targets),
        callbacks=[lambda _: states.append(given.network.values.copy())],
    )  # fmt: skip
    found = [epoch.validation_loss for epoch in history.epochs]
    assert history.best_epoch == 1 + int(np.argmin(found))
    assert history.validation_accuracy is None
    np.testing.assert_array_equal(given.network.values, states[history.best_epoch - 1])
    expected = ((images.reshape(40, 9) @ _matrix(states[0]) + _bias(states[0]) + targets) ** 2).mean()
    assert found[0] == pytest.approx(expected, rel=1e-12)


def _matrix(values):
    twin = network()
    twin.values = values
    return twin.parameters["1.weight"].array


def _bias(values):
    twin = network()
    twin.values = values
    return twin.parameters["1.bias"].array


def test_an_epoch_without_accuracy_says_its_loss(images, capsys):
    fit(
        Trainer(network(), optim.SGD(0.01), loss=losses.MeanSquaredError()),
        images, images.reshape(40, 9)[:, :2], progress=True, epochs=1,
    )  # fmt: skip
    line = capsys.readouterr().err
    assert "validation loss" in line
    assert "accuracy" not in line


def test_several_labels_a_picture(images):
    """Each output learns its own pixel, whatever the others are."""
    targets = images.reshape(40, 9)[:, :2] > 0.5
    given = Trainer(network(), optim.Adam(0.1), loss=losses.BinaryCrossEntropy())
    fit(given, images, targets, epochs=300, validation=(images, targets))
    right = (losses.sigmoid(given.network.forward(images)) > 0.5) == targets
    assert right.mean() > 0.95


def test_a_network_of_numbers_is_saved_and_read(images, tmp_path):
    given = Trainer(network(3), optim.Adam(0.1), loss=losses.MeanSquaredError())
    fit(given, images, images.reshape(40, 9)[:, :3])
    given.network.save(tmp_path / "net")
    np.testing.assert_array_equal(load_network(tmp_path / "net").forward(images), given.network.forward(images))


# Weights.


def test_pictures_of_weight_zero_do_not_count(images):
    labels = np.arange(40) % 2
    weights = np.repeat([1.0, 0.0], 20)
    one, two = (Trainer(network(), optim.SGD(0.1)) for _ in range(2))
    for _ in range(3):
        one.step(images, np.where(weights == 0, 1 - labels, labels), weights)
        two.step(images[:20], labels[:20])
    np.testing.assert_allclose(one.network.values, two.network.values, rtol=1e-12)


def test_a_weight_of_two_is_the_picture_twice(images):
    labels = np.arange(40) % 2
    one, two = (Trainer(network(), optim.SGD(0.1)) for _ in range(2))
    one.step(images, labels, np.where(np.arange(40) < 5, 2, 1))
    two.step(np.concatenate([images, images[:5]]), np.concatenate([labels, labels[:5]]))
    np.testing.assert_allclose(one.network.values, two.network.values, rtol=1e-12)


@pytest.mark.parametrize("given", [{"b": 3.0}, {1: 3.0}, [1.0, 3.0], np.array([1.0, 3.0]), "balanced"])
def test_class_weights_are_those_of_the_loss(images, given):
    labels = (np.arange(40) < 10).astype(int)  # 30 and 10: balanced is 2/3 and 2
    ours = Trainer(network(classes=("a", "b")), optim.SGD(0.1))
    theirs = Trainer(network(classes=("a", "b")), optim.SGD(0.1), loss=losses.CrossEntropy(0.0, [1, 3]))
    fit(ours, images, labels, class_weight=given, validation=0)
    fit(theirs, images, labels, validation=0)
    np.testing.assert_allclose(ours.network.values, theirs.network.values, rtol=1e-12)
    assert repr(ours.loss) == "CrossEntropy(label_smoothing=0.0, class_weight=None)"  # of that training only


@pytest.mark.parametrize("given", [[0, 2], {"b": 2, "a": 0}])
def test_weights_that_leave_no_picture_are_refused(images, given):
    """Else the loss would be 0 in all epochs."""
    trainer = Trainer(network(classes=("a", "b")), optim.SGD(0.1))
    with pytest.raises(ValueError, match="class_weight is 0 for all classes that have pictures"):
        fit(trainer, images, np.zeros(40, int), class_weight=given)
    assert fit(trainer, images, np.arange(40) // 39, class_weight=given, validation=0).epochs[0].loss > 0


def test_classes_without_pictures_balance_nothing(images):
    labels = (np.arange(40) < 10).astype(int)
    ours, theirs = (Trainer(network(3), optim.SGD(0.1)) for _ in range(2))
    fit(ours, images, labels, class_weight="balanced", validation=0)
    fit(theirs, images, labels, class_weight=[40 / (2 * 30), 40 / (2 * 10), 1], validation=0)
    np.testing.assert_array_equal(ours.network.values, theirs.network.values)


def test_validation_counts_no_weights(images):
    labels = np.arange(40) % 2
    options = {"validation": (images, labels), "schedule": lambda step: 0.0, "epochs": 1}
    plain = fit(Trainer(network(), optim.SGD(0.1)), images, labels, **options)
    weighted = fit(
        Trainer(network(), optim.SGD(0.1)), images, labels, class_weight=[1, 5],
        sample_weight=np.linspace(0, 1, 40), **options,
    )  # fmt: skip
    assert weighted.epochs[0].validation_loss == plain.epochs[0].validation_loss
    assert weighted.epochs[0].loss != plain.epochs[0].loss


def test_a_training_of_another_loss_or_weights_is_not_resumed(images, tmp_path):
    path, labels = tmp_path / "state", np.arange(40) % 2
    weights = np.linspace(0, 1, 40)
    made = {"class_weight": [1, 2], "sample_weight": weights}

    def trainer():
        return Trainer(network(), optim.SGD(0.1))

    whole = trainer()
    fit(whole, images, labels, **made)
    fit(trainer(), images, labels, checkpoint=path, callbacks=[lambda _: False], **made)
    resumed = trainer()
    fit(resumed, images, labels, resume=path, **made)
    np.testing.assert_array_equal(resumed.network.values, whole.network.values)
    for change, says in (
        ({"class_weight": None}, "another loss or other class weights"),
        ({"class_weight": [1, 3]}, "another loss or other class weights"),
        ({"sample_weight": None}, "other training data"),
        ({"sample_weight": weights / 2}, "other training data"),
    ):
        with pytest.raises(FastcnnError, match=f"was made with {says}"):
            fit(trainer(), images, labels, resume=path, **{**made, **change})


@pytest.mark.parametrize(
    ("parts", "options", "says"),
    [
        ({"loss": losses.MeanSquaredError()}, {"class_weight": [1, 2]}, "the trainer's loss knows no classes"),
        (
            {"loss": losses.CrossEntropy(class_weight=[1, 2])},
            {"class_weight": [1, 2]},
            "the trainer's loss has weights",
        ),
        ({}, {"class_weight": "equal"}, "class_weight must be 'balanced', a dict or a list of numbers, not 'equal'"),
        ({}, {"class_weight": {"c": 1}}, "class_weight names 'c', which is no class; network.classes has '0, 1'"),
        ({}, {"sample_weight": np.zeros(40)}, "sample_weight must be more than 0 for one picture"),
        ({}, {"sample_weight": np.ones(39)}, r"sample_weight must have the shape \(40,\)"),
        ({}, {"sample_weight": -np.ones(40)}, "sample_weight must hold finite numbers of at least 0"),
    ],
)
def test_wrong_weights_are_refused_before_anything_changes(images, parts, options, says):
    given = Trainer(network(), optim.SGD(0.1), **parts)
    before = given.network.values.copy()
    labels = np.arange(40) % 2 if given.loss.is_of_classes else np.zeros((40, 2))
    with pytest.raises(ValueError, match=says) as caught:
        fit(given, images, labels, **options)
    assert len(str(caught.value)) <= 200
    np.testing.assert_array_equal(given.network.values, before)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"loss": "mse"}, TypeError, "loss must be a losses.CrossEntropy, MeanSquaredError or BinaryCrossEntropy, not"),
        ({"loss": losses.MeanSquaredError}, TypeError, "loss must be a losses.CrossEntropy"),
        ({"loss": losses.MeanSquaredError(), "label_smoothing": 0.1}, ValueError, "label_smoothing belongs into the l"),
        ({"loss": losses.CrossEntropy(class_weight=[1, 2, 3])}, ValueError, "class_weight must have a number for each"),
    ],
)
def test_a_wrong_loss_is_refused_at_once(options, error, says):
    with pytest.raises(error, match=says):
        Trainer(network(), optim.SGD(0.1), **options)
