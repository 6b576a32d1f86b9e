"""Which pictures of the window are taken: one of each page, whatever pages there are."""

from types import SimpleNamespace

import pytest

pytest.importorskip("PyQt5.QtWidgets", exc_type=ImportError)
pytest.importorskip("pytestqt", exc_type=ImportError)

from fastcnn.bench.window import screenshots
from tests.conftest import ROOT


def test_each_page_but_the_answer_has_a_picture_of_its_name():
    shots = screenshots.of_pages(["answer", "inside", "my-hand", "new-page"])
    assert [(shot.name, shot.page) for shot in shots] == [(name, name) for name in ("inside", "my-hand", "new-page")]
    assert [shot.mode for shot in shots] == [screenshots.MNIST, screenshots.HAND, screenshots.HAND]


def test_pages_are_named_as_the_documentation_names_their_pictures(qtbot):
    from PyQt5.QtWidgets import QWidget

    from fastcnn.gui.widgets.tabs import Tabs

    tabs = Tabs()
    qtbot.addWidget(tabs)
    for _ in range(2):
        tabs.addTab(QWidget(), "")
    tabs.show_names([("Answer", "Answer"), ("My hand", "Hand")])
    assert screenshots.page_names(SimpleNamespace(tabs=tabs)) == ["answer", "my-hand"]


def test_the_pictures_in_the_documentation_are_those_that_are_taken():
    taken = {shot.name for shot in screenshots.SHOTS}
    kept = {path.stem for path in (ROOT / "docs" / "screenshots").glob("*.png")}
    table = (ROOT / "docs" / "window.md").read_text(encoding="utf-8").partition("| page |")[2].partition("\n\n")[0]
    pages = [row.split("|")[1].strip() for row in table.splitlines()[2:]]
    assert pages[0] == "Answer"
    assert kept - taken == {page.lower().replace(" ", "-") for page in pages[1:]}
    assert taken <= kept


def test_every_page_is_looked_at_in_each_language_theme_and_size():
    shots = screenshots.every(["answer", "my-hand"])
    assert len({shot.name for shot in shots}) == len(shots) == 2 * 2 * 2 * 4
    assert {(shot.width, shot.height, shot.scale) for shot in shots} >= {(1024, 768, 1), (1280, 800, 1)}
    assert {shot.scale for shot in shots} == {1, 1.5, 2}
    assert {(shot.page, shot.language, shot.theme) for shot in shots} == {
        (page, language, theme)
        for page in ("answer", "my-hand")
        for language in ("en", "zh_CN")
        for theme in ("light", "dark")
    }
