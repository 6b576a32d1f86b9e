"""Decide by measured times whether a team of threads computes the next run, or one thread without it."""

from math import inf

FIRST_WITHOUT, MOST_WITHOUT = 8, 32  # runs without a team
MOST_S = 0.1  # without a team
LEAST_SHARE = 1 / 16  # of both, the first time
LOST_S = 0.003  # by runs of a team, until it is left: the system moves threads to other cores within 1 to 2 ms
LOOK_EVERY = 64  # runs of a team, after which one without it tells again how long that takes
LATELY = 0.125  # weight of a slower run without a team: the clock of a CPU changes
# A team's threads sleep soon after a run. To wake them for a run shorter than LONG_S takes longer than they save. So it
# has no team after a pause that is RESTED times as long as the run.
RESTED, LONG_S = 2.0, 0.0006


class Trial:
    """Whether a team is faster, as the runs lately say; times are in seconds.

    The first runs are without a team. A team whose runs have lost LOST_S leaves the next ones: twice as many each time,
    up to MOST_WITHOUT, and for some time. It has some time to show its speed, because its first runs wake its threads,
    perhaps on one core. Nor is a short run the team's that comes after a pause: the threads sleep.
    """

    def __init__(self) -> None:
        self._without_s = inf  # what a run takes without a team, lately, if nothing disturbs it
        self._left, self._until_s = FIRST_WITHOUT, 0.0  # runs without a team from now on, and until when
        self._share = LEAST_SHARE  # of the most runs and time without a team, when it is left next
        self._lost_s, self._runs = 0.0, 0  # by runs of the team, and how many these are
        self._ended_s = 0.0  # the last run of either kind

    def has_turn(self, now_s: float) -> bool:
        """Whether the next run is the team's."""
        awake = self._without_s >= LONG_S or now_s - self._ended_s < RESTED * self._without_s
        return awake and self._left == 0 and now_s >= self._until_s

    def ran_without(self, start_s: float, end_s: float) -> None:
        """It was a run without the team."""
        self._ended_s = end_s
        took_s = min(end_s - start_s, 2 * self._without_s)  # it may have been interrupted
        rise_s = took_s - self._without_s
        self._without_s = took_s if rise_s < 0 else self._without_s + LATELY * rise_s
        self._left = max(0, self._left - 1)

    def ran(self, start_s: float, end_s: float) -> None:
        """The team ran."""
        self._ended_s = end_s
        self._runs += 1
        if self._runs % LOOK_EVERY == 0:
            self._left = 1
        self._lost_s = max(0.0, self._lost_s + end_s - start_s - self._without_s)
        if self._lost_s == 0:
            self._share = LEAST_SHARE
        if self._lost_s > LOST_S:
            self._left, self._until_s = round(self._share * MOST_WITHOUT), end_s + self._share * MOST_S
            self._share, self._lost_s = min(1.0, 2 * self._share), 0.0
