"""The drawn icons: each has lines, inside its square, and follows the theme."""

from __future__ import annotations

import pytest
from PyQt5.QtCore import QRectF

from fastcnn.gui.widgets import colors
from fastcnn.gui.widgets.icons import LINE, SHAPES, SIDE, icon, path_of


@pytest.mark.parametrize("name", SHAPES)
def test_an_icon_lies_in_its_square(name):
    box = path_of(name).boundingRect()
    assert QRectF(0, 0, SIDE, SIDE).contains(box.adjusted(-LINE / 2, -LINE / 2, LINE / 2, LINE / 2))
    assert max(box.width(), box.height()) > SIDE / 3


def test_an_icon_has_the_colour_of_the_theme(qapp):
    made, before = icon("close"), colors.is_dark()
    try:
        for dark in (False, True):
            colors.use(dark)
            image = made.pixmap(48, 48).toImage()
            shown = {
                image.pixelColor(x, y).name()
                for x in range(48)
                for y in range(48)
                if image.pixelColor(x, y).alpha() == 255
            }
            assert shown == {colors.name_of("text")}
    finally:
        colors.use(before)
