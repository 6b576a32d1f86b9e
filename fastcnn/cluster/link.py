"""A rank's link to the other ranks of its job: arrays, small facts, and the news that one of them has failed.

Nothing here blocks without a limit. Who waits looks again and again whether all has arrived, and hears meanwhile if
another rank has failed. A rank that is silent for too long is named.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, NoReturn, Protocol

import numpy as np

from fastcnn.arrays import Array
from fastcnn.errors import FastcnnError
from fastcnn.kernels.values import shown

VARIABLE = "FASTCNN_RANK_TIMEOUT"
SILENT_S = 20.0  # a rank that does not answer for so long is given up
INDIRECT_S = 2.0  # longer, for ranks that may wait for the silent one
SLOW_S = 600.0  # the same where kernels are compiled, files are read or written, or a user's code runs
YIELD_AFTER, SLEEP_AFTER_S, SLEEP_S = 200, 0.002, 0.0001  # of the looks; there may be more ranks than cores
MESSAGE_BYTES = 512
GONE = " is gone ("  # in the sentence on a rank that MPI has lost
NAMED = re.compile(r"rank (\d+) on ")  # so begins a sentence that names a rank
FAILED, FACT_SIZE, FACT, ROWS, ARRAYS, PARTS = range(6)  # tags; those of gradients begin at PARTS


class Request(Protocol):
    """A transfer that goes on while other work is done."""

    def Test(self) -> bool:
        """Whether it is done."""

    def Cancel(self) -> None:
        """Take it back."""


class Communicator(Protocol):
    """What is used of mpi4py's communicators."""

    def Get_rank(self) -> int: ...

    def Get_size(self) -> int: ...

    def Dup(self) -> Communicator: ...

    def Isend(self, buf: Any, dest: int, tag: int) -> Request: ...

    def Irecv(self, buf: Any, source: int, tag: int) -> Request: ...

    def Abort(self, errorcode: int) -> Any: ...

    def Revoke(self) -> None: ...


Open = dict[int, tuple[Request, Array, bool]]  # transfers that are not done, and whether each is a receive
_LEFT: list[tuple[Request, Array]] = []  # those that cannot be taken back: MPI still reads or writes the array


class RankError(FastcnnError):
    """Another rank of the job has failed, or does not answer. The training cannot go on."""

    rank = 0


class LostRankError(RankError):
    """MPI has lost a rank: it is dead, or its host is."""


