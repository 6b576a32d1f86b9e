"""Ink is found where only its colour shows it and in pictures that use few of their values; noise and ordinary
pictures are left as they were."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from fastcnn.data import load_mnist
from fastcnn.handwriting.preparation.pictures import open_picture, to_plane
from fastcnn.handwriting.preparation.planes import holds_strokes
from fastcnn.handwriting.preparation.prepare import prepare
from fastcnn.recognition.recognizer import Recognizer

COUNT = 20
RIGHT = 19  # of the first 20 test digits; as light ink on black all are read


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer()


@pytest.fixture(scope="module")
def digits():
    """The first test digits, 112 pixels wide, 0 paper to 255 ink, and what they are."""
    _, (images, labels) = load_mnist(normalize=False)
    large = [Image.fromarray(image[0]).resize((112, 112), Image.Resampling.BILINEAR) for image in images[:COUNT]]
    return [np.asarray(image) for image in large], labels[:COUNT]


@pytest.fixture
def right(recognizer, digits):
    """How many of the digits are read right when each is made into another picture."""

    def count(make):
        inks, labels = digits
        answers = recognizer.recognize_many([make(ink) for ink in inks])
        return sum(answer.digit == label for answer, label in zip(answers, labels, strict=True))

    return count


def coloured(ink, paper_colour, ink_colour):
    paper, full = np.array(paper_colour, float), np.array(ink_colour, float)
    return np.rint(paper + (full - paper) * (ink[..., np.newaxis] / 255)).astype(np.uint8)


COLOURS = {  # paper, ink: all of about the same luma
    "red on blue": ((30, 60, 200), (220, 30, 30)),
    "pink on green": ((90, 200, 90), (255, 130, 180)),
    "green on pink": ((255, 130, 180), (90, 200, 90)),
    "red on green": ((0, 128, 0), (251, 0, 0)),
    "red on grey": ((76, 76, 76), (255, 0, 0)),
    "pale yellow on white": ((255, 255, 255), (255, 255, 150)),
}


@pytest.mark.parametrize("name", COLOURS)
def test_ink_of_the_paper_s_luma_is_read_by_its_colour(right, name):
    assert right(lambda ink: coloured(ink, *COLOURS[name])) >= RIGHT


def test_an_opaque_picture_with_an_alpha_channel_is_read_like_one_without(digits):
    picture = coloured(digits[0][0], *COLOURS["pink on green"])
    with_alpha = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    np.testing.assert_array_equal(to_plane(with_alpha), to_plane(picture))


@pytest.mark.parametrize("mode", ["P", "CMYK", "RGBA", "HSV", "YCbCr"])
def test_colour_is_seen_in_every_mode_that_has_it(digits, mode):
    picture = Image.fromarray(coloured(digits[0][0], *COLOURS["red on green"]))
    plane = to_plane(picture.quantize(64) if mode == "P" else picture.convert(mode)).astype(int)
    assert np.ptp(plane) > 100
    assert np.corrcoef(plane.ravel(), digits[0][0].ravel())[0, 1] > 0.99


def test_ink_is_as_far_from_the_paper_as_the_colours_are(digits):
    plane = to_plane(coloured(digits[0][0], *COLOURS["red on grey"])).astype(int)
    # (179, -76, -76) apart; as long is the step between greys that are 119.97 apart.
    assert abs(np.ptp(plane) - 119.97 * int(digits[0][0].max()) / 255) <= 1
    assert plane[0, 0] < 128 < plane.max()


def test_ordinary_colours_are_luma_to_the_bit(digits, rng):
    for ink in digits[0]:
        light, dark = rng.integers(150, 256, 3), rng.integers(0, 100, 3)
        for paper_colour, ink_colour in ((light, dark), (dark, light), (light, light - 40)):
            picture = coloured(ink, paper_colour, ink_colour) + rng.integers(-3, 4, (112, 112, 3))
            image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
            np.testing.assert_array_equal(to_plane(image), np.asarray(image.convert("L")))


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (128, 128, 128), (200, 0, 0)])
def test_transparent_ink_is_read_from_an_array_and_from_a_file_alike(right, tmp_path, digits, colour):
    def picture(ink):
        return np.dstack([np.full((*ink.shape, 3), colour, np.uint8), ink])

    assert right(picture) >= RIGHT
    Image.fromarray(picture(digits[0][0])).save(tmp_path / "ink.png")
    np.testing.assert_array_equal(to_plane(open_picture(tmp_path / "ink.png")), to_plane(picture(digits[0][0])))


@pytest.mark.parametrize("colour", [0, 255])
def test_thick_transparent_ink_that_is_trimmed_is_no_page(digits, colour):
    for ink in digits[0]:
        thick = np.asarray(Image.fromarray(ink).filter(ImageFilter.MaxFilter(15)))
        rows, columns = np.flatnonzero(thick.any(axis=1)), np.flatnonzero(thick.any(axis=0))
        alpha = thick[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        plane = to_plane(np.dstack([np.full((*alpha.shape, 3), colour, np.uint8), alpha]))
        np.testing.assert_array_equal(plane, alpha if colour == 255 else 255 - alpha)


@pytest.mark.parametrize("brightest", [1, 2, 16])
@pytest.mark.parametrize("is_negative", [False, True])
def test_arrays_of_few_small_values_are_read(right, brightest, is_negative):
    def picture(ink):
        values = np.rint(ink * (brightest / 255)).astype(np.uint8)
        return brightest - values if is_negative else values

    assert right(picture) >= RIGHT


@pytest.mark.parametrize(("bits", "suffix"), [(8, "png"), (10, "png"), (12, "png"), (12, "tiff"), (14, "tiff")])
def test_files_of_16_bits_that_hold_fewer_are_read(right, tmp_path, bits, suffix):
    def picture(ink):
        Image.fromarray(np.rint(ink * ((2**bits - 1) / 255)).astype(np.uint16)).save(tmp_path / f"wide.{suffix}")
        return open_picture(tmp_path / f"wide.{suffix}")

    assert right(picture) >= RIGHT


@pytest.mark.parametrize(("white", "bits"), [(1000, 10), (4095, 12), (9000, 14)])
def test_white_is_the_largest_value_of_the_bits_that_are_used(digits, white, bits):
    values = np.rint(digits[0][0] * (white / digits[0][0].max())).astype(np.uint16)
    expected = np.rint(values.astype(float) * 255 / (2**bits - 1))
    np.testing.assert_array_equal(to_plane(Image.fromarray(values)), expected)
    np.testing.assert_array_equal(to_plane(Image.fromarray(values.astype(np.int32))), expected)


def noises(rng):
    """Pictures of nothing: sensors in the dark, and colours that are noise only; as arrays and as 16-bit images."""
    side = (120, 160)
    smooth = rng.normal(0, 4, (30, 40)).astype(np.float32)
    grain = np.asarray(Image.fromarray(smooth).resize(side[::-1], Image.Resampling.BICUBIC))
    hues = [np.full(side, 120.0), rng.normal(128, 25, side), rng.normal(128, 25, side)]
    planes = [Image.fromarray(np.clip(hue, 0, 255).astype(np.uint8)) for hue in hues]
    return {
        "zeros": np.zeros(side, np.uint8),
        "ones": np.ones(side, np.uint8),
        "one hot pixel": np.pad(np.full((1, 1), 16, np.uint8), 60),
        "few photons": rng.poisson(0.05, side).astype(np.uint8),
        "photons": rng.poisson(2, side).astype(np.uint8),
        "zeros and ones": rng.integers(0, 2, side, dtype=np.uint8),
        "grain": np.clip(grain, 0, 16).astype(np.uint8),
        "dark 16 bits": Image.fromarray(np.clip(rng.normal(100, 40, side), 0, None).astype(np.uint16)),
        "12-bit paper": Image.fromarray(rng.normal(3500, 20, side).astype(np.uint16)),
        "colours": Image.merge("YCbCr", planes).convert("RGB"),
    }


@pytest.mark.parametrize("kind", noises(np.random.default_rng(0)))
def test_noise_in_the_dark_stays_blank(rng, kind):
    for _ in range(5):
        assert prepare(noises(rng)[kind]) is None


def test_strokes_are_seen_in_8_by_8_pixels(digits):
    small = [np.asarray(Image.fromarray(ink).resize((8, 8), Image.Resampling.BOX)) for ink in digits[0]]
    assert all(map(holds_strokes, small))


def test_lab_is_read_by_its_lightness():
    image = Image.merge("LAB", [Image.new("L", (3, 2), value) for value in (40, 128, 128)])
    assert (to_plane(image) == 40).all()


MASKED = np.ma.masked_array(np.zeros((28, 28), np.uint8), mask=True)


@pytest.mark.parametrize("read", [to_plane, prepare])
def test_a_masked_array_is_refused(read):
    with pytest.raises(TypeError, match=r"image must be an array without a mask; give image\.filled\(value\)"):
        read(MASKED)


def test_a_masked_array_is_not_recognized(recognizer):
    with pytest.raises(TypeError, match="without a mask"):
        recognizer.recognize(MASKED)


def test_floats_are_refused_with_the_way_to_convert_them(digits):
    values = digits[0][0] / 255
    with pytest.raises(TypeError, match=r"not float64; .* become one by \(255 \* image\)\.astype\('uint8'\)$"):
        to_plane(values)
    np.testing.assert_array_equal(to_plane((255 * values).astype("uint8")), (255 * values).astype("uint8"))
