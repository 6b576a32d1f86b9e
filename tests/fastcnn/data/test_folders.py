"""Folders of pictures: every pixel against what was drawn, and one sentence for each thing that can be wrong."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from fastcnn.data import DataError, load_data

RED, GREEN, GREY = (200, 10, 20), (10, 180, 30), 90


def save(path, colour, size=(6, 4), mode="RGB", **options):
    """A picture of one colour; size is (width, height), as Pillow has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)


@pytest.fixture
def root(tmp_path):
    """Two pictures of the class cat and one of the class dog, all red, green or blue and of one size."""
    folder = tmp_path / "pets"
    save(folder / "cat" / "a.png", RED)
    save(folder / "cat" / "b.png", GREEN)
    save(folder / "dog" / "c.png", (1, 2, 3))
    return folder


def refused(path, **options):
    with pytest.raises(DataError) as caught:
        load_data(path, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence and "array(" not in sentence
    assert len(sentence.replace(str(path.parent), "")) <= 200
    return sentence


def test_each_picture_has_its_pixels_and_its_folders_class(root):
    data = load_data(root)
    assert data.classes == ("cat", "dog")
    assert data.labels.tolist() == [0, 0, 1] and data.labels.dtype == np.int64
    assert data.images.shape == (3, 3, 4, 6) and data.images.dtype == np.uint8
    for image, colour in zip(data.images, (RED, GREEN, (1, 2, 3)), strict=True):
        assert (image == np.array(colour, np.uint8)[:, None, None]).all()
    assert data.test is None and data.validation is None and data.skipped == ()


def test_pictures_of_several_sizes_become_the_median(root):
    save(root / "cat" / "d.png", RED, (8, 10))
    save(root / "dog" / "e.png", RED, (60, 20))
    # Heights 4, 4, 4, 10 and 20; widths 6, 6, 6, 8 and 60.
    assert load_data(root).images.shape == (5, 3, 4, 6)


def test_a_long_side_is_at_most_64_unless_a_size_is_given(tmp_path):
    save(tmp_path / "d" / "a" / "1.png", RED, (400, 100))
    save(tmp_path / "d" / "b" / "2.png", GREEN, (400, 100))
    assert load_data(tmp_path / "d").images.shape == (2, 3, 16, 64)
    assert load_data(tmp_path / "d", size=(100, 400)).images.shape == (2, 3, 100, 400)
    assert load_data(tmp_path / "d", size=20).images.shape == (2, 3, 20, 20)


def test_a_picture_is_scaled_by_means_of_its_pixels(tmp_path):
    pixels = np.repeat(np.repeat(np.array([[0, 80], [160, 240]], np.uint8), 4, axis=0), 4, axis=1)
    for name in ("a", "b"):
        (tmp_path / "d" / name).mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / "d" / name / "1.png")
    scaled = load_data(tmp_path / "d", size=1).images
    assert scaled.shape == (2, 1, 1, 1) and abs(int(scaled[0, 0, 0, 0]) - 120) <= 1  # (0 + 80 + 160 + 240) / 4


def test_grey_pictures_have_one_channel_and_one_coloured_makes_three(tmp_path):
    save(tmp_path / "d" / "a" / "1.png", GREY, mode="L")
    save(tmp_path / "d" / "b" / "2.png", 30, mode="L")
    assert load_data(tmp_path / "d").images.shape == (2, 1, 4, 6)
    save(tmp_path / "d" / "b" / "3.png", RED)
    data = load_data(tmp_path / "d")
    assert data.images.shape == (3, 3, 4, 6)
    assert (data.images[0] == GREY).all()
    assert load_data(tmp_path / "d", channels=1).images.shape == (3, 1, 4, 6)


def test_modes_of_files(tmp_path):
    """16 bits are divided by 257, transparent parts are white, a palette and CMYK have their colours."""
    folder = tmp_path / "d" / "a"
    folder.mkdir(parents=True)
    Image.fromarray(np.full((4, 6), 257 * 77, np.uint16)).save(folder / "1.png")
    Image.new("RGBA", (6, 4), (*RED, 0)).save(folder / "2.png")
    Image.new("RGBA", (6, 4), (0, 0, 0, 128)).save(folder / "3.png")
    palette = Image.new("P", (6, 4), 1)
    palette.putpalette([0, 0, 0, *GREEN])
    palette.save(folder / "4.png")
    Image.new("LA", (6, 4), (50, 255)).save(folder / "5.png")
    Image.new("1", (6, 4), 1).save(folder / "6.png")
    Image.new("CMYK", (6, 4), (0, 255, 255, 0)).save(folder / "7.tif")
    save(tmp_path / "d" / "b" / "1.png", RED)
    pixels = load_data(tmp_path / "d").images[:7, :, 0, 0].tolist()
    assert pixels[0] == [77, 77, 77]
    assert pixels[1] == [255, 255, 255]
    assert pixels[2] == [127, 127, 127]  # black at 128 of 255 on white
    assert pixels[3] == list(GREEN)
    assert pixels[4] == [50, 50, 50]
    assert pixels[5] == [255, 255, 255]
    assert pixels[6] == [255, 0, 0]


