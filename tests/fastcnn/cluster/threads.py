"""Ranks that are threads of this process, with the few methods of mpi4py's communicators that the cluster uses."""

from __future__ import annotations

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import numpy as np


class Messages:
    """What the ranks of one communicator have sent, by sender, receiver and tag, in order."""

    def __init__(self, size):
        self.size, self.sent, self.duplicates, self.lock = size, defaultdict(list), [], threading.Lock()

    def duplicate(self, number):
        with self.lock:
            while len(self.duplicates) <= number:
                self.duplicates.append(Messages(self.size))
        return self.duplicates[number]


class Received:
    """A receive: the message with its number among those of one sender and tag."""

    def __init__(self, sent, number, array):
        self.sent, self.number, self.array, self.is_done = sent, number, array, False

    def Test(self):  # noqa: N802  # mpi4py's name
        if not self.is_done and len(self.sent) > self.number:
            self.array[...] = self.sent[self.number].reshape(self.array.shape)
            self.is_done = True
        return self.is_done

    def Cancel(self):  # noqa: N802
        pass


class Sent:
    """A message that has been copied is sent at once."""

    def Test(self):  # noqa: N802  # mpi4py's name
        return True


class Communicator:
    """One rank's communicator."""

    def __init__(self, rank, messages):
        self._rank, self._messages, self._posted, self._copies = rank, messages, defaultdict(int), 0
        self.aborted = None

    def Get_rank(self):  # noqa: N802
        return self._rank

    def Get_size(self):  # noqa: N802
        return self._messages.size

    def Dup(self):  # noqa: N802
        self._copies += 1
        return Communicator(self._rank, self._messages.duplicate(self._copies - 1))

    def Isend(self, buf, dest, tag):  # noqa: N802
        assert buf.flags.c_contiguous
        with self._messages.lock:
            self._messages.sent[self._rank, dest, tag].append(np.array(buf))
        return Sent()

    def Irecv(self, buf, source, tag):  # noqa: N802
        assert buf.flags.c_contiguous
        number = self._posted[source, tag]
        self._posted[source, tag] += 1
        with self._messages.lock:
            sent = self._messages.sent[source, self._rank, tag]
        return Received(sent, number, buf)

    def Abort(self, errorcode):  # noqa: N802
        self.aborted = errorcode


def by_ranks(size, function):
    """The results of function(communicator) on each of so many ranks, or the errors that they raised."""
    messages = Messages(size)

    def run(rank):
        try:
            return function(Communicator(rank, messages))
        except Exception as error:
            return error

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(run, range(size)))
