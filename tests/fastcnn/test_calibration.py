"""Temperature: found where it is known, kept in the weights' file, and without a say in the answers."""

import numpy as np
import pytest

from fastcnn import load_network
from fastcnn.calibration import calibrated, fit_temperature
from fastcnn.errors import FastcnnError
from fastcnn.files import read_arrays, write_arrays
from fastcnn.layers import Affine, Flatten
from fastcnn.losses import softmax
from fastcnn.metrics import expected_calibration_error
from fastcnn.model import Sequential


@pytest.fixture
def network():
    made = Sequential([Flatten(), Affine(10)], seed=0)
    made.temperature = 2.5
    return made


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_known_temperature_is_found(temperature, rng):
    """Labels drawn from the probabilities that the logits have at this temperature."""
    logits = rng.normal(0, 2 * temperature, (40_000, 10))
    probabilities = softmax(logits / temperature)
    labels = (probabilities.cumsum(axis=1) > rng.random((40_000, 1))).argmax(axis=1)
    found = fit_temperature(logits, labels)
    assert found == pytest.approx(temperature, rel=0.03)
    after = softmax(logits / found)
    assert expected_calibration_error(after.max(axis=1), after.argmax(axis=1) == labels) < 0.01


def test_all_right_or_all_wrong_has_a_finite_temperature():
    logits = np.eye(10)
    assert np.isfinite(fit_temperature(logits, np.arange(10)))
    assert np.isfinite(fit_temperature(logits, (np.arange(10) + 1) % 10))


def test_temperature_softens_and_keeps_the_answers(network, rng):
    images = rng.random((20, 1, 28, 28), np.float32)
    plain, soft = network.predict_proba(images), calibrated(network, images)
    np.testing.assert_array_equal(plain.argmax(axis=1), soft.argmax(axis=1))
    np.testing.assert_allclose(soft, softmax(network.forward(images) / np.float32(2.5)), rtol=1e-6)
    assert (soft.max(axis=1) < plain.max(axis=1)).all()


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