class Link:
    """This rank's link to the others of a communicator. All ranks make it at the same time.

    survives : whether the others will go on without a rank that dies
    """

    def __init__(self, communicator: Communicator, *, survives: bool = False) -> None:
        self._survives = survives
        self._lost: LostRankError | None = None
        self._communicator = communicator.Dup()  # its messages meet no others
        self.rank, self.size = communicator.Get_rank(), communicator.Get_size()
        self.others = [rank for rank in range(self.size) if rank != self.rank]
        self.hosts = [""] * self.size
        self.waited_s = 0.0
        self._open: Open = {}
        weakref.finalize(self, _close, self._open)  # at the end of the program at the latest
        self._failures = {rank: np.zeros(MESSAGE_BYTES, np.uint8) for rank in self.others}
        self._awaited = {rank: self.receive(text, rank, FAILED) for rank, text in self._failures.items()}
        self._over = ""  # why the link cannot be used any more
        self.hosts = self.gather(socket.gethostname())

    def send(self, array: Array, to: int, tag: int) -> Request:
        """Begin to send a contiguous array, which must not change until that is done."""
        return self._opened(self._communicator.Isend(array, dest=to, tag=tag), array, False)

    def receive(self, array: Array, source: int, tag: int) -> Request:
        """Begin to receive a contiguous array."""
        return self._opened(self._communicator.Irecv(array, source=source, tag=tag), array, True)

    def _opened(self, request: Request, array: Array, is_receive: bool) -> Request:
        """Keep the array until the transfer is done: who waits for it may be interrupted, and forget it."""
        self._open[id(request)] = request, array, is_receive
        return request

    def wait(
        self,
        requests: Sequence[tuple[int, Request]],
        *,
        slow: bool = False,
        longer_s: float = 0.0,
        work: Callable[[], object] = int,
    ) -> None:
        """Wait until transfers with these ranks are done, and do `work` meanwhile.

        slow : whether the others may compile kernels or write files now
        longer_s : how much longer than usual their work may take

        Raises RankError if a rank has failed, or does not answer in time.
        """
        left = [each for each in requests if not self.is_done(*each)]
        if not left:
            return
        if self._over:
            raise RankError("{reason}", reason=self._over)
        start, looks = time.perf_counter(), 0
        limit_s = max(_silent_s(), SLOW_S if slow else 0.0) + longer_s
        while left:
            work()
            left = [each for each in left if not self.is_done(*each)]
            looks += 1
            if left and looks > YIELD_AFTER:
                waited_s = time.perf_counter() - start
                self.look_for_failures()
                if waited_s > limit_s:
                    self._give_up(left[0][0], limit_s)
                time.sleep(SLEEP_S if waited_s > SLEEP_AFTER_S else 0)
        self.waited_s += time.perf_counter() - start

    def gather(self, fact: Any, *, slow: bool = True) -> list[Any]:
        """The facts of all ranks, in their order. A fact is what JSON can hold."""
        data = np.frombuffer(json.dumps(fact).encode(), np.uint8).copy()
        size = np.array([len(data)], np.int64)
        sizes = {rank: np.zeros(1, np.int64) for rank in self.others}
        sending = [(rank, self.send(size, rank, FACT_SIZE)) for rank in self.others]
        sending += [(rank, self.send(data, rank, FACT)) for rank in self.others]
        self.wait([(rank, self.receive(sizes[rank], rank, FACT_SIZE)) for rank in self.others], slow=slow)
        facts = {rank: np.zeros(int(sizes[rank][0]), np.uint8) for rank in self.others}
        self.wait([(rank, self.receive(facts[rank], rank, FACT)) for rank in self.others], slow=slow)
        self.wait(sending, slow=slow)
        return [fact if rank == self.rank else json.loads(facts[rank].tobytes()) for rank in range(self.size)]

    def from_first(self, fact: Any, *, slow: bool = True) -> Any:
        """The fact of rank 0, on all ranks. They wait for its files and callbacks; slow: whether it waits as long."""
        return self.gather(fact if self.rank == 0 else None, slow=slow or self.rank != 0)[0]

    def arrays_from_first(self, arrays: dict[str, Array]) -> dict[str, Array]:
        """The arrays of rank 0, on all ranks."""
        layout = self.from_first([[name, array.shape, array.dtype.str] for name, array in arrays.items()])
        if self.rank == 0:
            whole = [np.ascontiguousarray(array) for array in arrays.values() if array.size]
            self.wait([(rank, self.send(array, rank, ARRAYS)) for rank in self.others for array in whole], slow=True)
            return arrays
        taken = {name: np.empty(shape, dtype) for name, shape, dtype in layout}
        self.wait([(0, self.receive(array, 0, ARRAYS)) for array in taken.values() if array.size], slow=True)
        return taken

    def gather_rows(self, table: Array, owners: Sequence[int], *, slow: bool = False, longer_s: float = 0.0) -> None:
        """Fill a table: row i comes from rank owners[i], whose own rows are there already."""
        own = [row for row, owner in zip(table, owners, strict=True) if owner == self.rank]
        sending = [(rank, self.send(row, rank, ROWS)) for rank in self.others for row in own]
        rows = zip(table, owners, strict=True)
        receiving = [(owner, self.receive(row, owner, ROWS)) for row, owner in rows if owner != self.rank]
        self.wait(receiving + sending, slow=slow, longer_s=longer_s)

    def fail(self, error: BaseException) -> None:
        """Tell the other ranks that this rank has failed. The link cannot be used afterwards."""
        if self._over:
            return
        reason = "interrupted" if isinstance(error, KeyboardInterrupt) else str(error) or type(error).__name__
        self._over = f"rank {self.rank}: {reason}"
        text = np.zeros(MESSAGE_BYTES, np.uint8)
        data = reason.encode()[:MESSAGE_BYTES]
        text[: len(data)] = np.frombuffer(data, np.uint8)
        for rank in self.others:
            self.send(text, rank, FAILED)
        _abort_after_a_traceback(self._communicator)

    def look_for_failures(self) -> None:
        """Raise RankError if a rank has said that it failed, or is lost."""
        for rank, request in self._awaited.items():
            if self.is_done(rank, request):
                text = self._failures[rank].tobytes().rstrip(b"\0").decode(errors="replace")
                if (named := NAMED.match(text)) is not None:  # it has itself heard of another rank
                    self._end(RankError("{reason}", reason=text), int(named[1]))
                host = self.hosts[rank]
                self._end(RankError("rank {rank} on {host}: {reason}", rank=rank, host=host, reason=text), rank)

    def is_done(self, rank: int, request: Request) -> bool:
        """Whether a transfer with a rank is done; RankError if it never will be."""
        if self._lost is not None:
            raise self._lost
        try:
            is_done = request.Test()
            if is_done:
                self._open.pop(id(request), None)
            return is_done
        except RuntimeError as error:  # of MPI
            host = self.hosts[rank] or "its host"
            lost = LostRankError(
                "rank {rank} on {host} is gone ({detail}); resume without it", rank=rank, host=host, detail=error
            )
            if self._survives:
                self._lost = lost  # MPI says it once; later the transfer looks done
                self._communicator.Revoke()  # so the others hear of it
                raise lost from None
            self.fail(lost)
            self._end(lost, rank)

    def _give_up(self, rank: int, limit_s: float) -> None:
        error = RankError(
            "rank {rank} on {host} has not answered for {seconds} s: it hangs, or its host or network is down; resume "
            "without it",
            rank=rank,
            host=self.hosts[rank] or "its host",
            seconds=f"{limit_s:g}",
        )
        self.fail(error)
        self._end(error, rank)

    def _end(self, error: RankError, rank: int) -> NoReturn:
        error.rank, self._over = rank, str(error)
        _abort_after_a_traceback(self._communicator)
        raise error


