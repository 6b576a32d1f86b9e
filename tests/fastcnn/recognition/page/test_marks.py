"""Small parts: which belong to a digit, and which are signs."""

import numpy as np
import pytest

from fastcnn.recognition.page.marks import DASH, find_marks
from fastcnn.recognition.page.parts import find_parts_of_page


@pytest.mark.parametrize("gap", [-6, 0, 2])
@pytest.mark.parametrize(("row", "signs"), [(20, [""]), (24, [""]), (42, ["", DASH])])
def test_a_flat_part_high_at_the_right_is_the_bar_of_a_5(row, signs, gap):
    """The digit is 50 high and 30 wide; the part is 30 wide and 6 high, at its upper right or at its middle."""
    ink = np.zeros((100, 160), np.uint8)
    ink[35:70, 40 : 46 + min(gap, 0)] = ink[20:70, 20:26] = ink[64:70, 20:50] = ink[20:26, 20:36] = 255
    ink[row : row + 6, 50 + gap : 80 + gap] = 255
    parts = find_parts_of_page(ink)
    assert [mark.sign for mark in find_marks(parts, list(range(parts.count)))] == signs
