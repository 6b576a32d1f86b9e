"""The preparation of pictures: geometry, polarity, and pictures that hold no ink."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fastcnn import preprocess
from fastcnn.preprocess import prepare


@pytest.fixture(scope="module")
def mnist_digits():
    from fastcnn import load_mnist

    return load_mnist(normalize=False)[0][0][:1000, 0]


def canvas(width, height, box, ink=0, paper=255):
    """An ellipse in a box."""
    image = Image.new("L", (width, height), paper)
    ImageDraw.Draw(image).ellipse(box, outline=ink, width=max(2, (box[2] - box[0]) // 8))
    return image


def centre_of_mass(field):
    rows, columns = np.indices(field.shape)
    return (field * rows).sum() / field.sum(), (field * columns).sum() / field.sum()


def extent(field):
    rows, columns = np.flatnonzero(field.any(axis=1)), np.flatnonzero(field.any(axis=0))
    return rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


def test_mnist_passes_through(mnist_digits):
    differences = np.array([np.abs(prepare(digit) - digit / np.float32(digit.max())).max() for digit in mnist_digits])
    # A row or column fainter than the threshold may be left out; nothing else may change.
    assert (differences < preprocess.INK_SHARE).mean() >= 0.998
    assert np.median(differences) < 1e-6


def test_inverted_mnist_passes_through(mnist_digits):
    for digit in mnist_digits[:100]:
        np.testing.assert_array_equal(prepare(255 - digit), prepare(digit))


@pytest.mark.parametrize(
    "shape", [(400, 300, (150, 90, 220, 250)), (61, 97, (3, 3, 40, 90)), (2000, 1500, (1, 1, 90, 120))]
)
def test_ink_fills_the_box_and_is_centred(shape):
    width, height, box = shape
    field = prepare(canvas(width, height, box))
    assert field.shape == (28, 28)
    assert field.dtype == np.float32
    assert max(extent(field)) == preprocess.BOX_PX
    assert field.min() == 0
    assert field.max() == 1
    assert centre_of_mass(field) == pytest.approx((14, 14), abs=0.5 + 1e-3)


def test_aspect_is_kept():
    height, width = extent(prepare(canvas(300, 300, (100, 50, 160, 250))))
    assert height == 20
    assert width == pytest.approx(20 * 61 / 201, abs=1)


def test_place_and_polarity_do_not_matter():
    here = prepare(canvas(200, 200, (10, 20, 60, 120)))
    there = prepare(canvas(300, 260, (200, 120, 250, 220)))
    light = prepare(canvas(200, 200, (10, 20, 60, 120), ink=255, paper=0))
    np.testing.assert_array_equal(here, there)
    np.testing.assert_array_equal(here, light)


def test_faint_ink_is_brought_to_full_strength():
    field = prepare(canvas(100, 100, (20, 20, 60, 80), ink=180, paper=230))
    assert field.max() == 1


def test_thin_stroke_on_a_large_canvas_stays_whole_and_full():
    image = Image.new("L", (1500, 1500), 255)
    ImageDraw.Draw(image).line((700, 200, 900, 1300), fill=0, width=3)
    field = prepare(image)
    assert field.max() == 1
    assert (field.max(axis=1) > 0.3).sum() == 20


def test_stroke_off_the_edge_does_not_turn_polarity():
    image = Image.new("L", (100, 100), 255)
    ImageDraw.Draw(image).line((50, 0, 50, 99), fill=0, width=9)
    assert prepare(image).mean() < 0.5


@pytest.mark.parametrize("value", [0, 100, 255])
def test_blank_is_none(value):
    assert prepare(np.full((50, 40), value, np.uint8)) is None


def test_noise_on_paper_is_blank(rng):
    assert prepare((240 + rng.integers(-8, 9, (80, 80))).astype(np.uint8)) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 2), (3, 500)])
def test_smallest_pictures(shape, rng):
    field = prepare(rng.integers(0, 256, shape).astype(np.uint8))
    assert field is None or (field.shape == (28, 28) and np.isfinite(field).all())


def test_input_is_not_modified(mnist_digits):
    digit = mnist_digits[0].copy()
    prepare(digit)
    np.testing.assert_array_equal(digit, mnist_digits[0])
