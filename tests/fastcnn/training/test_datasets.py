"""Pictures that are not in memory: they train to the bits of arrays, and are held to their word."""

import tracemalloc

import numpy as np
import pytest

import fastcnn
from fastcnn import Sequential, Trainer, losses, optim
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, Flatten, ReLU
from fastcnn.training.augment import Augmentation
from fastcnn.training.datasets import FEW, PART

COUNT = 90


def network():
    return Sequential([Flatten(), Affine(8), ReLU(), Affine(3)], input_shape=(1, 8, 9), seed=0)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (COUNT, 1, 8, 9), np.uint8), rng.integers(0, 3, COUNT)


def fit(source, **options):
    settings = {name: options.pop(name) for name in ("augmentation", "loss", "ema_decay") if name in options}
    given = Trainer(network(), optim.Adam(0.01), **settings)
    history = given.fit(
        *source, **{"epochs": 3, "batch_size": 20, "validation": 30, "seed": 3, "progress": False, **options}
    )
    return given.network.values, [
        (epoch.loss, epoch.validation_loss, epoch.validation_accuracy) for epoch in history.epochs
    ]


def assert_same(found, expected):
    np.testing.assert_array_equal(found[0], expected[0])
    assert found[1] == expected[1]


class Numbered:
    """The arrays as a dataset; notes what it was asked for."""

    def __init__(self, images, labels, *weights, change=None):
        self.arrays, self.change, self.asked = (images, labels, *weights), change, []

    def __len__(self):
        return len(self.arrays[0])

    def batch(self, indices):
        assert indices.dtype == np.int64
        self.asked.append(indices.copy())
        batch = [array[indices] for array in self.arrays]
        return tuple(batch) if self.change is None else self.change(len(self.asked), batch)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_dataset_of_floats_is_changed_as_its_arrays_are(data, dtype):
    floats, options = ((data[0] / 255).astype(dtype), data[1]), {"augmentation": Augmentation()}
    assert_same(fit([Numbered(*floats)], **options), fit(floats, **options))
    assert not np.array_equal(fit(floats, **options)[0], fit(floats)[0])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"validation": 0},
        {"validation": 0.5},
        {"augmentation": Augmentation(), "ema_decay": 0.9},
        {"class_weight": {"1": 3}, "patience": 2},
        {"keep_last": True, "batch_size": 1000},
    ],
)
def test_a_dataset_trains_to_the_bits_of_its_arrays(data, options):
    assert_same(fit([Numbered(*data)], **options), fit(data, **options))


def test_each_picture_is_asked_for_once_an_epoch(data):
    dataset = Numbered(*data)
    fit([dataset], epochs=2, validation=0)
    asked = np.concatenate(dataset.asked)[min(FEW, COUNT) :]
    np.testing.assert_array_equal(np.sort(asked), np.repeat(np.arange(COUNT), 2))


def test_validation_of_a_dataset_comes_in_parts(data):
    images, labels = (np.resize(array, (PART + 50, *array.shape[1:])) for array in data)
    dataset = Numbered(images, labels)
    expected = fit(data, validation=(images, labels), epochs=1)
    assert_same(fit(data, validation=dataset, epochs=1), expected)
    assert [len(each) for each in dataset.asked] == [FEW, PART, 50]


def test_labels_and_layouts_of_a_dataset_are_those_of_arrays(data):
    images, labels = data
    dataset = Numbered(images.transpose(0, 2, 3, 1), labels.astype(str))
    assert_same(fit([dataset], layout="NHWC"), fit(data))


def test_weights_of_a_dataset_are_those_of_arrays(data):
    weights = np.linspace(0, 2, COUNT)
    expected = fit(data, sample_weight=weights)
    assert_same(fit([Numbered(*data, weights)]), expected)
    assert expected[0].tolist() != fit(data)[0].tolist()


@pytest.mark.parametrize("make", [lambda *data: [Numbered(*data)], lambda *data: data])
def test_a_training_resumes_to_the_same_bits(data, tmp_path, make):
    path = tmp_path / "state"
    whole = fit(make(*data))
    fit(make(*data), checkpoint=path, callbacks=[lambda epoch: epoch.epoch < 2])
    assert_same(fit(make(*data), resume=path), whole)


