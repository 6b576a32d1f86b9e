"""Files of pictures: one picture each, whatever is damaged in them; one sentence, and nothing on stdout or stderr."""

import io
import logging
import os
import struct
import sys
import threading
import warnings
import zlib
from contextlib import suppress
from functools import partial

import numpy as np
import pytest
from PIL import Image, ImageFile

from fastcnn.errors import FastcnnError
from fastcnn.handwriting.preparation.pictures import open_picture, to_plane
from fastcnn.handwriting.preparation.prepare import prepare
from fastcnn.handwriting.preparation.silence import decoding

FRAMES = {"gif": {"duration": 100}, "png": {"duration": 100}, "webp": {"duration": 100, "lossless": True}, "tiff": {}}
PREVIEW = {254: 1}  # TIFF 6.0, NewSubfileType: bit 0 is "reduced-resolution version of another image"
MASK = {254: 4}


@pytest.fixture
def frames(rng):
    return [Image.fromarray(rng.integers(0, 256, (20, 30), dtype=np.uint8)) for _ in range(3)]


def save(path, frames, **options):
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    return path


def grey_of(image):
    return np.asarray(image.convert("L"))


@pytest.mark.parametrize("suffix", FRAMES)
def test_a_file_of_several_frames_says_how_many(tmp_path, frames, suffix):
    path = save(tmp_path / f"moving.{suffix}", frames, **FRAMES[suffix])
    with pytest.raises(
        FastcnnError, match=r"moving.* has 3 frames or pages; save or copy the one to be read"
    ) as caught:
        open_picture(path)
    assert len(str(caught.value).replace(str(path), "")) < 150


@pytest.mark.parametrize("suffix", FRAMES)
def test_a_file_of_one_frame_is_read(tmp_path, frames, suffix):
    path = save(tmp_path / f"still.{suffix}", frames[:1], **FRAMES[suffix])
    np.testing.assert_array_equal(to_plane(open_picture(path)), grey_of(frames[0]))


@pytest.mark.parametrize("frame", [0, 2])
@pytest.mark.parametrize("suffix", FRAMES)
def test_an_open_image_of_several_frames_is_refused_and_a_copy_of_one_is_read(tmp_path, frames, suffix, frame):
    with Image.open(save(tmp_path / f"moving.{suffix}", frames, **FRAMES[suffix])) as image:
        image.seek(frame)
        with pytest.raises(FastcnnError, match="has 3 frames or pages"):
            to_plane(image)
        assert image.tell() == frame
        np.testing.assert_array_equal(to_plane(image.copy()), grey_of(frames[frame]))


@pytest.mark.parametrize("suffix", ["gif", "tiff"])
def test_what_was_loaded_before_its_file_was_closed_is_read(tmp_path, frames, suffix):
    with Image.open(save(tmp_path / f"moving.{suffix}", frames, **FRAMES[suffix])) as image:
        image.load()
    np.testing.assert_array_equal(to_plane(image), grey_of(frames[0]))


def test_a_phone_s_jpeg_with_a_second_frame_is_one_photo(tmp_path, frames):
    path = save(tmp_path / "photo.jpg", frames[:2], format="MPO")
    with Image.open(path) as image:
        assert (image.format, image.n_frames) == ("MPO", 2)
        first = grey_of(image)
        np.testing.assert_array_equal(to_plane(image), first)
    np.testing.assert_array_equal(to_plane(open_picture(path)), first)


@pytest.mark.parametrize("kinds", [({}, PREVIEW), (PREVIEW, {}), ({}, MASK), (PREVIEW, {}, MASK), (PREVIEW,)])
def test_a_tiff_s_preview_and_mask_are_no_pages(tmp_path, frames, kinds):
    for frame, tags in zip(frames, kinds, strict=False):
        frame.encoderinfo = {"tiffinfo": tags}
    rest = frames[1 : len(kinds)]
    frames[0].save(tmp_path / "scan.tiff", save_all=True, append_images=rest, tiffinfo=kinds[0])
    page = kinds.index({}) if {} in kinds else 0
    np.testing.assert_array_equal(to_plane(open_picture(tmp_path / "scan.tiff")), grey_of(frames[page]))


