"""The ranks of a job that still live: where MPI can go on without a rank that has died (Open MPI's ULFM).

Work that ranks do together ends with an agreement. Either it is complete on all of them, or all do it again without the
dead. What it changes is kept before, so no rank is ever ahead of another.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from fastcnn.errors import UsageError

ENABLED = "OMPI_MCA_mpi_ft_enable"  # `mpiexec --with-ft ulfm` sets it
OPTIONS = ("--with-ft", "ulfm")  # of Open MPI's mpiexec
NEEDED = (
    "only Open MPI 5 survives a dead rank, started by mpiexec --with-ft ulfm or fastcnn train --ranks; use it, or "
    "leave out --survive"
)
LOOK_S = 0.0002  # between two looks whether all agree

log = logging.getLogger("fastcnn")


class Survivors:
    """The communicator of the ranks that live. It is used like the one that it is made of, as long as none dies.

    Raises UsageError where MPI ends the job when a rank dies.
    """

    def __init__(self, world: Any) -> None:
        if os.environ.get(ENABLED) != "1":
            raise UsageError(NEEDED)
        self._world = world
        self._numbers = list(range(world.Get_size()))  # what the ranks were at the start
        self._started = len(self._numbers)
        self._is_over = False
        self.on_lead: list[Callable[[], object]] = []  # called on a rank that becomes rank 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def agree(self, is_done: bool, meanwhile: Callable[[], object] = int) -> bool:
        """Whether all have done their work and live. The answer is the same on all ranks.

        meanwhile : called again and again while this rank waits; what it raises ends the waiting
        """
        from mpi4py import MPI

        self._world.Ack_failed()
        flag = np.array([is_done], np.int32)
        try:
            request = self._world.Iagree(flag)
            while not request.Test():
                meanwhile()
                time.sleep(LOOK_S)
        except MPI.Exception:  # a rank has died
            return False
        return bool(flag[0])

    def shrink(self) -> None:
        """Go on without the dead. All that live call it."""
        from mpi4py import MPI

        led, before = self._world.Get_rank() == 0, self._world
        self._world = before.Shrink()
        left = self._world.Get_group()
        places = MPI.Group.Translate_ranks(left, list(range(left.Get_size())), before.Get_group())
        living = [self._numbers[place] for place in places]
        dead, self._numbers = [rank for rank in self._numbers if rank not in living], living
        if self._world.Get_rank() == 0:
            if not led:
                for call in self.on_lead:
                    call()
            if dead:
                names = " and ".join(f"rank {rank}" for rank in dead)
                log.warning("%s died; %d of the ranks go on", names, len(living))

    def finishes(self) -> bool:
        """True on rank 0, which does what is left. The others wait for its end; if it dies, the next one does it."""
        while self._world.Get_rank() != 0:
            if self.agree(True):
                self._is_over = True
                return False
            self.shrink()
        return True

    def end(self) -> None:
        """Wait for all others. If ranks have died, the program ends with status 0 from now on, and without MPI's end.

        Open MPI's end waits, after a death, now and then for ever.
        """
        if not self._is_over:
            self.agree(True)
        if len(self._numbers) < self._started:
            atexit.register(_leave)


def _leave() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(0)
