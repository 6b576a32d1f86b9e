"""Statistics and turns: against hand-worked numbers and a record of who was called when."""

import pytest

from fastcnn.bench.harness import timing
from fastcnn.bench.harness.timing import Rival, Timing, compare, geometric_mean, interleave, time_turn


def test_summary_of_hand_worked_samples():
    timing = Timing((5.0, 1.0, 4.0, 2.0, 3.0))
    assert timing.summary() == {
        "median_s": 3.0,
        "lower_quartile_s": 2.0,
        "upper_quartile_s": 4.0,
        "fastest_s": 1.0,
        "calls": 5,
    }


def test_one_sample_is_its_own_quartiles():
    assert Timing((2.0,)).quartiles == (2.0, 2.0)


def test_percentile_is_the_first_sample_behind_the_share():
    timing = Timing(tuple(float(i) for i in range(100, 0, -1)))
    assert timing.percentile(0.99) == 100.0
    assert timing.percentile(0.5) == 51.0


def test_one_slow_call_moves_neither_median_nor_quartiles():
    usual, disturbed = Timing((1.0,) * 9), Timing((1.0,) * 8 + (1000.0,))
    assert disturbed.median == usual.median and disturbed.quartiles == usual.quartiles


def test_rivals_take_turns():
    order = []
    rivals = [Rival(name, lambda turn_s, name=name: order.append(name) or [1.0]) for name in "ABC"]
    timings = interleave(rivals, rounds=3, turn_s=0.0, pause_s=0.0)
    assert "".join(order) == "ABCABCABC"
    assert {name: len(timing.samples) for name, timing in timings.items()} == {"A": 3, "B": 3, "C": 3}


def test_two_rivals_of_one_name_are_refused():
    rivals = [Rival("same", lambda turn_s: [1.0])] * 2
    with pytest.raises(ValueError, match="different names"):
        interleave(rivals, rounds=1, turn_s=0.0)


def test_a_turn_has_at_least_one_call_and_at_most_the_most():
    calls = []
    assert len(time_turn(lambda: calls.append(1), 0.0)) == 1
    assert len(time_turn(lambda: calls.append(1), 60.0, most=7)) == 7
    assert len(calls) == 8


def test_the_best_of_the_others_counts():
    timings = {
        "ours": Timing((2.0, 2.0)),
        "slow": Timing((9.0, 9.0)),
        "fast": Timing((6.0, 8.0)),
        "out": Timing((1.0,)),
    }
    found = compare(timings, "ours", ["slow", "fast"])
    assert (found["rival"], found["ratio"], found["ratio_of_fastest"]) == ("fast", 3.5, 3.0)


def test_twice_and_half_as_fast_are_even():
    assert geometric_mean([2.0, 0.5]) == pytest.approx(1.0)
    assert geometric_mean(iter([1.0, 8.0])) == pytest.approx(8**0.5)


def test_long_rounds_end_early_but_not_before_the_least(monkeypatch):
    """Each turn takes 10 s of a clock that only turns move: rounds end at 20, 40, 60, 80 s."""
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def turn(turn_s):
        now[0] += 10.0
        return [1.0]

    rivals = [Rival(name, turn) for name in "AB"]
    for most_s, rounds in ((0.0, timing.LEAST_ROUNDS), (70.0, 4), (1e9, 6)):
        found = interleave(rivals, rounds=6, turn_s=0.0, pause_s=0.0, most_s=most_s)
        assert [len(each.samples) for each in found.values()] == [rounds, rounds]
