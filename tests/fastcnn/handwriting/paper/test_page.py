"""From a picture of a page to its ink: sheets, light, rules and frames; ordinary drawings are left alone."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from fastcnn.bench.accuracy.paper import homography
from fastcnn.handwriting.drawings import Pose, draw
from fastcnn.handwriting.paper.inked import Inked
from fastcnn.handwriting.paper.light import page_ink
from fastcnn.handwriting.paper.page import find_page, quarter_turned
from fastcnn.handwriting.paper.rules import remove_rules
from fastcnn.handwriting.paper.sheet import find_sheet, straighten
from fastcnn.handwriting.preparation import reasons
from fastcnn.handwriting.preparation.components import label_components
from fastcnn.handwriting.synthesis.templates import WAYS, parse, smooth


def drawn(digit, side=120, pen=16.0):
    """The first way of writing a digit, white on black."""
    way = parse(WAYS[digit][0])
    strokes = [smooth(points, corners) for points, corners in zip(way.points, way.corners, strict=True)]
    return draw(strokes, Pose(0.8, pen, 0.5, 0.5), side)


def page(*digits, paper=235, ink=40):
    """Digits in a row, dark on light, with empty paper round them."""
    row = np.hstack([drawn(digit) for digit in digits]).astype(np.float64) / 255
    row = np.pad(row, 60)
    return np.rint(paper + (ink - paper) * row).astype(np.uint8)


def with_lines(picture, pitch, width, grey, across=True, down=False, first=20):
    """Lines over a picture, where it is lighter."""
    lined = picture.copy()
    for start in range(first, picture.shape[0], pitch) if across else ():
        lined[start : start + width] = np.minimum(lined[start : start + width], grey)
    for start in range(first, picture.shape[1], pitch) if down else ():
        lined[:, start : start + width] = np.minimum(lined[:, start : start + width], grey)
    return lined


def overlap(one, other):
    """The share of ink that two planes have in common."""
    one, other = one >= 100, other >= 100
    return (one & other).sum() / max(1, (one | other).sum())


@pytest.mark.parametrize(("longest", "kept"), [(1999, 1999), (2000, 2000), (2001, 1001), (4001, 1334)])
@pytest.mark.parametrize("upright", [False, True])
def test_only_pages_of_more_than_2000_pixels_are_averaged_down(longest, kept, upright):
    """With half of its pixels, a page of 1,300 had rules and thin pens of the same width."""
    picture = np.full((90, longest), 235, np.uint8)
    picture[20:70, 300:330] = 40
    assert max(find_page(picture.T if upright else picture).ink.shape) == kept


@pytest.mark.parametrize("grey", [40, 170], ids=["dark", "pale"])
@pytest.mark.parametrize("down", [False, True], ids=["ruled", "squared"])
def test_rules_are_removed_and_strokes_that_cross_them_stay(grey, down):
    plain = page(3, 8, 2)
    ruled = with_lines(plain, 37, 3, grey, down=down)
    found = find_page(ruled)
    assert found.changed
    # Ink that lies along a rule cannot be told from it. All other ink stays, and a digit does not fall to pieces.
    on_rules = np.asarray(Image.fromarray(with_lines(np.full_like(plain, 235), 37, 3, 0, down=down) == 0).filter(
        ImageFilter.MaxFilter(5)))  # fmt: skip
    away = np.where(on_rules, 0, 1).astype(np.uint8)
    assert overlap(found.ink * away, page_ink(plain)[0] * away) > 0.95
    assert label_components(found.ink >= 64)[1] == 3


def test_a_frame_and_an_underline_are_removed():
    plain = page(3, 8, 2)
    image = Image.fromarray(plain)
    ImageDraw.Draw(image).rectangle((20, 20, plain.shape[1] - 20, plain.shape[0] - 20), outline=40, width=4)
    ImageDraw.Draw(image).line((60, 172, plain.shape[1] - 60, 174), 40, 4)
    found = find_page(image)
    assert found.changed
    assert overlap(found.ink, page_ink(plain)[0]) > 0.95


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize("cropped", [False, True])
def test_strokes_of_digits_are_no_rules(digit, cropped):
    picture = drawn(digit, 280)
    if cropped:
        rows, columns = np.nonzero(picture)
        picture = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    page = Inked(picture)
    assert remove_rules(page) is page


def test_a_sheet_on_a_table_is_straightened():
    plain = page(3, 8, 2)
    height, width = plain.shape
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    seen = np.array([(70, 40), (490, 80), (470, 300), (50, 270)], np.float64)
    numbers = homography(seen, corners)
    image = Image.fromarray(plain).transform((560, 350), Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BICUBIC)
    inside = Image.new("L", plain.shape[::-1], 255).transform((560, 350), Image.Transform.PERSPECTIVE, numbers)
    table = np.where(np.asarray(inside) > 127, np.asarray(image), np.uint8(50))
    found = find_sheet(table)
    assert found is not None
    np.testing.assert_allclose(found, seen, atol=9)  # the rim is left out
    straight, _ = straighten(table, found)
    assert straight.min(axis=0).max() <= 240
    assert (straight[0] > 200).all() and (straight[:, -1] > 200).all()
    assert find_page(table).changed


@pytest.mark.parametrize("make", [lambda: page(3, 8), lambda: 255 - page(0, 0), lambda: drawn(1, pen=60.0)])
def test_a_page_without_a_table_is_no_sheet(make):
    assert find_sheet(make()) is None


def test_a_hard_shadow_is_no_ink():
    plain = page(3, 8, 2)
    shadow = plain.astype(np.float64)
    shadow *= np.clip(1 - (np.arange(plain.shape[1]) - 200) / 12, 0.5, 1)  # no edge of a shadow is sharper
    found = find_page(np.rint(shadow).astype(np.uint8))
    assert found.reason is None
    assert overlap(found.ink, page_ink(plain)[0]) > 0.95


def test_light_ink_on_dark_is_found_too():
    plain = page(3, 8, 2)
    assert overlap(page_ink(255 - plain)[0], page_ink(plain)[0]) > 0.95


@pytest.mark.parametrize(("ink", "reason"), [(235, reasons.BLANK), (222, reasons.FAINT)])
def test_why_there_is_no_ink(ink, reason):
    assert page_ink(page(3, 8, ink=ink)) == (None, reason, False)


def test_places_are_those_of_the_picture():
    plain = page(3, 8, 2)
    found = find_page(plain)
    np.testing.assert_array_equal(found.view, np.eye(3))
    turned = quarter_turned(found, 1)
    # The top left corner of the turned ink was the top right corner of the page.
    x, y, scale = turned.view @ (0, 0, 1)
    assert (x / scale, y / scale) == (plain.shape[1], 0)
    assert turned.ink.shape == plain.shape[::-1]
    np.testing.assert_array_equal(quarter_turned(found, 4).ink, found.ink)


def test_rules_turn_the_page_back():
    plain = with_lines(page(3, 8, 2), 40, 2, 150, down=True)
    image = Image.fromarray(plain).rotate(4, Image.Resampling.BICUBIC, fillcolor=235)
    found = find_page(image)
    slope = found.view[1, 0]
    assert abs(np.rad2deg(np.arcsin(slope)) + 4) < 0.5
    assert found.changed


def cut_frame(*, ink, paper=225, thick=9, wave=8):
    """A digit, and round it a frame by hand that the picture's edges cut to pieces."""
    picture = page(3, paper=paper, ink=ink)[40:-40, 40:-40]
    height, width = picture.shape
    for place in range(max(height, width)):
        shift = round(wave * np.sin(place / 17)) - 4
        edge = slice(max(0, shift), max(0, shift + thick))
        for view in (picture, picture[::-1], picture.T, picture.T[::-1]):
            view[edge, place : place + 1] = ink
    return picture


@pytest.mark.parametrize("ink", [40, 120], ids=["dark", "pale"])
def test_pieces_of_a_frame_that_the_edges_cut_are_removed(ink):
    found = find_page(cut_frame(ink=ink))
    plain = page_ink(page(3, paper=225, ink=ink)[40:-40, 40:-40])[0]
    assert found.changed
    assert overlap(found.ink, plain) > 0.9


def test_digit_that_an_edge_cuts_stays():
    plain = page(3, 8, 2)[:, 75:]  # a third of the 3 is left
    found = find_page(plain)
    assert label_components(found.ink >= 64)[1] == 3
