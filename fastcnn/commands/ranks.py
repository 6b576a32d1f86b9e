"""The command `train` as a job of ranks: it is started here, joined here, and ends for all ranks together."""

from __future__ import annotations

import argparse
import atexit
import logging
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastcnn.cluster import jobs
from fastcnn.cluster.survivors import NEEDED, OPTIONS, Survivors
from fastcnn.commands import own_data, seeds
from fastcnn.commands.interrupt import also_by_other_signals, interrupt
from fastcnn.commands.run import describe
from fastcnn.commands.team import Team
from fastcnn.errors import FastcnnError, UsageError

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
    with as_rank(world, survives=args.survive) as joined:
        size = joined.Get_size()
        jobs.check_alike(joined, args.words)
        if args.ranks not in (None, size):
            raise UsageError(f"--ranks {args.ranks}, but the launcher has started {size}; leave out --ranks")
        if args.seeds is not None:
            seeds.train_by_ranks(args, joined)
        else:
            _check_count(size)
            args.ranks = size
            own_data.train(args, Team(joined, args.profile))
    return None


def _check_count(ranks: int) -> None:
    """UsageError if a batch has fewer shards."""
    from fastcnn.cluster.tree import SHARDS

    if ranks > SHARDS:
        raise UsageError(f"a batch is shared by at most {SHARDS} ranks, not {ranks}; give each rank more --threads")


def start(args: argparse.Namespace) -> int:
    """Start the ranks on this host, and wait for their end; the exit status."""
    from fastcnn.kernels.threads import OPENMP_VARIABLE, VARIABLE, physical_cores

    _check_count(args.ranks)
    environment = {}
    if args.threads is None and not {VARIABLE, OPENMP_VARIABLE} & set(os.environ):
        environment[VARIABLE] = str(max(1, physical_cores() // args.ranks))
    options: tuple[str, ...] = ()
    if args.survive:
        if not jobs.options_of(jobs.mpiexec()):
            raise UsageError(NEEDED)
        options = OPTIONS
    with also_by_other_signals():
        return jobs.Job(args.ranks, args.words, environment, options).wait()


@contextmanager
def as_rank(world: Any, *, survives: bool = False) -> Iterator[Any]:
    """Inside the context this process is a rank. After an error rank 0 says what is wrong, and the whole job ends.

    survives : whether the others go on if a rank dies. The context gives the communicator to use
    """
    rank, log = world.Get_rank(), logging.getLogger("fastcnn")
    # Only the starter interrupts its ranks, which may have inherited that Ctrl-C is ignored: a shell's background job.
    level, handler = log.level, interrupt if jobs.is_started_by_us() else signal.getsignal(signal.SIGINT)
    if rank != 0:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # rank 0 tells the others
        log.setLevel(logging.ERROR)
    else:
        signal.signal(signal.SIGINT, handler)
        if not jobs.is_started_by_us():
            signal.signal(signal.SIGTERM, interrupt)  # so mpiexec passes on Ctrl-C
    try:
        jobs.register(rank)  # not before: the starter may interrupt it now
        if survives:
            world = Survivors(world)
            if rank != 0:
                world.on_lead += [lambda: log.setLevel(level), lambda: signal.signal(signal.SIGINT, handler), jobs.lead]
        yield world
    except BaseException as error:
        status = 2 if isinstance(error, UsageError) else 1
        if world.Get_rank() != 0 or (jobs.is_started_by_us() and _is_of_mpi(error)):
            time.sleep(GRACE_S + rank)
        jobs.note_end(rank)
        if world.Get_rank() == 0:  # the sentence of another comes through mpiexec, and the starter prints it
            jobs.note(jobs.SAID, str(status))
        if world.Get_size() > 1:
            atexit.register(_end_job, world, status)  # after the sentence is printed
        if world.Get_rank() != 0 and isinstance(error, Exception) and not _names_a_rank(error):
            kind = UsageError if status == 2 else FastcnnError
            raise kind(f"rank {rank} on {socket.gethostname()}: {describe(error)}") from error
        raise
    if isinstance(world, Survivors):
        world.end()
    else:
        jobs.meet(world)
    jobs.note_end(rank)


def _names_a_rank(error: Exception) -> bool:
    from fastcnn.cluster.link import NAMED, RankError

    return isinstance(error, RankError) or NAMED.match(str(error)) is not None


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