def test_other_data_are_known_by_length_ends_or_fingerprint(data, tmp_path):
    images, labels = data
    path = tmp_path / "state"
    fit([Numbered(*data)], epochs=1, checkpoint=path)
    for number, refused in ((0, True), (COUNT - 1, True), (FEW + 5, False)):
        other = images.copy()
        other[number, 0, 0, 0] ^= 1
        if refused:
            with pytest.raises(FastcnnError, match="was made with other training data"):
                fit([Numbered(other, labels)], epochs=1, resume=path)
        else:
            fit([Numbered(other, labels)], epochs=1, resume=path)  # what the fingerprint does not see
    with pytest.raises(FastcnnError, match="other training data"):
        fit([Numbered(images[:-1], labels[:-1])], epochs=1, resume=path)

    class Named(Numbered):
        fingerprint = "version 1"

    fit([Named(*data)], epochs=1, checkpoint=path)
    fit([Named(images[::-1], labels[::-1])], epochs=1, resume=path)
    Named.fingerprint = "version 2"
    with pytest.raises(FastcnnError, match="other training data"):
        fit([Named(*data)], epochs=1, resume=path)


# Datasets that fail.


class Raising(Numbered):
    def batch(self, indices):
        if len(self.asked) == 2:
            raise OSError("disk\ngone")
        return super().batch(indices)


def changed(change):
    """From the second batch of the training on."""
    return lambda data: Numbered(*data, change=lambda number, batch: batch if number < 3 else change(*batch))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda data: Raising(*data), "raised OSError: disk gone"),
        (changed(lambda images, labels: (images[:-1], labels[:-1])), "it gave 19 pictures"),
        (changed(lambda images, labels: (images[:, :, 1:], labels)), r"images must be of shape \(N, 1, 8, 9\)"),
        (changed(lambda images, labels: (images / 255, labels)), "it gave float64 pictures without weights, and uint8"),
        (changed(lambda images, labels: (images.astype(int), labels)), "images must be a uint8, float32 or float64"),
        (changed(lambda images, labels: (images, labels + 3)), "labels must lie in 0 to 2, but range from 3 to"),
        (changed(lambda images, labels: (images, labels / 2)), "labels must be an integer array, not float64"),
        (changed(lambda images, labels: (images, labels[:-1])), r"labels must have the shape \(20,\)"),
        (changed(lambda images, labels: images), r"must give \(images, labels\), not an array of shape"),
        (changed(lambda images, labels: (images, labels, np.ones(20))), "it gave uint8 pictures with weights, and"),
        (changed(lambda images, labels: None), r"must give \(images, labels\), not None"),
    ],
)
def test_a_dataset_that_fails_is_one_sentence_before_its_step(data, make, says):
    given, dataset = Trainer(network(), optim.Adam(0.01)), make(data)
    states = [given.network.values.copy()]
    with pytest.raises(FastcnnError, match=rf"^dataset\.batch of 20 indices from \d+ to \d+: .*{says}") as caught:
        given.fit(
            dataset, epochs=1, batch_size=20, validation=0, progress=False,
            on_step=lambda _: states.append(given.network.values.copy()),
        )  # fmt: skip
    assert len(str(caught.value)) <= 200
    assert len(states) == 2  # one step was right
    np.testing.assert_array_equal(given.network.values, states[-1])


def test_numbers_that_are_none_are_told_before_their_step(data):
    images, labels = data[0] / np.float32(255), data[1]
    images[70] = np.nan
    dataset, steps = Numbered(images, labels), []
    with pytest.raises(
        FastcnnError, match=r"dataset\.batch of 20 indices from \d+ to \d+: images hold NaN, first in pict"
    ):
        fit([dataset], validation=0, on_step=steps.append)
    assert 70 in dataset.asked[-1]
    assert len(steps) == len(dataset.asked) - 2  # the first read was for the dtype, the last failed


class Long(Numbered):
    def __init__(self, data, length):
        super().__init__(*data)
        self.length = length

    def __len__(self):
        return self.length


