"""Pictures of every mode become grey, and files that are no honest picture one sentence."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from fastcnn.errors import FastcnnError
from fastcnn.handwriting.preparation.pictures import open_picture, to_plane


@pytest.fixture
def grey():
    """Dark stroke on light paper, with room between the two for rounding."""
    plane = np.full((12, 9), 250, np.uint8)
    plane[3:9, 4] = 10
    return plane


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "CMYK", "YCbCr", "HSV", "I", "RGBX", "La", "RGBa"])
def test_every_mode_becomes_the_same_grey(mode, grey):
    image = Image.fromarray(grey)
    for step in {"La": ["LA", "La"], "RGBa": ["RGBA", "RGBa"], "CMYK": ["RGB", "CMYK"], "HSV": ["RGB", "HSV"]}.get(
        mode, [mode]
    ):
        image = image.convert(step)
    assert image.mode == mode
    plane = to_plane(image)
    assert plane.dtype == np.uint8
    np.testing.assert_allclose(plane.astype(int), grey.astype(int), atol=2)


def test_one_bit_image(grey):
    np.testing.assert_array_equal(to_plane(Image.fromarray(grey).convert("1")), np.where(grey > 128, 255, 0))


def test_sixteen_bit_images(grey):
    wide = grey.astype(np.uint16) * 257
    np.testing.assert_array_equal(to_plane(Image.fromarray(wide)), grey)
    np.testing.assert_array_equal(to_plane(Image.fromarray(wide.astype(np.int32))), grey)


def test_float_images(grey):
    np.testing.assert_array_equal(to_plane(Image.fromarray(grey.astype(np.float32))), grey)
    np.testing.assert_array_equal(to_plane(Image.fromarray(grey.astype(np.float32) / 255)), grey)


def test_float_image_with_nan_is_refused():
    with pytest.raises(FastcnnError, match="NaN"):
        to_plane(Image.fromarray(np.full((3, 3), np.nan, np.float32)))


def test_colour_becomes_luma():
    # ITU-R 601: 0.299 R + 0.587 G + 0.114 B
    plane = to_plane(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8))
    np.testing.assert_allclose(plane[0], [76, 150, 29], atol=1)


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0)])
def test_ink_on_transparent_stands_out(ink, paper):
    picture = np.zeros((8, 8, 4), np.uint8)
    picture[2:6, 3] = ink, ink, ink, 255
    plane = to_plane(picture)
    assert (plane[2:6, 3] == ink).all()
    assert plane[0, 0] == paper


@pytest.mark.parametrize("paper", [0, 255])
def test_transparent_corners_are_not_ink(paper):
    picture = np.full((8, 8, 4), paper, np.uint8)
    picture[..., 3] = 255
    picture[0, 0] = picture[7, 7] = 128, 128, 128, 0
    assert (to_plane(picture) == paper).all()


def test_palette_with_transparent_colour():
    image = Image.new("P", (6, 6), 0)
    image.putpalette([255, 255, 255, 0, 0, 0])
    image.putpixel((2, 2), 1)
    image.info["transparency"] = 0
    plane = to_plane(image)
    assert plane[2, 2] == 0
    assert plane[0, 0] == 255


def test_exif_orientation_is_obeyed():
    image = Image.new("L", (4, 2), 0)
    image.getexif()[0x0112] = 6  # to be shown turned by a quarter
    assert to_plane(image).shape == (4, 2)


@pytest.mark.parametrize("array", [np.zeros((4, 4)), np.zeros((4, 4), bool), np.zeros((4, 4), np.int64)])
def test_other_dtypes_are_refused(array):
    with pytest.raises(TypeError, match="uint8"):
        to_plane(array)


@pytest.mark.parametrize("shape", [(4,), (4, 4, 2), (1, 28, 28, 1), ()])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="image must have shape"):
        to_plane(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (0, 0, 3)])
def test_empty_arrays_are_refused(shape):
    with pytest.raises(ValueError, match="no pixels"):
        to_plane(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("image", ["picture.png", None, [[0, 1], [1, 0]]])
def test_other_types_are_refused(image):
    with pytest.raises(TypeError, match="Pillow image or a uint8 array"):
        to_plane(image)


def png_of_size(width, height):
    """A PNG whose header promises a size and whose data hold next to nothing."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("text.png", b"this is no picture\n" * 9, "not a picture"),
        ("empty.png", b"", "not a picture"),
        ("bomb.png", png_of_size(20000, 20000), "million pixels"),
        ("warned.png", png_of_size(10000, 10000), "million pixels"),
        ("short.png", png_of_size(300, 300), "damaged"),
        (
            "script.eps",
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
            "not a picture",
        ),
    ],
)
def test_bad_files_are_one_sentence(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FastcnnError, match=says) as caught:
        open_picture(path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".gif", ".tiff", ".webp", ".ppm"])
def test_damaged_files_never_raise_anything_else(tmp_path, rng, suffix):
    path = tmp_path / f"picture{suffix}"
    Image.fromarray(rng.integers(0, 256, (20, 20, 3)).astype(np.uint8)).save(path)
    whole = path.read_bytes()
    for _ in range(40):
        content = bytearray(whole[: rng.integers(1, len(whole) + 1)])
        for position in rng.integers(0, len(content), 3):
            content[position] = rng.integers(0, 256)
        path.write_bytes(bytes(content))
        try:
            to_plane(open_picture(path))
        except FastcnnError as error:
            assert "\n" not in str(error)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FastcnnError, match="does not exist"):
        open_picture(tmp_path / "none.png")
    with pytest.raises(FastcnnError, match="folder"):
        open_picture(tmp_path)


def test_file_is_read(tmp_path, grey):
    Image.fromarray(grey).save(tmp_path / "picture.png")
    np.testing.assert_array_equal(to_plane(open_picture(tmp_path / "picture.png")), grey)
