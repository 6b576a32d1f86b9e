"""The command `train` as a job of ranks: it is started here, joined here, and ends for all ranks together."""

from __future__ import annotations

import argparse
import atexit
import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from fastcnn.cluster import jobs
from fastcnn.cluster.survivors import NEEDED, OPTIONS, Survivors
from fastcnn.commands import own_data, seeds
from fastcnn.commands.team import Team
from fastcnn.errors import UsageError

GRACE_S = 5.0  # how long a rank waits for another, or for the launcher, to say what is wrong and end the job


def train(args: argparse.Namespace) -> int | None:
    """Train; alone, by ranks of a job that is started here, or as one of a job's ranks."""
    started = jobs.started_size()
    if args.profile and args.ranks is None and started is None:
        raise UsageError(
            "--profile is for a training by ranks; fastcnn profile MODEL measures a network on one machine"
        )
    if args.survive and (args.seeds is not None or (args.ranks is None and started is None)):
        raise UsageError("--survive is for one training by ranks; add --ranks, or leave out --survive and --seeds")
    if args.ranks is not None and started is None:
        if args.seeds is not None:
            raise UsageError(
                "--seeds trains on one host without --ranks; start it with mpiexec for one training a rank"
            )
        return start(args)
    world = jobs.communicator()
    if world is None:
        if args.seeds is not None:
            return seeds.train(args)
        own_data.train(args)
        return None
    size = world.Get_size()
    if args.ranks not in (None, size):
        raise UsageError(f"--ranks {args.ranks}, but the launcher has started {size}; leave out --ranks")
    args.ranks = size
    if args.survive:
        world = Survivors(world)
    with as_rank(world):
        if args.seeds is not None:
            seeds.train_by_ranks(args, world)
        else:
            own_data.train(args, Team(world, args.profile))
    return None


def start(args: argparse.Namespace) -> int:
    """Start the ranks on this host, and wait for their end; the exit status."""
    from fastcnn.kernels.threads import OPENMP_VARIABLE, VARIABLE, physical_cores

    environment = {}
    if args.threads is None and not {VARIABLE, OPENMP_VARIABLE} & set(os.environ):
        environment[VARIABLE] = str(max(1, physical_cores() // args.ranks))
    options: tuple[str, ...] = ()
    if args.survive:
        if not jobs.options_of(jobs.mpiexec()):
            raise UsageError(NEEDED)
        options = OPTIONS
    return jobs.Job(args.ranks, args.words, environment, options).wait()


@contextmanager
def as_rank(world: Any) -> Iterator[None]:
    """Inside the context this process is a rank. After an error rank 0 says what is wrong, and the whole job ends."""
    rank = world.Get_rank()
    if rank != 0:
        log = logging.getLogger("fastcnn")
        level, handler = log.level, signal.signal(signal.SIGINT, signal.SIG_IGN)  # rank 0 tells the others
        log.setLevel(logging.ERROR)
        if isinstance(world, Survivors):
            world.on_lead += [lambda: log.setLevel(level), lambda: signal.signal(signal.SIGINT, handler), jobs.lead]
    elif not jobs.is_started_by_us():
        signal.signal(signal.SIGTERM, _interrupt)  # so mpiexec passes on Ctrl-C
    try:
        yield
    except BaseException as error:
        status = 2 if isinstance(error, UsageError) else 1
        if world.Get_rank() != 0 or (jobs.is_started_by_us() and _is_of_mpi(error)):
            time.sleep(GRACE_S + rank)
        jobs.note_end(rank)
        jobs.note(jobs.SAID, str(status))
        atexit.register(_end_job, world, status)  # after the sentence is printed
        raise
    if isinstance(world, Survivors):
        world.end()
    else:
        done = world.Ibarrier()
        while not done.Test():  # MPI itself would wait at full speed, on the cores that rank 0 needs
            time.sleep(0.01)
    jobs.note_end(rank)


def _is_of_mpi(error: BaseException) -> bool:
    """Whether the cause is a rank that is gone. Its launcher ends all then, and the starter names it by its process."""
    from mpi4py import MPI

    from fastcnn.cluster.link import GONE, RankError

    return isinstance(error, MPI.Exception) or (isinstance(error, RankError) and GONE in str(error))


def _end_job(world: Any, status: int) -> None:
    """End all ranks: MPI would wait for those that never come."""
    if jobs.is_started_by_us():  # MPICH would add a line of its own
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    world.Abort(status)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