def _close(transfers: Open) -> None:
    """Take back receives: MPI would complain of them, or wait for them, when the program ends."""
    for request, array, is_receive in transfers.values():
        with suppress(RuntimeError):  # of MPI: the rank is gone
            if is_receive and not request.Test():
                request.Cancel()
            if not request.Test():
                _LEFT.append((request, array))


def check_communicator(communicator: object) -> None:
    """TypeError unless it is a communicator of mpi4py, or one with the same methods."""
    names = ("Get_rank", "Get_size", "Dup", "Isend", "Irecv")
    if isinstance(communicator, type) or not all(callable(getattr(communicator, name, None)) for name in names):
        raise TypeError(f"communicator must be one of mpi4py, such as MPI.COMM_WORLD, not {shown(communicator)}")


def _silent_s() -> float:
    """The time after which a silent rank is given up."""
    given = os.environ.get(VARIABLE, "")
    try:
        seconds = float(given) if given else SILENT_S
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise FastcnnError("{name} must be a number of seconds, not {given}", name=VARIABLE, given=repr(given)[:40])
    return seconds


def _abort_after_a_traceback(communicator: Communicator) -> None:
    """If the program ends by an error now, end the whole job: MPI would wait for ranks that never come."""
    before = sys.excepthook

    def end(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
        before(kind, error, where)
        sys.stderr.flush()
        communicator.Abort(1)

    sys.excepthook = end
