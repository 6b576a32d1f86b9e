"""The time that is left: by hand-worked numbers, with a clock that the test sets."""

from fastcnn.gui.logic.pace import Pace


def _pace():
    now = [100.0]
    return Pace(lambda: now[0]), now


def test_a_quarter_in_ten_seconds_leaves_thirty():
    pace, now = _pace()
    assert pace.left_s(0.0) is None
    now[0] += 10
    assert pace.left_s(0.25) == 30


def test_what_was_done_before_does_not_count():
    pace, now = _pace()
    pace.left_s(0.5)  # resumed in the middle
    now[0] += 10
    assert pace.left_s(0.75) == 10


def test_a_pause_does_not_count():
    pace, now = _pace()
    pace.left_s(0.0)
    now[0] += 10
    assert pace.left_s(0.5, works=False) is None
    now[0] += 1000
    assert pace.left_s(0.5) == 10


def test_nothing_is_said_of_the_first_moments_or_without_progress():
    pace, now = _pace()
    pace.left_s(0.0)
    now[0] += 1
    assert pace.left_s(0.1) is None
    pace.left_s(0.0)
    now[0] += 60
    assert pace.left_s(0.0) is None


def test_another_work_begins_anew():
    pace, now = _pace()
    pace.left_s(0.0)
    now[0] += 50
    pace.left_s(0.9)
    pace.left_s(0.0)
    now[0] += 10
    assert pace.left_s(0.5) == 10
