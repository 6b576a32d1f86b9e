"""An array that MPI still writes to is not freed, whatever becomes of those who wait for it."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from fastcnn.cluster.link import Link
from tests.fastcnn.cluster.threads import by_ranks

TAG = 77


class Refused:
    """A receive that MPI cannot take back: a part of it is here."""

    def Test(self):  # noqa: N802  # mpi4py's name
        return False

    def Cancel(self):  # noqa: N802
        pass


def interrupted(link):
    """A receive whose waiter is interrupted; a weak reference to its array."""
    array = np.zeros(1000)
    with pytest.raises(KeyboardInterrupt):
        link.wait([(0, link.receive(array, 0, TAG))], work=interrupt)
    return weakref.ref(array)


def interrupt():
    raise KeyboardInterrupt


def test_the_array_of_an_interrupted_receive_stays_until_all_has_arrived():
    def train(communicator):
        link = Link(communicator)
        if communicator.Get_rank() == 0:
            link.gather(0)
            link.send(np.ones(1000), 1, TAG)
            return True
        array = interrupted(link)
        gc.collect()
        assert array() is not None
        link.gather(0)
        (request,) = (request for request, each, _ in link._open.values() if each is array())
        link.wait([(0, request)])
        del request
        gc.collect()
        return array() is None

    assert by_ranks(2, train) == [True, True]


def test_it_outlives_the_link_if_mpi_cannot_take_the_receive_back(monkeypatch):
    monkeypatch.setattr("fastcnn.cluster.link._LEFT", [])

    def train(communicator):
        link = Link(communicator)
        if communicator.Get_rank() == 0:
            return True
        communicator_of_link = link._communicator
        monkeypatch.setattr(communicator_of_link, "Irecv", lambda *_, **__: Refused(), raising=False)
        array = interrupted(link)
        del link, communicator_of_link
        gc.collect()
        return array() is not None

    assert by_ranks(2, train) == [True, True]