def test_orientation_of_a_camera_is_obeyed(tmp_path):
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[:, :3] = RED  # the left half
    turned = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = 6  # the file's left is the picture's top
    for name in ("a", "b"):
        (tmp_path / "d" / name).mkdir(parents=True)
        turned.save(tmp_path / "d" / name / "1.png", exif=exif)
    images = load_data(tmp_path / "d").images
    assert images.shape == (2, 3, 6, 4)
    assert (images[0, 0, :3] == RED[0]).all() and (images[0, 0, 3:] == 0).all()


def test_parts_in_folders_of_their_own(tmp_path, root):
    parts = tmp_path / "parts"
    for name in ("train", "val", "test"):
        shutil.copytree(root, parts / name)
    save(parts / "test" / "dog" / "d.png", RED, (30, 30))
    data = load_data(parts)
    assert len(data.images) == 3
    assert data.validation is not None and len(data.validation[0]) == 3
    images, labels = data.test
    assert images.shape == (4, 3, 4, 6)  # the size is that of the training part
    assert labels.tolist() == [0, 0, 1, 1]


def test_a_class_may_be_called_train(tmp_path):
    save(tmp_path / "d" / "train" / "1.png", RED)
    save(tmp_path / "d" / "test" / "1.png", RED)
    assert load_data(tmp_path / "d").classes == ("test", "train")


def test_a_test_folder_without_classes_is_told(tmp_path, root):
    shutil.copytree(root, tmp_path / "parts" / "train")
    save(tmp_path / "parts" / "test" / "1.png", RED)
    assert "has no folders of classes" in refused(tmp_path / "parts")


def test_an_unknown_class_of_the_test_part_is_told(tmp_path, root):
    for name in ("train", "test"):
        shutil.copytree(root, tmp_path / "parts" / name)
    save(tmp_path / "parts" / "test" / "fox" / "1.png", RED)
    sentence = refused(tmp_path / "parts")
    assert "'fox'" in sentence and "(cat, dog)" in sentence


def test_classes_that_are_numbers_are_in_their_order(tmp_path):
    for name in ("10", "9", "2"):
        save(tmp_path / "d" / name / "1.png", RED)
    data = load_data(tmp_path / "d")
    assert data.classes == ("2", "9", "10") and data.labels.tolist() == [2, 0, 1]  # files in the order of names


def test_hidden_files_and_other_files_are_left_out(root, caplog):
    (root / ".DS_Store").write_bytes(b"x")
    (root / ".git").mkdir()
    (root / "README.txt").write_text("x")
    (root / "cat" / "Thumbs.db").write_bytes(b"x")
    (root / "cat" / ".hidden.png").write_bytes(b"x")
    (root / "cat" / "notes.txt").write_text("x")
    with caplog.at_level("INFO", "fastcnn"):
        assert len(load_data(root).images) == 3
    assert "left out 1 entries that are no pictures by their names, first" in caplog.text
    assert "notes.txt" in caplog.text