def opened(file):
    """As a user opens a picture: what Pillow warns of here is its own business."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Image.open(file)


@pytest.fixture
def turned(tmp_path, rng):
    """A JPEG that is to be shown turned by a quarter: its bytes, where its EXIF data lie in them, and its pixels."""
    image = Image.fromarray(rng.integers(0, 256, (16, 24), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "a camera"
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif)
    content = buffer.getvalue()
    start = content.index(b"Exif\0\0")
    (length,) = struct.unpack(">H", content[start - 2 : start])
    return content, range(start + 6, start - 2 + length), np.asarray(Image.open(buffer))


def test_an_unreadable_orientation_does_not_lose_the_photo(tmp_path, turned):
    content, exif, pixels = turned
    (tmp_path / "photo.jpg").write_bytes(content)
    np.testing.assert_array_equal(to_plane(open_picture(tmp_path / "photo.jpg")), np.rot90(pixels, -1))
    damaged = bytearray(content)
    damaged[exif.start : exif.start + 2] = b"XX"  # of "II" or "MM", the order of bytes
    (tmp_path / "photo.jpg").write_bytes(damaged)
    np.testing.assert_array_equal(to_plane(open_picture(tmp_path / "photo.jpg")), pixels)


def test_no_damaged_byte_of_exif_loses_the_photo(turned, recwarn):
    content, exif, pixels = turned
    warnings.simplefilter("always")
    for position in exif:
        for bit in range(8):
            damaged = bytearray(content)
            damaged[position] ^= 1 << bit
            plane = to_plane(opened(io.BytesIO(damaged)))
            assert sorted(plane.ravel()) == sorted(pixels.ravel())
    assert recwarn.list == []


def bytes_of(kind, rng):
    """A picture file of a kind, and its suffix."""
    image = Image.fromarray(rng.integers(0, 256, (24, 31, 3), dtype=np.uint8))
    suffix, _, option = kind.partition(" ")
    options = {"compression": option} if suffix == "tiff" and option else {}
    if option in ("P", "I;16", "F", "LAB", "RGBA"):
        options = {}
        grey = image.convert("L")
        image = Image.merge("LAB", image.split()) if option == "LAB" else grey.convert(option)
    if option == "group4":
        image = image.convert("1")
    if option == "exif":
        exif = Image.Exif()
        exif[0x0112] = 6
        options["exif"] = exif
    buffer = io.BytesIO()
    image.save(buffer, {"jpg": "JPEG"}.get(suffix, suffix.upper()), **options)
    return buffer.getvalue(), suffix


KINDS = [
    "png",
    "png P",
    "png I;16",
    "tiff F",
    "tiff LAB",
    "gif P",
    "webp RGBA",
    "png exif",
    "jpg",
    "jpg exif",
    "gif",
    "webp",
    "webp exif",
    "bmp",
    "ppm",
]
KINDS += ["tiff", *(f"tiff {way}" for way in ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits", "group4"))]


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_one_sentence_or_harmless_and_nothing_is_printed(tmp_path, rng, capfd, recwarn, kind):
    whole, suffix = bytes_of(kind, rng)
    path = tmp_path / f"damaged.{suffix}"
    said = 0
    warnings.simplefilter("always")
    for attempt in range(40):
        content = bytearray(whole)
        for position in rng.integers(0, len(content), 1 + attempt % 8):
            content[position] = rng.integers(0, 256)
        if attempt % 5 == 0:
            del content[rng.integers(1, len(content)) :]
        path.write_bytes(content)
        images = [partial(open_picture, path)]
        with suppress(OSError, SyntaxError, ValueError, Image.DecompressionBombError):  # Pillow's own
            images.append(opened(io.BytesIO(content)).__enter__)
        for image in images:
            try:
                to_plane(image())
            except FastcnnError as error:
                said += 1
                assert "\n" not in str(error)
                assert str(error).startswith(("the picture", str(path), f"cannot read {path}"))
                assert len(str(error)) < 200 + len(str(path))
    assert said
    assert recwarn.list == []
    assert capfd.readouterr() == ("", "")


def test_nan_in_a_file_is_told_of_that_file(tmp_path):
    pixels = np.zeros((9, 9), np.float32)
    pixels[4, 4] = np.nan
    Image.fromarray(pixels).save(tmp_path / "height.tiff")
    with pytest.raises(FastcnnError, match=r"height\.tiff holds NaN or infinite pixels; save it as an ordinary PNG"):
        open_picture(tmp_path / "height.tiff")
    with pytest.raises(FastcnnError, match="the picture holds NaN"):
        to_plane(Image.fromarray(pixels))


def test_what_pillow_logs_reaches_only_those_who_listen(caplog, capfd):
    def log(to_pillow):
        logging.getLogger("PIL.TiffImagePlugin").error(to_pillow)

    listeners, logging.root.handlers = logging.root.handlers, []
    try:
        log("before")
        with decoding():
            log("within")
            logging.root.handlers = listeners
            log("heard")
            logging.root.handlers = []
        log("after")
    finally:
        logging.root.handlers = listeners
    assert capfd.readouterr().err == "before\nafter\n"
    assert caplog.messages == ["heard"]


def test_a_truncated_jpeg_is_named(tmp_path, rng):
    whole, _ = bytes_of("jpg", rng)
    (tmp_path / "half.jpg").write_bytes(whole[:-200])
    with pytest.raises(FastcnnError, match=r"half\.jpg is damaged: "):
        open_picture(tmp_path / "half.jpg")
    with Image.open(tmp_path / "half.jpg") as image, pytest.raises(FastcnnError, match=r"half\.jpg is damaged: "):
        to_plane(image)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (AttributeError("no such thing"), r"picture\.png is damaged: no such thing"),
        (struct.error("unpack requires\n a buffer"), r"picture\.png is damaged: unpack requires a buffer"),
        (zlib.error("Error -3"), r"picture\.png is damaged: Error -3"),
        (AssertionError(), r"picture\.png is damaged: AssertionError"),
        (MemoryError(), r"cannot read .*picture\.png \(there is not enough memory\); choose another file"),
        (OSError(5, "Input/output error"), r"cannot read .*picture\.png \(Input/output error\); choose another file"),
    ],
)
def test_whatever_the_decoders_raise_is_one_sentence(tmp_path, frames, monkeypatch, error, says):
    def fail(self):
        raise error

    frames[0].save(tmp_path / "picture.png")
    image = Image.open(tmp_path / "picture.png")
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    for read in (lambda: open_picture(tmp_path / "picture.png"), lambda: to_plane(image), lambda: prepare(image)):
        with pytest.raises(FastcnnError, match=f"^[^\n]*{says}$"):
            read()


def damaged_tiff(rng):
    whole, _ = bytes_of("tiff tiff_lzw", rng)
    return whole[:20] + b"\xff" * 40 + whole[60:]


def complain(content, capfd):
    """What Pillow alone prints about a damaged TIFF."""
    with pytest.raises(OSError, match="decoder error"):
        Image.open(io.BytesIO(content)).load()
    return capfd.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="libtiff lies inside Pillow there")
def test_libtiff_is_silent_only_while_a_picture_is_read(tmp_path, rng, capfd):
    content = damaged_tiff(rng)
    assert complain(content, capfd)
    (tmp_path / "scan.tiff").write_bytes(content)
    with pytest.raises(FastcnnError, match="is damaged"):
        open_picture(tmp_path / "scan.tiff")
    assert capfd.readouterr().err == ""
    assert complain(content, capfd)


def test_libtiff_speaks_again_after_threads_that_read_at_once(rng, capfd):
    content = damaged_tiff(rng)
    before = complain(content, capfd)
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with decoding():
            inside.set()
            leave.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(60)
    with decoding():
        pass
    assert complain(content, capfd) == ""
    leave.set()
    thread.join(60)
    assert complain(content, capfd) == before


READ = "import sys; from fastcnn.handwriting.preparation.pictures import open_picture; open_picture(sys.argv[1])"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_does_not_hang(tmp_path, run_python):
    os.mkfifo(tmp_path / "pipe.png")
    done = run_python(READ, str(tmp_path / "pipe.png"), check=False, timeout_s=60)
    assert "pipe.png (it is not an ordinary file); choose another file" in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no devices with names")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_picture(device):
    with pytest.raises(FastcnnError, match=rf"cannot read {device} \(it is not an ordinary file\)"):
        open_picture(device)
