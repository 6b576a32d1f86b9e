"""Networks for other pictures than digits: any shape, any classes, and what their files keep."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fastcnn import load_network
from fastcnn.errors import UsageError
from fastcnn.network.structure import RESIZE
from fastcnn.zoo.bundled import WEIGHTS
from fastcnn.zoo.networks import BUILDERS, deep_network, paper_network
from fastcnn.zoo.own import mean_and_scale, network_for, own_recipe, read_description

SHAPES = [(1, 28, 28), (3, 64, 64), (1, 1, 1), (1, 8, 8), (3, 2, 50), (1, 19, 40), (1, 7, 7), (4, 20, 21), (1, 5, 200)]


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_network_for_any_pictures(name, shape):
    network = BUILDERS[name](seed=0, input_shape=shape, classes=7)
    assert network.input_shape == shape and network.output_shape == (7,)
    assert network.forward(np.zeros((2, *shape), np.uint8)).shape == (2, 7)


@pytest.mark.parametrize(("name", "build"), [("paper", paper_network), ("default", deep_network)])
def test_the_networks_for_digits_are_those_that_were_trained(name, build):
    described = load_network(WEIGHTS / f"{name}.safetensors").describe()
    assert build(seed=0).describe()["layers"] == described["layers"]
    assert "preparation" not in described and "classes" not in described  # their files mean what they meant


def test_mean_and_scale_are_numpys(rng):
    images = rng.integers(0, 200, (7, 3, 5, 4), dtype=np.uint8)
    images[:, 2] = 90
    mean, scale = mean_and_scale(images)
    np.testing.assert_allclose(mean, (images / 255).mean(axis=(0, 2, 3)), rtol=0, atol=1e-6)
    np.testing.assert_allclose(scale[:2], (images[:, :2] / 255).std(axis=(0, 2, 3)), rtol=0, atol=1e-6)
    assert scale[2] == 1  # one grey level has no scale


def test_classes_preparation_and_normalization_are_in_the_file(tmp_path, rng):
    images = rng.integers(0, 256, (6, 3, 9, 8), dtype=np.uint8)
    network_for(images, ["cat", "dog"], "paper", seed=3).save(tmp_path / "n")
    network = load_network(tmp_path / "n")
    assert network.classes == ("cat", "dog") and network.preparation == RESIZE == "resize"
    assert network.input_shape == (3, 9, 8)
    assert (network.layers[0].mean, network.layers[0].scale) == mean_and_scale(images)


def test_the_same_seed_gives_the_same_weights_as_without_normalization(rng):
    images = rng.integers(0, 256, (6, 1, 28, 28), dtype=np.uint8)
    assert (network_for(images, [*"0123456789"], "paper", seed=3).values == paper_network(seed=3).values).all()


def test_a_description_is_taken_as_it_is(rng):
    images = rng.integers(0, 256, (6, 1, 4, 4), dtype=np.uint8)
    layers = [{"type": "Flatten"}, {"type": "Affine", "out_features": 2}]
    network = network_for(images, ["a", "b"], {"layers": layers}, seed=0)
    assert [type(layer).__name__ for layer in network.layers] == ["Flatten", "Affine"]
    assert network.classes == ("a", "b") and network.preparation == "resize"
    with pytest.raises(ValueError, match="2 outputs, but there are 3 classes"):
        network_for(images, ["a", "b", "c"], {"layers": layers})
    with pytest.raises(ValueError, match="takes pictures of"):
        network_for(images, ["a", "b"], {"layers": layers, "input_shape": [1, 5, 5]})
    with pytest.raises(UsageError, match="there is no network 'lenet'; choose default, paper"):
        network_for(images, ["a", "b"], "lenet")


def test_a_description_in_a_file(tmp_path):
    path = tmp_path / "net.json"
    path.write_text(json.dumps(paper_network(seed=0).describe()))
    assert read_description(path) == json.loads(path.read_text())
    path.write_text('{"layers": []}')
    assert read_description(path) == {"name": "net", "layers": []}
    for text, words in (
        ("{", "is no JSON"),
        ("[" * 10**6, "is no JSON"),
        ("[]", "describes no network"),
        ('{"layers": 3}', "describes no network"),
        ('{"layers": [], "input_shape": [1, 2]}', "must have"),
    ):
        path.write_text(text)
        with pytest.raises(UsageError, match=words):
            read_description(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_description(tmp_path / "nowhere.json")


@pytest.mark.parametrize("preparation", ["digits", 1])
def test_an_unknown_preparation_is_refused(preparation):
    network = paper_network(seed=0)
    with pytest.raises((TypeError, ValueError), match="preparation must be 'resize' or None"):
        type(network).from_description({**network.describe(), "preparation": preparation})


def test_a_small_set_is_seen_more_often():
    few, many = own_recipe(300), own_recipe(60_000)
    assert (few.epochs, few.batch_size) == (60, 32) and (many.epochs, many.batch_size) == (12, 100)
    assert few.augmentation is None and own_recipe(300, augment=True).augmentation is not None
