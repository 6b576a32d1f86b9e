"""Temperature: found where it is known, kept in the file, and without a say in the answers. Views: read, and kept."""

import numpy as np
import pytest

from fastcnn import load_network
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, Flatten
from fastcnn.metrics import expected_calibration_error
from fastcnn.network import calibration
from fastcnn.network.calibration import calibrated, calibrated_until_sure, fit_temperature
from fastcnn.network.losses import softmax
from fastcnn.network.sequential import Sequential
from fastcnn.storage import read_arrays, write_arrays
from tests.kernels.checks import running


@pytest.fixture
def network():
    made = Sequential([Flatten(), Affine(10)], seed=0)
    made.temperature = 2.5
    return made


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_known_temperature_is_found(temperature, rng):
    """Labels drawn from the probabilities that the logits have at this temperature."""
    logits = rng.normal(0, 2 * temperature, (25_000, 10))
    probabilities = softmax(logits / temperature)
    labels = (probabilities.cumsum(axis=1) > rng.random((25_000, 1))).argmax(axis=1)
    found = fit_temperature(logits[np.newaxis], labels)
    assert found == pytest.approx(temperature, rel=0.03)
    after = softmax(logits / found)
    assert expected_calibration_error(after.max(axis=1), after.argmax(axis=1) == labels) < 0.01


def test_all_right_or_all_wrong_has_a_finite_temperature():
    logits = np.eye(10)[np.newaxis]
    assert np.isfinite(fit_temperature(logits, np.arange(10)))
    assert np.isfinite(fit_temperature(logits, (np.arange(10) + 1) % 10))


def test_temperature_softens_and_keeps_the_answers(network, rng):
    images = rng.random((20, 1, 28, 28), np.float32)
    plain, soft = network.predict_proba(images), calibrated(network, images)
    np.testing.assert_array_equal(plain.argmax(axis=1), soft.argmax(axis=1))
    np.testing.assert_allclose(soft, softmax(network.forward(images) / np.float32(2.5)), rtol=1e-6)
    assert (soft.max(axis=1) < plain.max(axis=1)).all()


def test_five_views_are_read_and_the_mean_is_taken(rng):
    """Of a network that gives the pixels themselves."""
    network = Sequential([Flatten(), Affine(9)], input_shape=(1, 3, 3), dtype=np.float64, views=5)
    network.load_state_arrays({"1.weight": np.eye(9), "1.bias": np.zeros(9)})
    network.temperature = 2.0
    image = np.arange(1.0, 10).reshape(3, 3)
    moved = [
        image,
        np.array([[0, 0, 0], [1, 2, 3], [4, 5, 6]]),
        np.array([[4, 5, 6], [7, 8, 9], [0, 0, 0]]),
        np.array([[0, 1, 2], [0, 4, 5], [0, 7, 8]]),
        np.array([[2, 3, 0], [5, 6, 0], [8, 9, 0]]),
    ]
    expected = np.mean([np.exp(each.ravel() / 2) / np.exp(each.ravel() / 2).sum() for each in moved], axis=0)
    with running("reference"):
        np.testing.assert_allclose(calibrated(network, image[np.newaxis, np.newaxis]), [expected], rtol=1e-12)


def test_only_pictures_that_are_not_sure_at_first_are_asked_five_times():
    """Of a network that gives the pixels themselves: 8 and eight 0s are sure to 0.997, 1 to 9 are not."""
    network = Sequential([Flatten(), Affine(9)], input_shape=(1, 3, 3), dtype=np.float64, views=5)
    network.load_state_arrays({"1.weight": np.eye(9), "1.bias": np.zeros(9)})
    images = np.stack([8 * np.eye(9)[4].reshape(3, 3), np.arange(1.0, 10).reshape(3, 3)])[:, np.newaxis]
    with running("reference"):
        found, second = calibrated_until_sure(network, images, 0.99), calibrated(network, images[1:])[0]
    top = np.exp(8) / (np.exp(8) + 8)
    np.testing.assert_allclose(found[0], np.where(np.arange(9) == 4, top, (1 - top) / 8), rtol=1e-12)
    np.testing.assert_array_equal(found[1], second)
    assert abs(found[1] - softmax(images[1].reshape(1, 9))[0]).max() > 0.1


def test_views_of_many_pictures_are_read_in_parts(monkeypatch, rng):
    network = Sequential([Flatten(), Affine(10)], seed=0, views=5)
    images = rng.random((7, 1, 28, 28), np.float32)
    expected = calibrated(network, images)
    monkeypatch.setattr(calibration, "CHUNK", 3)
    read, forward = [], network.forward
    monkeypatch.setattr(network, "forward", lambda some: read.append(len(some)) or forward(some))
    np.testing.assert_array_equal(calibrated(network, images), expected)
    assert read == [15, 15, 5]
    assert calibrated(network, images[:0]).shape == (0, 10)


def test_temperature_of_views_is_that_of_their_mean(rng):
    logits = rng.normal(0, 4, (2000, 10))
    labels = logits.argmax(axis=1)
    labels[:400] = (labels[:400] + 1) % 10
    views = np.stack([logits, logits])
    assert fit_temperature(views, labels) == fit_temperature(logits[np.newaxis], labels)
    sharper = np.stack([logits, 2 * logits])
    found = fit_temperature(sharper, labels)
    losses = [
        -np.log((softmax(logits / t) + softmax(2 * logits / t))[np.arange(2000), labels] / 2).mean()
        for t in (0.97 * found, found, 1.03 * found)
    ]
    assert losses[1] < losses[0] and losses[1] < losses[2]


def test_views_are_saved_and_copied(tmp_path):
    network = Sequential([Flatten(), Affine(10)], seed=0, views=5)
    network.save(tmp_path / "network.safetensors")
    assert load_network(tmp_path / "network.safetensors").views == network.copy().views == 5
    assert "views" not in Sequential([Flatten(), Affine(10)], seed=0).describe()  # the files are what they were


@pytest.mark.parametrize(("views", "error"), [(4, ValueError), (0, ValueError), (1.0, TypeError), ("5", TypeError)])
def test_impossible_views_are_refused(views, error):
    with pytest.raises(error, match="views"):
        Sequential([Flatten(), Affine(10)], views=views)
    network = Sequential([Flatten(), Affine(10)])
    with pytest.raises(error, match="views"):
        network.views = views


@pytest.mark.parametrize("images", [np.zeros((28, 28)), [[0]], np.zeros((3, 28, 28)), np.zeros((2, 1, 28, 27)), None])
def test_wrong_pictures_are_refused_alike_with_one_view_and_five(images):
    messages = []
    for views in (1, 5):
        with pytest.raises((TypeError, ValueError), match="images must") as error:
            calibrated(Sequential([Flatten(), Affine(10)], views=views), images)
        messages.append(str(error.value))
    assert messages[0] == messages[1]


def test_temperature_is_saved_and_copied(network, tmp_path):
    network.save(tmp_path / "network.safetensors")
    assert load_network(tmp_path / "network.safetensors").temperature == 2.5
    assert network.copy().temperature == 2.5


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "warm"])
def test_impossible_temperature_is_refused(network, tmp_path, text):
    path = tmp_path / "network.safetensors"
    network.save(path)
    arrays, metadata = read_arrays(path)
    write_arrays(path, arrays, {**metadata, "temperature": text})
    with pytest.raises(FastcnnError, match="no network that fastcnn knows"):
        load_network(path)
