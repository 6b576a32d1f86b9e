"""Labels as people have them, and pictures with the channels last: the same bits as numbers and NCHW, or a sentence."""

import numpy as np
import pytest

from fastcnn import Sequential, Trainer, optim
from fastcnn.layers import Affine, Conv2d, Flatten, ReLU

CLASSES = ("cat", "dog", "fox")


def network(classes=CLASSES, shape=(2, 4, 5)):
    return Sequential([Conv2d(3, 3), ReLU(), Flatten(), Affine(3)], input_shape=shape, seed=0, classes=classes)


def trained(images, labels, classes=CLASSES, shape=(2, 4, 5), **options):
    given = Trainer(network(classes, shape), optim.Adam(0.01))
    given.fit(images, labels, **{"epochs": 2, "batch_size": 6, "validation": 4, "progress": False, **options})
    return given.network.values


@pytest.fixture
def data(rng):
    return rng.integers(0, 256, (20, 2, 4, 5), np.uint8), rng.integers(0, 3, 20)


def words(labels, classes=CLASSES):
    return np.array(classes)[labels]


@pytest.mark.parametrize(
    "form",
    [words, lambda labels: words(labels).astype(object), lambda labels: words(labels).tolist()],
)
def test_names_train_as_numbers_do(data, form):
    images, labels = data
    expected = trained(images, labels, validation=(images[:5], labels[:5]))
    found = trained(images, form(labels), validation=(images[:5], form(labels[:5])))
    np.testing.assert_array_equal(found, expected)
    steps = [Trainer(network(), optim.Adam(0.01)).step(images, each) for each in (labels, form(labels))]
    assert steps[0] == steps[1]


def test_integers_are_names_where_all_names_are_integers(data):
    images, labels = data
    names = np.array([-1, 10, 7])
    expected = trained(images, labels)
    np.testing.assert_array_equal(trained(images, names[labels], ("-1", "10", "7")), expected)
    np.testing.assert_array_equal(trained(images, (labels + 1).astype(np.uint8), ("1", "2", "3")), expected)
    np.testing.assert_array_equal(
        trained(images, np.eye(3)[labels], ("1", "2", "3")), expected
    )  # columns have an order
    np.testing.assert_array_equal(trained(images, labels, ("01", "2", "3")), expected)  # "01" is no integer's name


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda labels: np.where(np.arange(20) > 4, "bird", words(labels)), "labels hold 'bird', which is no class"),
        (lambda labels: words(labels).tolist()[:-1], r"labels must have the shape \(20,\), one for each image"),
        (lambda labels: [*words(labels).tolist()[:-1], 3], "labels must be an integer array, not list"),
        (lambda labels: words(labels).astype("S"), "labels must be an integer array"),
        (lambda labels: words(labels)[:, None], r"labels must have the shape \(20,\)"),
        (lambda labels: labels + 1, "labels must lie in 0 to 2, but range from 1 to 3; where they are names, set n"),
        (lambda labels: None, "labels must be"),
    ],
)
def test_other_labels_are_one_sentence_and_change_nothing(data, change, says):
    images, labels = data
    given = Trainer(network(), optim.Adam(0.01))
    before = given.network.values.copy()
    for call in (
        lambda: given.fit(images, change(labels), epochs=1, progress=False),
        lambda: given.step(images, change(labels)),
    ):
        with pytest.raises((ValueError, TypeError), match=says) as caught:
            call()
        assert len(str(caught.value)) <= 200
    with pytest.raises((ValueError, TypeError), match=f"validation {says}"):
        given.fit(images, labels, validation=(images, change(labels)), epochs=1, progress=False)
    np.testing.assert_array_equal(given.network.values, before)


def test_the_first_unknown_name_is_told_with_what_to_set(data):
    images, labels = data
    given = words(labels).astype(object)
    given[[3, 9]] = "yak", "ant"
    with pytest.raises(ValueError, match=r"hold 'yak', .* network\.classes has 'cat, dog, fox': set it to all names"):
        trained(images, given)
    with pytest.raises(ValueError, match=r"hold 4, which is no class; network\.classes has '5, 6, 7'"):
        trained(images, labels + 4, ("5", "6", "7"))


# Pictures.


@pytest.mark.parametrize("make", [np.ascontiguousarray, lambda last: last, lambda last: last / np.float32(255)])
def test_channels_last_train_as_channels_first_do(data, make):
    images, labels = data
    last = make(images.transpose(0, 2, 3, 1))
    first = np.ascontiguousarray(last.transpose(0, 3, 1, 2))
    expected = trained(first, labels, validation=(first[:5], labels[:5]))
    found = trained(last, labels, layout="NHWC", validation=(last[:5], labels[:5]))
    np.testing.assert_array_equal(found, expected)
    flat = trained(last.reshape(20, -1), labels, layout="NHWC", validation=(last[:5], labels[:5]))
    np.testing.assert_array_equal(flat, expected)
    one, two = (Trainer(network(), optim.Adam(0.01)) for _ in range(2))
    assert one.step(first, labels) == two.step(last, labels, layout="NHWC")


def test_a_network_is_asked_in_the_same_layouts(data):
    images, _ = data
    given, last = network(), images.transpose(0, 2, 3, 1)
    for call in (given.forward, given.predict_proba):
        np.testing.assert_array_equal(call(last, layout="NHWC"), call(images))
        with pytest.raises(ValueError, match="images must have the shape"):
            call(last)
        with pytest.raises(ValueError, match="layout must be 'NCHW' or 'NHWC', not 'CHWN'"):
            call(images, layout="CHWN")


def test_pictures_of_one_channel_need_no_axis_for_it(data):
    images, labels = data
    expected = trained(images[:, :1], labels, shape=(1, 4, 5))
    for layout in ("NCHW", "NHWC"):
        np.testing.assert_array_equal(trained(images[:, 0], labels, shape=(1, 4, 5), layout=layout), expected)


def test_the_layout_is_told_and_never_guessed(data):
    images, labels = data
    last = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    with pytest.raises(ValueError, match=r"shape \(N, 2, 4, 5\), N at least 1, not \(20, 4, 5, 2\); layout='NHWC' tak"):
        trained(last, labels)
    with pytest.raises(ValueError, match=r"shape \(N, 4, 5, 2\), .* not \(20, 2, 4, 5\); layout='NCHW' takes these"):
        trained(images, labels, layout="NHWC")
    with pytest.raises(ValueError, match="layout must be 'NCHW' or 'NHWC', not 'nhwc'"):
        trained(last, labels, layout="nhwc")
    with pytest.raises(ValueError, match="images must be of shape"):
        trained(images[:, 0], labels)  # of two channels


def test_a_training_resumes_in_another_layout_and_with_names(data, tmp_path):
    images, labels = data
    path = tmp_path / "state"
    whole = trained(images, labels)
    trained(images, labels, checkpoint=path, callbacks=[lambda _: False])
    last = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(trained(last, words(labels), layout="NHWC", resume=path), whole)


def test_one_output_cannot_learn_several_classes(data):
    """As somebody expects who comes from a sigmoid."""
    images, labels = data[0], np.arange(20) % 2
    given = Trainer(Sequential([Flatten(), Affine(1)], input_shape=(2, 4, 5), seed=0), optim.Adam(0.01))
    for ask in (given.step, lambda *pair: given.fit(*pair, epochs=1, progress=False)):
        with pytest.raises(ValueError, match=r"has one output; .* BinaryCrossEntropy or MeanSquaredError") as caught:
            ask(images, labels)
        assert len(str(caught.value)) <= 200
