"""Which pictures of the window are taken: one of each page, whatever pages there are."""

import pytest

pytest.importorskip("PyQt5.QtWidgets", exc_type=ImportError)

from fastcnn.bench.window import screenshots
from tests.conftest import ROOT


class Tabs:
    def __init__(self, names):
        self._names = names

    def count(self):
        return len(self._names)

    def tabToolTip(self, index):  # noqa: N802
        return self._names[index]


class Window:
    def __init__(self, *names):
        self.tabs = Tabs(names)
        self.program = self
        self.language = ""

    def use_language(self, name):
        self.language = name


def test_each_page_but_the_answer_has_a_picture_of_its_name():
    window = Window("Answer", "Inside", "My hand", "New page")
    shots = screenshots.of_pages(window)
    assert [(shot.name, shot.page) for shot in shots] == [(name, name) for name in ("inside", "my-hand", "new-page")]
    assert [shot.mode for shot in shots] == [screenshots.MNIST, screenshots.HAND, screenshots.HAND]
    assert window.language == "en"  # the names are those of the sources


def test_the_pictures_in_the_documentation_are_those_that_are_taken():
    taken = {shot.name for shot in screenshots.SHOTS}
    kept = {path.stem for path in (ROOT / "docs" / "screenshots").glob("*.png")}
    assert kept - taken == {"inside", "mistakes", "experiment", "my-hand", "training"}
    assert taken <= kept
