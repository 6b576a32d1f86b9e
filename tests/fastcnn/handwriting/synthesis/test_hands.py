"""Ways made from parts: bows by hand, every way within reach, and the kinds that people write are among them."""

from collections import Counter

import numpy as np
import pytest

from fastcnn.handwriting.synthesis import hands
from fastcnn.handwriting.synthesis.hands import MAKERS, random_way
from fastcnn.handwriting.synthesis.parts import bow, pick, sharp, soft, way
from fastcnn.handwriting.synthesis.templates import WAYS, smooth, ways_of

COUNT = 400


@pytest.fixture(scope="module")
def made():
    """For each digit, COUNT ways as dense strokes."""
    rng = np.random.default_rng(4)
    ways = [[maker(rng) for _ in range(COUNT)] for maker in MAKERS]
    return [[[smooth(p, c) for p, c in zip(w.points, w.corners, strict=True)] for w in of_one] for of_one in ways]


def share(found):
    return sum(found) / COUNT


def test_bow_turns_clockwise_on_a_page_where_y_points_down():
    points = np.array([(x, y) for x, y, _ in bow(10, 20, 5, 8, 0, 180)])
    np.testing.assert_allclose(points[[0, 2, 4]], [(15, 20), (10, 28), (5, 20)], atol=1e-12)
    back = np.array([(x, y) for x, y, _ in bow(10, 20, 5, 8, 180, 0)])
    np.testing.assert_allclose(back, points[::-1], atol=1e-12)


def test_parts_make_a_way_with_corners_where_they_are_sharp():
    found = way(soft((0, 0)) + sharp((5, 0)) + soft((5, 9)), soft((1, 1), (2, 2)))
    np.testing.assert_array_equal(found.points[0], [(0, 0), (5, 0), (5, 9)])
    assert found.corners == ((False, True, False), (False, False))


def test_pick_goes_by_the_weights(rng):
    found = Counter(pick(rng, rare=1, often=3, never=0) for _ in range(4000))
    assert found["often"] / 4000 == pytest.approx(0.75, abs=0.03)
    assert set(found) == {"rare", "often"}


@pytest.mark.parametrize("digit", range(10))
def test_every_made_way_is_drawn_within_reach_of_its_box(made, digit):
    ends = [np.concatenate(strokes) for strokes in made[digit]]
    assert min(each.min() for each in ends) > -50
    assert max(each[:, 0].max() for each in ends) < 110
    assert max(each[:, 1].max() for each in ends) < 125
    assert min(np.ptp(each[:, 1]) for each in ends) > 40
    assert all(np.isfinite(each).all() for each in ends)


def test_the_same_seed_gives_the_same_way():
    for digit in range(10):
        first, second = (random_way(digit, np.random.default_rng(7)) for _ in range(2))
        assert first.corners == second.corners
        for a, b in zip(first.points, second.points, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_share_of_the_ways_is_made_from_parts(rng):
    fixed = {id(each) for each in ways_of(WAYS[8])}
    found = sum(id(random_way(8, rng)) in fixed for _ in range(2000)) / 2000
    assert found == pytest.approx(1 - hands.MADE, abs=0.05)


def test_zeros_are_open_or_have_a_bar_that_sticks_out_or_a_tail_inside(made):
    gaps = [np.hypot(*(strokes[0][0] - strokes[0][-1])) for strokes in made[0] if len(strokes) == 1]
    assert sum(25 < gap < 75 for gap in gaps) / COUNT > 0.1
    sticking = [
        len(strokes) == 2 and (strokes[1][:, 1].min() < strokes[0][:, 1].min() or np.ptp(strokes[1][:, 0]) > 70)
        for strokes in made[0]
    ]
    assert share(sticking) > 0.05
    assert share(len(strokes) == 1 and abs(strokes[0][-1, 0] - 30) < 12 for strokes in made[0]) > 0.02


def test_some_zeros_are_small_with_a_slash_that_is_longer_than_they_are_high(made):
    barred = [tuple(np.ptp(stroke, axis=0) for stroke in strokes) for strokes in made[0] if len(strokes) == 2]
    struck = [bar[1] > 1.3 * oval[1] and bar[0] > 25 and oval[1] < 70 for oval, bar in barred]
    assert 0.06 < sum(struck) / COUNT < 0.2


def test_ones_have_long_flags_bases_joined_or_apart_and_lean_to_both_sides(made):
    flags = [strokes[0][:, 0].max() - strokes[0][0, 0] for strokes in made[1] if len(strokes) < 3]
    assert sum(flag > 30 for flag in flags) / COUNT > 0.1
    assert share(strokes[0][0, 1] > 62 for strokes in made[1]) > 0.06  # from the foot
    assert share(len(strokes) == 2 and strokes[1][:, 1].min() > 85 for strokes in made[1]) > 0.1
    assert share(len(strokes) == 1 and strokes[0][-1, 0] > strokes[0][0, 0] + 25 for strokes in made[1]) > 0.1
    assert share(len(strokes) > 2 for strokes in made[1]) > 0.02  # thick


def test_sevens_are_crossed_or_not_with_and_without_a_foot(made):
    assert 0.3 < share(len(strokes) == 2 for strokes in made[7]) < 0.6
    assert share(strokes[0][-1, 1] < strokes[0][:, 1].max() - 2 for strokes in made[7]) > 0.1


def test_eights_are_one_stroke_or_two_circles_and_their_loops_differ(made):
    circles = [strokes for strokes in made[8] if len(strokes) == 2]
    assert 0.1 < len(circles) / COUNT < 0.4
    ratios = [np.ptp(lower[:, 1]) / np.ptp(upper[:, 1]) for upper, lower in circles]
    assert max(ratios) > 2.5
    assert min(ratios) < 1.2


def test_nines_end_far_left_below_or_at_the_right(made):
    ends = np.array([strokes[-1][-1, 0] for strokes in made[9]])
    assert (ends < -8).mean() > 0.02
    assert (ends > 45).mean() > 0.05
