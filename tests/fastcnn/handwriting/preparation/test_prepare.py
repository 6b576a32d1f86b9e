"""The preparation of pictures: geometry, polarity, and pictures that hold no ink."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from fastcnn.handwriting.drawings import Pose, draw
from fastcnn.handwriting.preparation import prepare as preprocess
from fastcnn.handwriting.preparation.prepare import prepare


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
    """Rows and columns between the edges of the ink, where it is half black."""
    inked = field >= 0.5
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
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
    assert max(extent(field)) == pytest.approx(preprocess.BOX_PX, abs=1)
    assert field.min() == 0
    assert field.max() == 1
    assert centre_of_mass(field) == pytest.approx((14, 14), abs=0.5 + 1e-3)


def test_aspect_is_kept():
    height, width = extent(prepare(canvas(300, 300, (100, 50, 160, 250))))
    assert height == pytest.approx(20, abs=1)
    pen = max(2, 60 // 8)  # of `canvas`; the line in its middle keeps its shape, and a stroke is STROKE_PX wide again
    line = (61 - pen) / (201 - pen) * (20 - preprocess.STROKE_PX)
    assert width == pytest.approx(line + preprocess.STROKE_PX, abs=1)


def test_place_and_polarity_do_not_matter():
    here = prepare(canvas(200, 200, (10, 20, 60, 120)))
    there = prepare(canvas(300, 260, (200, 120, 250, 220)))
    light = prepare(canvas(200, 200, (10, 20, 60, 120), ink=255, paper=0))
    np.testing.assert_allclose(here, there, atol=1e-5)
    np.testing.assert_allclose(here, light, atol=1e-5)


def test_faint_ink_is_brought_to_full_strength():
    field = prepare(canvas(100, 100, (20, 20, 60, 80), ink=180, paper=230))
    assert field.max() == 1


def test_thin_stroke_on_a_large_canvas_stays_whole_and_full():
    image = Image.new("L", (1500, 1500), 255)
    ImageDraw.Draw(image).line((700, 200, 900, 1300), fill=0, width=3)
    field = prepare(image)
    assert field.max() == 1
    assert (field.max(axis=1) > 0.3).sum() == pytest.approx(20, abs=1)


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


# A 2 and a 4 as someone wrote them, in two units.
TWO = [np.array([(2, 3), (4, 1), (7, 2), (7, 4), (2, 10), (4, 9), (8, 10)], float)]
FOUR = [np.array([(30, 0), (0, 60), (70, 60)], float), np.array([(55, 20), (45, 100)], float)]


@pytest.mark.parametrize("strokes", [TWO, FOUR])
@pytest.mark.parametrize(
    "pose",
    [
        Pose(0.15, 6, 0, 0),
        Pose(0.15, 10, 1, 0.3),
        Pose(0.3, 6, 0.9, 0.1),
        Pose(0.5, 30, 0, 1),
        Pose(0.95, 6, 0.5, 0.5),
        Pose(0.95, 40, 1, 1),
    ],
    ids=str,
)
def test_size_place_and_pen_hardly_matter(strokes, pose):
    expected = prepare(draw(strokes, Pose(0.6, 20, 0.5, 0.5)))
    found = prepare(draw(strokes, pose))
    # Measured: at most 0.024 and at least 0.970, with pens of one width 0.020 to 0.104 and 0.62 to 0.98.
    assert np.abs(found - expected).mean() < 0.03
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.965


def test_specks_are_left_out():
    clean = draw(FOUR, Pose(0.5, 20, 0.5, 0.5))
    dirty = clean.copy()
    dirty[5:10, 3:8] = 255
    dirty[270:274, 250:256] = 200
    np.testing.assert_allclose(prepare(dirty), prepare(clean), atol=1e-6)


def test_shaded_and_textured_paper_is_taken_away(rng):
    ink = draw(FOUR, Pose(0.6, 20, 0.4, 0.5)).astype(float) / 255
    rows, columns = np.indices(ink.shape)
    paper = 150 + 0.2 * rows + 0.15 * columns + rng.normal(0, 3, ink.shape)
    photo = np.clip(paper * (1 - 0.7 * ink), 0, 255).astype(np.uint8)
    expected = prepare(draw(FOUR, Pose(0.6, 20, 0.4, 0.5)))
    assert np.corrcoef(prepare(photo).ravel(), expected.ravel())[0, 1] > 0.95


def test_blot_does_not_thin_the_rest_away():
    picture = draw(TWO, Pose(0.7, 12, 0.5, 0.5))
    rows, columns = np.nonzero(picture)
    top, left = rows.min(), columns.min()
    picture[top : top + 60, left : left + 60] = 255
    assert (prepare(picture)[14:].max(axis=1) > 0.5).sum() >= 8


def correlation(picture, other):
    return np.corrcoef(prepare(picture).ravel(), prepare(other).ravel())[0, 1]


@pytest.mark.parametrize("strength", [0.45, 0.3])
@pytest.mark.parametrize("strokes", [TWO, FOUR])
def test_dark_dot_leaves_paler_strokes(strokes, strength):
    clean = draw(strokes, Pose(0.6, 20, 0.5, 0.5))
    spotted = np.rint(strength * clean).astype(np.uint8)
    rows, columns = np.nonzero(clean[:, :170] == 255)
    spotted[rows[0] + 5 : rows[0] + 10, columns[0] : columns[0] + 5] = 255
    assert correlation(spotted, clean) > 0.95


@pytest.mark.parametrize("strokes", [TWO, FOUR])
@pytest.mark.parametrize("change", ["none", "noise", "blur"])
def test_fading_strokes_are_whole(strokes, change, rng):
    clean = draw(strokes, Pose(0.6, 20, 0.5, 0.5))
    seen = []
    for strength in (1.0, np.interp(np.arange(280), (56, 224), (1, 0.3))[:, np.newaxis]):
        noise = rng.normal(0, 8, clean.shape) if change == "noise" else 0
        picture = Image.fromarray(np.clip(np.rint(clean * strength + noise), 0, 255).astype(np.uint8))
        seen.append(picture.filter(ImageFilter.GaussianBlur(3)) if change == "blur" else picture)
    whole, found = map(prepare, seen)
    # Blur takes some of the pale end away, so all is a little larger: within a pixel, ink is where it should be.
    for inked, other in ((whole, found), (found, whole)):
        near = np.lib.stride_tricks.sliding_window_view(np.pad(other, 1), (3, 3)).max(axis=(2, 3))
        assert near[inked > 0.9].min() > 0.5


def test_enlarged_in_blocks_it_is_the_small_picture(mnist_digits):
    for digit in mnist_digits[:15]:
        small = np.asarray(Image.fromarray(digit[2:26, 2:26]).reduce(3))
        for picture in (digit, small):
            for times in (2, 4, 5, 30):
                large = picture.repeat(times, axis=0).repeat(times, axis=1)
                np.testing.assert_array_equal(prepare(large), prepare(picture))


def test_scan_that_touches_its_edges_is_seen_as_with_paper_round_it(mnist_digits):
    for digit in mnist_digits[:100]:
        tight = digit[digit.max(axis=1) > 40][:, digit.max(axis=0) > 40]
        black = np.where(tight > 127, 255, 0).astype(np.uint8)
        border = np.concatenate([black[0], black[-1], black[:, 0], black[:, -1]])
        if (border > 0).mean() < 0.45:
            np.testing.assert_allclose(prepare(black), prepare(np.pad(black, 4)), atol=1e-6)
