"""CSV tables: Kaggle's form and its relatives, and one sentence for each thing that can be wrong."""

from __future__ import annotations

import io

import numpy as np
import pytest

from fastcnn import load_mnist
from fastcnn.data import DataError, load_data, tables

PIXELS = np.array([[0, 10, 20, 255], [1, 2, 3, 4], [9, 8, 7, 6]], np.uint8)


def lines(labels, pixels=PIXELS, delimiter=",", last=False):
    rows = []
    for label, row in zip(labels, pixels, strict=True):
        cells = [*map(str, row.tolist())]
        rows.append(delimiter.join([*cells, str(label)] if last else [str(label), *cells]))
    return rows


def write(path, rows, encoding="utf-8"):
    path.write_bytes(("\n".join(rows) + "\n").encode(encoding, "surrogateescape"))
    return path


def refused(path, **options):
    with pytest.raises(DataError) as caught:
        load_data(path, **options)
    sentence = str(caught.value)
    assert str(path) in sentence and "\n" not in sentence
    assert len(sentence.replace(str(path.parent), "")) <= 200
    return sentence


HEADER = "label,pixel0,pixel1,pixel2,pixel3"


def check(data, labels, classes):
    assert data.images.shape == (3, 1, 2, 2) and data.images.dtype == np.uint8
    assert (data.images.reshape(3, 4) == PIXELS).all()
    assert (data.labels.tolist(), data.classes) == (labels, classes)
    assert data.test is None


def test_kaggles_form(tmp_path):
    check(load_data(write(tmp_path / "train.csv", [HEADER, *lines([5, 3, 5])])), [1, 0, 1], ("3", "5"))


def test_kaggles_mnist_has_mnists_pictures(tmp_path):
    (images, labels), _ = load_mnist(normalize=False)
    images, labels = images[:2500], labels[:2500]  # more than the rows that are parsed at a time
    header = ",".join(["label", *(f"pixel{number}" for number in range(784))])
    data = load_data(write(tmp_path / "train.csv", [header, *lines(labels, images.reshape(-1, 784))]))
    assert (data.images == images).all() and (data.labels == labels).all()
    assert data.classes == tuple("0123456789")


@pytest.mark.parametrize(
    "rows",
    [
        lines([5, 3, 5]),  # no header: the label comes first
        ["pixel1,pixel2,pixel3,pixel4,class", *lines([5, 3, 5], last=True)],  # as openml gives MNIST
        ["0,1,label,2,3", "0,10,5,20,255", "1,2,3,3,4", "9,8,5,7,6"],
        ["Label;a;b;c;d", *lines([5, 3, 5], delimiter=";")],
        ["label\ta\tb\tc\td", *lines([5, 3, 5], delimiter="\t")],
        ["label,0,1,2,3", *lines([5, 3, 5])],  # pandas numbers columns
        [HEADER, *lines(["5.0", "3.0", "5"])],
        [HEADER, *lines(['"5"', "3", "5"])],
        [HEADER, "", *lines([5, 3, 5]), ""],
    ],
)
def test_other_forms_of_the_same_table(tmp_path, rows):
    check(load_data(write(tmp_path / "t.csv", rows)), [1, 0, 1], ("3", "5"))