def test_all_broken_files_are_counted_and_the_first_is_named(root):
    (root / "cat" / "aa.png").write_bytes(b"no picture")
    whole = (root / "dog" / "c.png").read_bytes()
    save(root / "dog" / "long.jpg", RED, (300, 300))
    whole = (root / "dog" / "long.jpg").read_bytes()
    (root / "dog" / "long.jpg").write_bytes(whole[: len(whole) // 2])  # its head is right
    os.symlink(root / "nowhere.png", root / "dog" / "link.png")
    sentence = refused(root, size=8)
    assert "3 of 6 pictures cannot be read, first: " in sentence
    assert str(root / "cat" / "aa.png") in sentence and "--skip-broken" in sentence
    assert sentence == refused(root)
    data = load_data(root, skip_broken=True)
    assert data.labels.tolist() == [0, 0, 1] and data.classes == ("cat", "dog")
    assert (data.images[2] == np.array((1, 2, 3), np.uint8)[:, None, None]).all()
    assert sorted(map(os.path.basename, data.skipped)) == ["aa.png", "link.png", "long.jpg"]


def test_a_class_with_broken_files_only_is_told(root):
    (root / "dog" / "c.png").write_bytes(b"no picture")
    assert "class 'dog'" in refused(root, skip_broken=True)


def test_no_readable_picture_at_all(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "d" / name).mkdir(parents=True)
        (tmp_path / "d" / name / "1.png").write_bytes(b"no picture")
    for skip in (False, True):
        assert "2 of 2 pictures cannot be read" in refused(tmp_path / "d", skip_broken=skip)


def test_an_empty_class_is_named(root):
    (root / "fox").mkdir()
    assert f"{root / 'fox'} holds no pictures" in refused(root)


def test_links_in_a_circle_end(root):
    os.symlink(root, root / "cat" / "again")
    assert len(load_data(root).images) == 3
    os.symlink(root / "two", root / "one")
    os.symlink(root / "one", root / "two")
    assert len(load_data(root).images) == 3


def test_a_huge_picture_is_refused(root):
    Image.new("1", (9_500, 9_500)).save(root / "cat" / "bomb.png")
    assert "million pixels" in refused(root)


def test_an_animation_and_a_picture_of_floats_are_refused(root):
    frames = [Image.new("L", (6, 4), level) for level in (0, 255)]
    frames[0].save(root / "cat" / "moving.gif", save_all=True, append_images=frames[1:])
    assert "frames" in refused(root)
    (root / "cat" / "moving.gif").unlink()
    Image.fromarray(np.full((4, 6), 0.5, np.float32)).save(root / "cat" / "floats.tif")
    assert "floats" in refused(root)


def test_names_that_are_no_text(root):
    os.mkdir(os.fsencode(root) + b"/\xff\xfe")
    shutil.copy(root / "cat" / "a.png", os.fsencode(root) + b"/\xff\xfe/a.png")
    assert "cannot be shown" in refused(root)
    shutil.rmtree(os.fsencode(root) + b"/\xff\xfe")
    os.rename(root / "cat" / "a.png", os.fsencode(root / "cat") + b"/\xff.png")  # a file may have any name
    assert len(load_data(root).images) == 3


def test_classes_that_differ_by_capitals_only(root):
    save(root / "Cat" / "z.png", RED)
    sentence = refused(root)
    assert "Cat" in sentence and "cat" in sentence and "capitals" in sentence


def test_one_class_is_not_enough(tmp_path):
    save(tmp_path / "d" / "a" / "1.png", RED)
    assert "one class only" in refused(tmp_path / "d")


def test_a_hundred_thousand_folders(tmp_path, monkeypatch):
    from fastcnn.data import folders

    monkeypatch.setattr(folders, "_entries", lambda folder: [(str(number), True) for number in range(100_000)])
    (tmp_path / "d").mkdir()
    assert "100,000 folders" in refused(tmp_path / "d")


def test_a_folder_that_may_not_be_read(root, monkeypatch):
    scandir = os.scandir

    def closed(path):
        if os.path.basename(path) == "dog":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert "dog cannot be read (Permission denied)" in refused(root)


def test_a_path_that_the_system_does_not_take(tmp_path, monkeypatch):
    sentence = refused(tmp_path / ("x" * 5000))
    assert "cannot be read (File name too long); check the path" in sentence
    stat = os.stat

    def closed(path, **options):
        if os.path.basename(path) == "d.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", closed)
    assert "d.csv cannot be read (Permission denied)" in refused(tmp_path / "d.csv")


def test_pictures_beyond_the_memory_are_refused_before_one_is_decoded(root, monkeypatch):
    from fastcnn.data import folders, room

    monkeypatch.setattr(room, "free_bytes", lambda: 10**9)
    monkeypatch.setattr(folders, "open_picture", lambda path: pytest.fail("a picture was decoded"))
    for number in range(400):
        os.link(root / "cat" / "a.png", root / "cat" / f"{number}.png")
    sentence = refused(root, size=1024)  # 403 pictures of 3 MB
    assert "1.27 GB" in sentence and "memory map" in sentence


def test_a_shape_in_place_of_size_and_channels(root):
    data = load_data(root, shape=(1, 5, 7), classes=("dog", "fox", "cat"))
    assert data.images.shape == (3, 1, 5, 7)
    assert data.labels.tolist() == [2, 2, 0] and data.classes == ("dog", "fox", "cat")
    with pytest.raises(ValueError, match="size has no effect"):
        load_data(root, shape=(1, 5, 7), size=3)
    assert "'cat'" in refused(root, shape=(1, 5, 7), classes=("dog", "fox"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": (1, 2, 3)}, "size must be"),
        ({"size": 5000}, "size must be at most 1024"),
        ({"size": "8"}, "size must be"),
        ({"channels": 2}, "channels must be 1, 3 or 4"),
        ({"skip_broken": 1}, "skip_broken must be True or False"),
        ({"shape": (3, 4)}, "shape must be"),
        ({"classes": "cat"}, "classes must be a list"),
    ],
)
def test_wrong_options(root, options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        load_data(root, **options)


def test_files_of_pictures_have_no_two_channels(root):
    """It is the network that does not fit, and no file is broken."""
    assert "of 1, 3 or 4 channels, but the network takes 2" in refused(root, shape=(2, 4, 6))


def test_what_is_no_data(tmp_path):
    assert "there is no" in refused(tmp_path / "nowhere")
    with pytest.raises(DataError, match="path is empty"):
        load_data("")
    (tmp_path / "x.h5").write_bytes(b"x")
    assert "none of the forms" in refused(tmp_path / "x.h5")
    (tmp_path / "empty").mkdir()
    assert "no folders of classes" in refused(tmp_path / "empty")
    os.mkfifo(tmp_path / "pipe.csv")
    assert "not an ordinary file" in refused(tmp_path / "pipe.csv")
