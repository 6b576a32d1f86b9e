"""Fixed mean and scale of each channel. All backends, files and gradients: tests/fastcnn/layers/test_own_layers.py."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import Sequential, layers, load_network
from fastcnn.kernels.cpu.steps import base
from tests.kernels.checks import running


class Own(layers.Normalize):
    """The same numbers, without the step."""


@pytest.mark.parametrize(("backend", "dtype"), [("cpu", np.float32), ("reference", np.float64)])
def test_values_by_hand(backend, dtype):
    """Bytes are divided by 255 first: 51 becomes (0.2 - 0.2) / 0.4 = 0, and 255 (1 - 0.2) / 0.4 = 2."""
    with running(backend):
        made = [layers.Normalize([0.2, 0.5], [0.4, 0.25]), layers.GlobalAvgPool()]
        network = Sequential(made, input_shape=(2, 1, 1), seed=0, dtype=dtype)
        images = np.array([[51, 0], [255, 255]], np.uint8).reshape(2, 2, 1, 1)
        np.testing.assert_allclose(network.forward(images), [[0, -2], [2, 2]], rtol=0, atol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize("backend", [pytest.param("cpu", marks=pytest.mark.slow), "reference"])
def test_a_network_reads_what_another_reads_of_normalized_pictures(backend, rng):
    def rest():
        return [layers.Conv2d(4, 3, padding=1), layers.ReLU(), layers.MaxPool2d(2), layers.Flatten(), layers.Affine(3)]

    images, labels = rng.integers(0, 256, (5, 2, 6, 6), dtype=np.uint8), np.array([0, 1, 2, 1, 0])
    mean, scale = np.array([0.3, 0.6]), np.array([0.2, 0.3])
    ready = (images / 255 - mean[:, None, None]) / scale[:, None, None]
    with running(backend):
        own = Sequential(
            [layers.Normalize(mean.tolist(), scale.tolist()), *rest()], input_shape=(2, 6, 6), seed=0, dtype=np.float64
        )
        bare = Sequential(rest(), input_shape=(2, 6, 6), seed=0, dtype=np.float64)
        losses = own.loss_and_gradients(images, labels), bare.loss_and_gradients(ready, labels)
        assert losses[0] == pytest.approx(losses[1], abs=1e-12)
        np.testing.assert_allclose(own.gradients, bare.gradients, rtol=0, atol=1e-12)
        np.testing.assert_allclose(own.forward(images), bare.forward(ready), rtol=0, atol=1e-12)


def test_the_numbers_are_in_the_file_to_the_bit(tmp_path):
    mean, scale = [0.1307, 1 / 3], [0.3081, 2 / 7]
    made = [layers.Normalize(mean, scale), layers.GlobalAvgPool()]
    Sequential(made, input_shape=(2, 3, 3), seed=0).save(tmp_path / "n")
    (layer, _) = load_network(tmp_path / "n").layers
    assert (layer.mean, layer.scale) == (mean, scale)


@pytest.mark.parametrize(
    ("mean", "scale", "words"),
    [
        ([0.1], [0.0], "scale must be greater than 0"),
        ([float("nan")], [1.0], "mean must be finite"),
        ([0.1, 0.2], [1.0], "equally long"),
        ([], [], "mean must be a list"),
        (0.1, 1.0, "mean must be a list"),
    ],
)
def test_wrong_numbers(mean, scale, words):
    with pytest.raises((TypeError, ValueError), match=words):
        layers.Normalize(mean, scale)


def test_it_needs_pictures_of_its_channels():
    with pytest.raises(ValueError, match="2 means, but pictures of 3 channels"):
        Sequential([layers.Normalize([0, 0], [1, 1]), layers.GlobalAvgPool()], input_shape=(3, 4, 4), seed=0)
    with pytest.raises(ValueError, match="it needs pictures"):
        Sequential([layers.Flatten(), layers.Normalize([0], [1]), layers.Affine(2)], input_shape=(1, 4, 4), seed=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_step_gives_the_bits_of_the_layer(dtype, rng, monkeypatch):
    """Before a convolution with a border, and after one; a subclass runs by the methods of the layer."""
    monkeypatch.setattr(base, "PARALLEL_COPIES", 1)
    images, labels = rng.integers(0, 256, (5, 2, 7, 5), dtype=np.uint8), np.array([0, 1, 2, 1, 0])
    found = []
    for kind in (layers.Normalize, Own):
        made = [
            *(kind([0.1307, 1 / 3], [0.3081, 2 / 7]), layers.Conv2d(3, 3, padding=1)),
            *(kind([0.1, -0.2, 0.3], [2.0, 0.3, 1.1]), layers.Conv2d(2, 3, padding=2), layers.GlobalAvgPool()),
            layers.Affine(3),
        ]
        with running("cpu"):
            network = Sequential(made, input_shape=(2, 7, 5), seed=0, dtype=dtype)
            network.loss_and_gradients(images, labels)
            assert ("normalize" in network.plan()) == (kind is layers.Normalize)
            found.append(network.gradients.tobytes() + network.forward(images).tobytes())
    assert found[0] == found[1]
