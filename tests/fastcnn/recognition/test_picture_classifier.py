"""A picture is prepared as the training prepared it: no digit is looked for, no contrast stretched."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fastcnn import Recognizer, Sequential, layers, paper_network
from fastcnn.data import load_data
from fastcnn.errors import FastcnnError
from fastcnn.recognition.picture_classifier import PictureClassifier


@pytest.fixture
def network():
    """Answers "red" where the mean of the red channel is above that of the blue one, else "blue"."""
    made = Sequential(
        [layers.GlobalAvgPool(), layers.Affine(2)], input_shape=(3, 4, 6), seed=0, classes=("red", "blue"),
        preparation="resize",
    )  # fmt: skip
    made.parameters["1.weight"].assign(np.array([[1.0, -1.0], [0.0, 0.0], [-1.0, 1.0]]) * 10)
    return made


def test_the_answer_has_the_name_of_the_class(network):
    classifier = PictureClassifier(network)
    red, blue = Image.new("RGB", (50, 20), (255, 0, 0)), np.full((9, 9, 3), (0, 0, 255), np.uint8)
    first, second = classifier.classify_many([red, blue])
    assert (first.label, first.index, second.label, second.index) == ("red", 0, "blue", 1)
    # Logits of 10 and -10.
    assert first.confidence == pytest.approx(1 / (1 + np.exp(-20)), abs=1e-6)
    assert first.probabilities.shape == (2,) and first.probabilities.sum() == pytest.approx(1)
    assert first.input.shape == (3, 4, 6) and (first.input[0] == 255).all() and (first.input[1:] == 0).all()
    assert classifier.classify_many([]) == []


def test_a_file_is_prepared_as_in_the_training(network, tmp_path, rng):
    for name in ("red", "blue"):
        (tmp_path / name).mkdir()
        pixels = rng.integers(0, 256, (40, 31, 4), dtype=np.uint8)  # with transparent parts
        Image.fromarray(pixels).save(tmp_path / name / "1.png")
    trained_on = load_data(tmp_path, shape=network.input_shape)
    with Image.open(tmp_path / "red" / "1.png") as picture:
        seen = PictureClassifier(network).classify(picture).input
    assert (seen == trained_on.images[1]).all()  # blue comes first


def test_from_a_file_of_weights(network, tmp_path):
    network.save(tmp_path / "n.safetensors")
    assert PictureClassifier(tmp_path / "n.safetensors").classes == ("red", "blue")


def test_a_network_for_digits_is_refused(tmp_path):
    for model in ("paper", paper_network(seed=0)):
        with pytest.raises(FastcnnError, match="does not say how pictures are prepared"):
            PictureClassifier(model)


def test_a_recognizer_refuses_a_network_of_other_pictures(network):
    with pytest.raises(FastcnnError, match="digits need"):
        Recognizer(network)


def test_copies_and_files_keep_the_preparation(network):
    assert network.copy().preparation == "resize"
    assert Sequential.from_description(network.describe()).preparation == "resize"
