"""The light on a page: shadows are no ink, strokes along an edge are."""

import numpy as np
import pytest

from fastcnn.handwriting.paper.light import page_ink

HIGH, WIDE = 300, 440
PAPER, PEN = 220, 30


def _page(shade):
    """A page with a few strokes; shade: (H, W), the share of the light that falls on it."""
    page = np.full((HIGH, WIDE), PAPER, np.float64)
    for left in range(90, 360, 60):
        page[100:160, left : left + 6] = PEN
    return np.rint(page * shade).astype(np.uint8)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("soft_px", [1, 24])
def test_a_shadow_along_an_edge_is_no_ink(turns, soft_px):
    shade = np.interp(np.arange(WIDE), [WIDE - 22 - soft_px, WIDE - 22], [1.0, 0.55])
    plane = np.rot90(_page(np.broadcast_to(shade, (HIGH, WIDE))), turns)
    ink, reason, _ = page_ink(plane)
    assert reason is None and ink is not None
    strokes = np.rot90(_page(np.ones((HIGH, WIDE))) == PEN, turns)
    assert (ink[strokes] > 200).all()
    assert (ink[~strokes] < 64).all()


@pytest.mark.parametrize("turns", range(4))
def test_a_shadow_over_most_of_the_page_leaves_the_ink_dark(turns):
    page = np.full((440, 200), PAPER, np.float64)
    for left in range(20, 180, 40):
        page[20:400, left : left + 3] = PEN
    slanted = np.arange(200) + np.arange(440)[:, np.newaxis] * 0.1
    shaded = page * np.interp(slanted, [60, 64], [1.0, 0.5])
    ink, reason, _ = page_ink(np.rot90(np.rint(shaded).astype(np.uint8), turns))
    assert reason is None and ink is not None
    strokes = np.rot90(page == PEN, turns)
    assert (ink[strokes] > 150).all() and (ink[~strokes] < 64).mean() > 0.98


@pytest.mark.parametrize("turns", range(4))
def test_a_stroke_along_an_edge_is_ink(turns):
    page = _page(np.ones((HIGH, WIDE)))
    page[:6] = PEN
    ink, _, _ = page_ink(np.rot90(page, turns))
    assert ink is not None and (ink[np.rot90(page == PEN, turns)] > 200).all()