def test_lines_of_windows_and_a_mark_of_the_encoding(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(("\ufeff" + "\r\n".join([HEADER, *lines([5, 3, 5])])).encode())
    check(load_data(path), [1, 0, 1], ("3", "5"))


def test_labels_that_are_names(tmp_path):
    rows = [HEADER, *lines(["dog", '"a cat, asleep"', " dog "])]
    check(load_data(write(tmp_path / "t.csv", rows)), [1, 0, 1], ("a cat, asleep", "dog"))


def test_labels_from_1_to_n(tmp_path):
    check(load_data(write(tmp_path / "t.csv", lines([10, 2, 1]))), [2, 1, 0], ("1", "2", "10"))


def test_shares_of_white(tmp_path):
    rows = ["1,0,0.5,1,0.2", "2,1,1,1,0"]
    data = load_data(write(tmp_path / "t.csv", rows))
    assert data.images.reshape(2, 4).tolist() == [[0, 128, 255, 51], [255, 255, 255, 0]]  # 127.5 to the even number


def test_pictures_of_zeros_and_ones(tmp_path):
    assert load_data(write(tmp_path / "t.csv", ["1,0,1,1,0", "2,1,1,0,0"])).images.max() == 255


def test_sizes(tmp_path):
    row = [*map(str, range(12))]
    path = write(tmp_path / "t.csv", [",".join(["1", *row]), ",".join(["2", *row])])
    assert "12 pixels a row, no square picture" in refused(path) and "three numbers a pixel" in refused(path)
    assert load_data(path, size=(3, 4)).images[0, 0].tolist() == np.arange(12).reshape(3, 4).tolist()
    coloured = load_data(path, size=2).images[0]
    assert coloured.shape == (3, 2, 2) and coloured[:, 0, 1].tolist() == [3, 4, 5]
    assert "not 5 x 5" in refused(path, size=5)
    with pytest.raises(ValueError, match="channels has no effect"):
        load_data(path, channels=1)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "is empty"),
        ([HEADER], "a header and no rows"),
        (["pixel0,pixel1,pixel2,pixel3", "1,2,3,4"], "no column named label"),
        ([*map(str, [",".join(map(str, range(5)))]), "1,2,3,4,5"], "no column named label"),  # numbered columns
        (["5"], "1 columns"),
        ([HEADER, *lines([5, 3, 5]), "5,1,2,3"], "has 4 columns in line 5 and 5 before"),
        ([HEADER, *lines([5, 3, 5]), "5,1,2,3,4,5"], "has 6 columns in line 5"),
        ([HEADER, "5,1,2,x,4", "3,1,2,3,4"], "no number in line 2"),
        ([HEADER, "5,1,2,3,4", "3,1,,3,4"], "no number in line 3"),
        ([HEADER, "5,1,2,3,4", "3,1,nan,3,4"], "outside 0 to 255 in line 3"),
        ([HEADER, "5,1,2,3,4", "3,1,256,3,4"], "outside 0 to 255 in line 3"),
        ([HEADER, "5,1,2,3,4", "3,1,-1,3,4"], "outside 0 to 255 in line 3"),
        ([HEADER, "5,1,2,3,4", ",1,2,3,4"], "no label, or a very long one, in line 3"),
        ([HEADER, "5,1,2,3,4", f"{'x' * 500},1,2,3,4"], "no label, or a very long one, in line 3"),
        ([HEADER, "5,1,2,3,4", "2.5,1,2,3,4"], "the label 2.5"),
        ([f",{HEADER}", *(f"{row},{label},1,2,3,4" for row, label in enumerate("abc"))], "a column besides the label"),
        ([HEADER, "5,1,2,3,4", "5,1,2,3,4"], "one class only"),
        ([HEADER, "a,1,2,3,4", "A,1,2,3,4"], "capitals only"),
        ([HEADER, *(f"{number},1,2,3,4" for number in range(1001))], "1,001 different labels"),
        ([HEADER, "5,1,2,3,4", '"5,' + "1," * 100_000], "no table of pictures or is damaged"),  # it is never closed
    ],
)
def test_wrong_tables(tmp_path, rows, words):
    assert words in refused(write(tmp_path / "t.csv", rows))


def test_a_table_without_labels_is_told_what_it_lacks(tmp_path):
    """Kaggle's test.csv."""
    header = ",".join(f"pixel{number}" for number in range(784))
    sentence = refused(write(tmp_path / "test.csv", [header, ",".join(["0"] * 784)]))
    assert "no column named label" in sentence and "without labels cannot be learned from" in sentence


def test_ten_million_columns_are_not_read(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_bytes(b"5" + b",0" * 10_000_000)
    monkeypatch.setattr(tables, "_cells", lambda *_: pytest.fail("the line was taken apart"))
    assert "in line 1; it is no table of pictures" in refused(path)


def test_a_long_line_further_down_is_not_read(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"5,1,2,3,4\n5" + b",0" * 10_000_000)
    assert "in line 2" in refused(path)


def test_other_encodings(tmp_path):
    assert "UTF-8" in refused(write(tmp_path / "t.csv", [HEADER, *lines([5, 3, 5])], "utf-16"))
    rows = [HEADER, *lines(["caf\udce9", "th\udce9", "a"])]  # Latin-1
    assert "cannot be shown" in refused(write(tmp_path / "u.csv", rows))


def test_a_table_beyond_the_memory(tmp_path, monkeypatch):
    from fastcnn.data import room

    monkeypatch.setattr(room, "free_bytes", lambda: 0)
    assert "GB of memory" in refused(write(tmp_path / "t.csv", lines([5, 3, 5])))


def test_rows_are_read_one_after_the_other():
    """A file is never held as text in whole."""

    class Counted(io.StringIO):
        def read(self, *_):
            pytest.fail("the whole file was read")

    images, labels = tables._read(Counted("\n".join(lines([5, 3, 5]))), "x.csv")
    assert images.shape == (3, 4) and labels == ["5", "3", "5"]
