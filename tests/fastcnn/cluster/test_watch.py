"""Which process of a job ended first, seen on small processes that are no ranks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fastcnn.cluster.watch import ENDS, LAUNCHER, SEEN, Watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ends cannot be watched")

RANKS = 5
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
LIMIT_S = 60
ROOT = Path(__file__).resolve().parents[3]


def until(is_so):
    limit = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < limit
        time.sleep(0.001)


class Job:
    """A launcher and ranks that sleep; `late` holds back the watcher's thread when it is told of an end."""

    def __init__(self, folder):
        self.folder, self.late = folder, threading.Event()
        self.launcher = subprocess.Popen(SLEEP)
        self.ranks = [subprocess.Popen(SLEEP) for _ in range(RANKS)]
        self.watch = Watch(self.launcher.pid, folder, RANKS)
        poll, late = self.watch._events.poll, self.late

        class Late:
            """The kernel's list, which is not read while somebody kills."""

            def poll(self, timeout, count):
                if timeout is None:
                    assert late.wait(LIMIT_S)
                return poll(timeout, count)

            def __getattr__(self, name):
                return getattr(events, name)

        events, self.watch._events = self.watch._events, Late()
        self.watch.start()

    def begin(self, ranks=range(RANKS)):
        for rank in ranks:
            (self.folder / str(rank)).write_text(str(self.ranks[rank].pid))
        until(lambda: all((self.folder / f"{rank}{SEEN}").exists() for rank in ranks))

    def kill(self, *processes):
        """Kill processes one after the other, as a launcher does, which waits for each."""
        for process in processes:
            process.kill()
            process.wait(LIMIT_S)

    def killed(self):
        self.late.set()
        return self.watch.killed()


@pytest.fixture
def job(tmp_path):
    made = Job(tmp_path)
    yield made
    for process in (*made.ranks, made.launcher):
        process.kill()
        process.wait(LIMIT_S)


@pytest.mark.parametrize("first", range(RANKS))
@pytest.mark.parametrize("backwards", [False, True])
def test_the_first_dead_is_named_even_if_all_are_dead_when_the_watcher_wakes(job, first, backwards):
    job.begin()
    others = [rank for rank in job.ranks if rank is not job.ranks[first]]
    job.kill(job.ranks[first], *(others[::-1] if backwards else others), job.launcher)
    assert job.killed() == first


def test_the_others_may_be_killed_at_once(job):
    job.begin()
    os.kill(job.ranks[2].pid, signal.SIGKILL)
    os.waitid(os.P_PID, job.ranks[2].pid, os.WEXITED | os.WNOWAIT)  # what a launcher waits for; it has not taken it
    for process in (*job.ranks[:2], *job.ranks[3:]):
        process.kill()
    job.kill(*job.ranks, job.launcher)
    assert job.killed() == 2


def test_a_killed_launcher_is_named(job):
    job.begin()
    job.kill(job.launcher, *job.ranks)
    assert job.killed() == LAUNCHER


def test_a_rank_that_ends_by_itself_was_not_killed(job):
    job.begin()
    (job.folder / f"1{ENDS}").touch()
    job.kill(job.ranks[1], job.ranks[3], job.ranks[0], job.launcher)
    assert job.killed() == 3


def test_a_rank_that_dies_before_it_is_watched(job):
    job.begin([0, 1])
    job.kill(job.ranks[2])
    job.begin([2, 3, 4])
    job.kill(job.ranks[0], job.launcher)
    assert job.killed() == 2


WITH_ITS_STARTER = """
import sys, threading, time
from pathlib import Path
from fastcnn.cluster.watch import end_with
try:
    threading.Thread(target=end_with, args=(int(sys.argv[1]), Path(sys.argv[2])), daemon=True).start()
    print("begun", flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("is_early", [False, True])
@pytest.mark.parametrize("has_said_all", [False, True])
def test_a_rank_ends_with_its_starter(has_said_all, is_early, tmp_path):
    folder, starter = tmp_path / "job", subprocess.Popen(SLEEP)
    folder.mkdir()
    if is_early:
        starter.kill()
        starter.wait(LIMIT_S)
    if has_said_all:
        folder.rmdir()
    command = [sys.executable, "-c", WITH_ITS_STARTER, str(starter.pid), str(folder)]
    rank = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    if not is_early:
        assert rank.stdout.readline() == "begun\n"
        starter.kill()
        starter.wait(LIMIT_S)
    said, _ = rank.communicate(timeout=LIMIT_S)
    assert rank.returncode == has_said_all and said.endswith("interrupted\n") != has_said_all, said
    assert not folder.exists()


def test_a_job_that_ends_before_its_ranks_begin(job):
    job.kill(job.launcher)
    assert job.killed() == LAUNCHER
