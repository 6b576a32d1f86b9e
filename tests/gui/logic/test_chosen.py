"""Files that a user chooses may be devices and pipes, which give no end or nothing for ever: these are not read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fastcnn.errors import FastcnnError
from fastcnn.gui.logic.collection import Collection
from fastcnn.gui.logic.lesson.files import read_lesson


@pytest.fixture(params=["lesson", "collection"])
def read(request, tmp_path):
    return read_lesson if request.param == "lesson" else Collection(tmp_path / "drawings").import_from


def test_what_is_no_ordinary_file_is_not_read(read):
    with pytest.raises(FastcnnError, match=r"cannot read /dev/null \(it is not an ordinary file\)"):
        read(Path(os.devnull))


def test_what_cannot_be_read_is_named(read, tmp_path):
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "gone.json", "No such file or directory")):
        with pytest.raises(FastcnnError, match=rf"cannot read {path} \({reason}\)"):
            read(path)
