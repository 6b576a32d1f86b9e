"""Digits cropped tightly to their ink: ink may cover most of the border, and strokes go from edge to edge."""

import numpy as np
import pytest
from PIL import Image

from fastcnn import Recognizer, load_mnist


@pytest.fixture(scope="module")
def tight():
    """Digits of MNIST's training set without any margin, written with a pen thicker by a pixel."""
    (images, labels), _ = load_mnist(normalize=False)
    pictures = []
    for image in images[:150, 0]:
        rows, columns = np.nonzero(image >= 64)
        ink = np.pad(image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1], 1)
        pictures.append(np.max([ink[1:, 1:], ink[:-1, 1:], ink[1:, :-1], ink[:-1, :-1]], axis=0)[:-1, :-1])
    return pictures, labels[:150]


def test_digits_whose_ink_covers_the_border_are_read(tight):
    answers = Recognizer().recognize_many(tight[0])
    assert sum(a.digit == label for a, label in zip(answers, tight[1], strict=True)) >= 0.97 * len(answers)


def test_a_stroke_from_edge_to_edge_is_no_rule():
    (images, labels), _ = load_mnist(normalize=False)
    pictures = []
    for image in images[:80, 0]:
        large = np.asarray(Image.fromarray(image).resize((224, 224), Image.Resampling.BILINEAR))
        rows, columns = np.nonzero(large >= 64)
        pictures.append(large[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])
    answers = Recognizer().recognize_many(pictures)
    assert sum(a.digit == label for a, label in zip(answers, labels, strict=False)) >= 0.97 * len(answers)