def test_a_length_that_is_a_lie_is_told(data):
    with pytest.raises(FastcnnError, match=r"dataset\.batch of \d+ indices from \d+ to \d+: raised IndexError: index"):
        fit([Long(data, COUNT + 40)], validation=0)
    with pytest.raises(FastcnnError, match=r"^len\(dataset\) must be a number of pictures, at least 1: "):
        fit([Long(data, 0)])


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        (lambda d: [Numbered(*d), d[1]], {}, "labels come with each batch of a Dataset; leave out what is given here"),
        (lambda d: [Numbered(*d)], {"sample_weight": np.ones(COUNT)}, "sample_weight come with each batch"),
        (lambda d: [Numbered(*d)], {"class_weight": "balanced"}, "class_weight='balanced' needs all labels at once"),
        (lambda d: [(batch for batch in [d])], {}, r"images must be a .* array or a fastcnn\.Dataset, not generator"),
        (lambda d: [d[0]], {}, "labels must be given with images that are an array"),
        (lambda d: [Numbered], {}, r"len\(dataset\) must be a number of pictures"),
    ],
)
def test_what_is_no_dataset_is_one_sentence(data, arguments, options, says):
    with pytest.raises((ValueError, TypeError), match=says) as caught:
        fit(arguments(data), **options)
    assert len(str(caught.value)) <= 200


def test_the_range_of_a_dataset_is_warned_of_once(data):
    with pytest.warns(UserWarning, match="images are float64 and range from 0 to 255") as caught:
        fit([Numbered(data[0] * 1.0, data[1])])
    assert len(caught) == 1


def test_a_dataset_of_the_protocol_is_one():
    assert isinstance(Numbered(np.zeros(1), np.zeros(1)), fastcnn.Dataset)
    assert not isinstance([1, 2], fastcnn.Dataset)


# Mapped files.


@pytest.fixture
def mapped(data, tmp_path):
    def make(images):
        path = tmp_path / "pictures.npy"
        np.save(path, images)
        return np.load(path, mmap_mode="r")

    return make


@pytest.mark.parametrize(
    "form", [lambda images: images, lambda images: images / np.float32(255), lambda images: images.reshape(COUNT, 72)]
)
def test_a_mapped_file_trains_to_the_bits_of_its_array(data, mapped, form):
    images, labels = form(data[0]), data[1]
    expected = fit((images, labels))
    assert_same(fit((mapped(images), labels)), expected)
    assert_same(fit((np.asarray(mapped(images)), labels)), expected)  # no longer a memmap by name
    assert_same(
        fit((images, labels), validation=(mapped(images), labels)), fit((images, labels), validation=(images, labels))
    )


def test_a_mapped_file_resumes_from_the_checkpoint_of_its_array(data, mapped, tmp_path):
    path = tmp_path / "state"
    whole = fit(data)
    fit(data, checkpoint=path, callbacks=[lambda epoch: epoch.epoch < 2])
    assert_same(fit((mapped(data[0]), data[1]), resume=path), whole)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_mapped_file_is_not_copied(tmp_path, dtype):
    """NumPy tells tracemalloc of its arrays: a batch and some answers, of 24 MB of pictures or four times as much."""
    count = 24_000_000 // 1024
    images = np.lib.format.open_memmap(tmp_path / "large.npy", "w+", dtype, (count, 1, 32, 32))
    given = Trainer(Sequential([Flatten(), Affine(2)], input_shape=(1, 32, 32), seed=0), optim.SGD(0.01))
    labels = np.arange(count) % 2
    given.step(images[:500], labels[:500])  # compiles
    tracemalloc.start()
    given.fit(images, labels, epochs=1, batch_size=500, validation=0.5, progress=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < images.nbytes / 2


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_of_a_mapped_file_are_checked_batch_by_batch(data, mapped, value):
    images, labels = data[0] / np.float32(255), data[1]
    images[70, 0, 0, 0] = value
    for order in ({"validation": 0}, {"validation": 80, "seed": 1}):
        with pytest.raises(ValueError, match=r"images hold (NaN|infinity), first in picture 70; give finite numbers"):
            fit((mapped(images), labels), **order)


# Numbers as targets.


def test_numbers_of_a_dataset_train_to_the_bits_of_arrays(data, rng):
    targets = rng.random((COUNT, 3))
    expected = fit((data[0], targets), loss=losses.MeanSquaredError())
    assert_same(fit([Numbered(data[0], targets)], loss=losses.MeanSquaredError()), expected)
    assert all(accuracy is None and loss > 0 for _, loss, accuracy in expected[1])
