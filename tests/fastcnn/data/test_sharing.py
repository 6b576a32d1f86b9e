"""Several readers of one set of data open each file once, and get what one reader gets. Here they are threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from fastcnn.arrays import packed
from fastcnn.data import DataError, folders, load_data, readers
from fastcnn.data.readers import read_data

READERS = 3
LIMIT_S = 60
number_of_thread = threading.local()


class Meeting:
    """Where the readers meet."""

    def __init__(self):
        self.parts, self.barrier = [None] * READERS, threading.Barrier(READERS, timeout=LIMIT_S)


class Reader:
    """One of the readers; see `fastcnn.data.sharing.Readers`."""

    count = READERS

    def __init__(self, number, meeting):
        self.number, self.meeting = number, meeting

    def gathered(self, part):
        self.meeting.parts[self.number] = part
        self.meeting.barrier.wait()
        found = list(self.meeting.parts)
        self.meeting.barrier.wait()
        return found

    def room(self, shape):
        return self.gathered(np.zeros(shape, np.uint8) if self.number == 0 else None)[0]

    def filled(self, images, kept):
        self.gathered(None)
        if self.number == 0:
            packed(images, kept)
        self.gathered(None)
        return images[: len(kept)]

    def once(self, read):
        return self.gathered(read() if self.number == 0 else None)[0]


def by_readers(paths, **options):
    """What each reader reads, or the error that it raises; paths: one for each."""
    meeting = Meeting()

    def run(number):
        number_of_thread.number = number
        try:
            return read_data(paths[number], Reader(number, meeting), **options)
        except DataError as error:
            return str(error)

    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(run, range(READERS)))


@pytest.fixture
def root(tmp_path, rng):
    """Pictures of two classes and two sizes, for training and test; with two that are broken."""
    folder = tmp_path / "d"
    for part, count in (("train", 7), ("test", 4)):
        for name in ("cat", "dog"):
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 256, (8 + number % 2, 9, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(folder / part / name / f"{number}.png")
    for broken in ("train/cat/3.png", "test/dog/0.png"):
        (folder / broken).write_bytes(b"no picture")
    return folder


@pytest.fixture
def opened(monkeypatch):
    """The number of the reader that has opened each file, by its path."""
    found, before = {}, folders.open_picture

    def noted(path):
        assert path not in found
        found[path] = number_of_thread.number
        return before(path)

    monkeypatch.setattr(folders, "open_picture", noted)
    return found


@pytest.mark.parametrize("size", [None, 6])
def test_each_picture_is_opened_once_and_all_have_all(size, root, opened):
    number_of_thread.number = None
    alone = load_data(root, size=size, skip_broken=True)
    opened.clear()
    for found in by_readers([root] * READERS, size=size, skip_broken=True):
        assert (found.classes, found.skipped) == (alone.classes, alone.skipped) and len(found.skipped) == 2
        for ours, theirs in ((found.images, alone.images), (found.labels, alone.labels)):
            assert ours.tobytes() == theirs.tobytes()
        for ours, theirs in zip(found.test, alone.test, strict=True):
            assert ours.tobytes() == theirs.tobytes()
    least = 20 // READERS  # of 22 pictures two are broken
    counts = np.bincount(list(opened.values()))
    assert len(opened) >= 20 and len(counts) == READERS and least <= counts.min() <= counts.max() <= least + 2


def test_all_readers_name_the_same_broken_file(root):
    with pytest.raises(DataError) as caught:
        load_data(root)
    assert set(by_readers([root] * READERS)) == {str(caught.value)}
    assert "2 of 22 pictures cannot be read" in str(caught.value)


def test_readers_with_other_files_are_refused(root, tmp_path):
    copy = tmp_path / "copy"
    copy.symlink_to(root)
    said = by_readers([root, root, copy])
    assert all("has other files for some of the ranks" in sentence for sentence in said), said


def test_a_folder_that_some_have_not_is_refused(root, tmp_path):
    said = by_readers([root, root, tmp_path / "nowhere"])
    assert all("no folder of pictures for some of the ranks" in sentence for sentence in said), said


def test_one_reader_reads_a_table_which_the_others_need_not_have(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("label,a,b,c,d\n" + "x,1,2,3,4\ny,5,6,7,8\n")
    calls, before = [], readers.read_table

    def noted(*given, **options):
        calls.append(given)
        return before(*given, **options)

    monkeypatch.setattr(readers, "read_table", noted)
    for found in by_readers([path, tmp_path / "not here.csv", tmp_path / "not here.csv"]):
        assert found.images.reshape(2, 4).tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]] and found.classes == ("x", "y")
    assert len(calls) == 1


@pytest.mark.parametrize("count", [0, 1, 3000, 5000])
def test_rows_are_packed_in_place(count, rng):
    array = rng.integers(0, 100, (5000, 2))
    kept = np.sort(rng.choice(5000, count, replace=False))
    wanted = array[kept]
    found = packed(array, kept)
    assert found.tolist() == wanted.tolist() and np.shares_memory(found, array) == (count > 0)
