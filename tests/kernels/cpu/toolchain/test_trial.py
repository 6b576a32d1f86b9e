"""When a team of threads has its turn, by the times of the runs before."""

from fastcnn.kernels.cpu.toolchain import trial


def runs(tried, clock, took_s, without_s, count, pause_s=0.0):
    """Which of so many runs are the team's, where it takes took_s; clock : a list with the time, which goes on."""
    found = []
    for _ in range(count):
        clock[0] += pause_s
        start_s = clock[0]
        found.append(tried.has_turn(start_s))
        clock[0] += took_s if found[-1] else without_s
        if found[-1]:
            tried.ran(start_s, clock[0])
        else:
            tried.ran_without(start_s, clock[0])
    return found


def test_a_team_that_was_slow_leaves_the_next_runs_to_one_thread(monkeypatch):
    monkeypatch.setattr(trial, "LOST_S", 7.0)
    tried, clock = trial.Trial(), [0.0]
    found = runs(tried, clock, 3.0, 1.0, 40)
    # Eight runs tell how long it takes without; four slow runs of the team double the runs without it.
    assert [at for at, own in enumerate(found) if own] == [
        *range(8, 12),
        *range(14, 18),
        *range(22, 26),
        *range(34, 38),
    ]


def test_it_leaves_them_for_some_time_too(monkeypatch):
    monkeypatch.setattr(trial, "LOST_S", 0.001)
    tried, clock = trial.Trial(), [0.0]
    runs(tried, clock, 0.003, 0.0001, trial.FIRST_WITHOUT + 1)
    left_s = clock[0]
    while not tried.has_turn(clock[0]):
        runs(tried, clock, 0.003, 0.0001, 1)
    assert clock[0] - left_s >= trial.MOST_S * trial.LEAST_SHARE
    assert clock[0] - left_s < 2 * trial.MOST_S * trial.LEAST_SHARE


def test_a_fast_team_has_all_turns_but_those_that_look_again():
    tried, clock = trial.Trial(), [0.0]
    runs(tried, clock, 0.5, 1.0, trial.FIRST_WITHOUT)
    found = runs(tried, clock, 0.5, 1.0, 2 * (trial.LOOK_EVERY + 1))
    assert [at for at, own in enumerate(found) if not own] == [trial.LOOK_EVERY, 2 * trial.LOOK_EVERY + 1]


def test_a_run_that_was_interrupted_counts_little():
    tried, clock = trial.Trial(), [0.0]
    runs(tried, clock, 1.0, 1.0, trial.FIRST_WITHOUT)
    tried.ran_without(clock[0], clock[0] + 1000.0)
    assert tried._without_s == 1.0 + trial.LATELY


def test_a_short_run_after_a_pause_wakes_nobody():
    tried, clock = trial.Trial(), [0.0]
    short_s = trial.LONG_S / 2
    runs(tried, clock, short_s / 2, short_s, trial.FIRST_WITHOUT)
    assert not any(runs(tried, clock, short_s / 2, short_s, 20, pause_s=2.1 * short_s))
    assert all(runs(tried, clock, short_s / 2, short_s, 20, pause_s=1.9 * short_s))
    assert all(runs(tried, clock, short_s / 2, short_s, 20))


def test_a_long_run_has_a_team_after_any_pause():
    tried, clock = trial.Trial(), [0.0]
    long_s = 2 * trial.LONG_S
    runs(tried, clock, long_s / 2, long_s, trial.FIRST_WITHOUT)
    assert all(runs(tried, clock, long_s / 2, long_s, 20, pause_s=100 * long_s))
