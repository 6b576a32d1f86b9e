"""The exchange of one batch: parts of the gradient travel while the layers below them are still computed.

Each part is cut into as many segments as there are ranks. A rank gets its segment of all other ranks' sums, adds them
in the order of the tree, and sends the result to all. So each rank sends and receives about twice the gradient, however
many ranks there are. The results arrive in the network's own flat array.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from fastcnn.arrays import Array
from fastcnn.cluster.link import INDIRECT_S, PARTS, ROWS, Link, Request
from fastcnn.cluster.tree import Cut, Node, total
from fastcnn.kernels.arrays import ALIGNMENT_BYTES

Transfers = list[tuple[int, Request]]


class _Part:
    """One part of the flat gradients on its way."""

    def __init__(self, link: Link, cut: Cut, number: int, gradients: Array, first: int, stop: int) -> None:
        self._link, self._cut, self._tag, self._gradients = link, cut, PARTS + 2 * number, gradients
        line = ALIGNMENT_BYTES // gradients.itemsize
        lines = (stop - first) // line
        self._ends = [first + lines * rank // link.size * line for rank in range(link.size)] + [stop]
        self._first = first
        self._mine = gradients[self._ends[link.rank] : self._ends[link.rank + 1]]
        self._received: dict[Node, Array] = {}
        for rank in link.others:
            self._received |= {node: np.empty_like(self._mine) for node in cut.nodes(rank)}
        self._own: dict[Node, Array] = {}
        self._sending: Transfers = []
        self._receiving: Transfers = []
        self._summed = True

    def _of(self, rank: int, array: Array) -> Array:
        """The segment of a rank, of a part of the gradients."""
        return array[self._ends[rank] - self._first : self._ends[rank + 1] - self._first]

    def start(self, sums: Sequence[Array]) -> None:
        """Send this rank's sums, one for each of its nodes."""
        link = self._link
        nodes = self._cut.nodes(link.rank)
        self._own = {node: self._of(link.rank, each) for node, each in zip(nodes, sums, strict=True)}
        self._receiving = [
            (rank, link.receive(self._received[node], rank, self._tag))
            for rank in link.others
            for node in self._cut.nodes(rank)
            if self._mine.size
        ]
        self._sending = [
            (rank, link.send(self._of(rank, each), rank, self._tag))
            for rank in link.others
            for each in sums
            if self._of(rank, each).size
        ]
        self._summed = False
        self.go_on()

    def go_on(self) -> None:
        """Once all sums of this rank's segment are here, add them and send the result."""
        if self._summed or not all(self._link.is_done(*each) for each in self._receiving):
            return
        link, self._summed = self._link, True
        if self._mine.size:
            total({**self._own, **self._received}, (0, self._cut.shards), self._mine)
            self._sending += [(rank, link.send(self._mine, rank, self._tag + 1)) for rank in link.others]
        segments = [(rank, self._gradients[self._ends[rank] : self._ends[rank + 1]]) for rank in link.others]
        self._receiving = [(rank, link.receive(each, rank, self._tag + 1)) for rank, each in segments if each.size]

    def missing(self) -> Transfers:
        """The transfers that are not done."""
        return [each for each in (*self._receiving, *self._sending) if not self._link.is_done(*each)]

    def drop(self) -> None:
        """Wait for the end of all transfers, good or bad."""
        for _, request in (*self._receiving, *self._sending):
            with suppress(RuntimeError):  # of MPI
                while not request.Test():
                    pass

    @property
    def is_summed(self) -> bool:
        """Whether the sums of the other ranks have come."""
        return self._summed


class Exchange:
    """The exchanges of a training, over one network's flat gradients."""

    def __init__(self, link: Link, gradients: Array) -> None:
        self._link, self._gradients = link, gradients
        self._parts: dict[tuple[int, int], list[_Part]] = {}
        self._under_way: list[_Part] = []
        self._first = True  # other ranks may still compile

    def start(self, cut: Cut, first: int, stop: int, sums: Sequence[Array]) -> None:
        """Begin the exchange of the gradients from `first` to `stop`; sums: of this rank's nodes."""
        number, parts = len(self._under_way), self._parts.setdefault((cut.shards, cut.ranks), [])
        if number == len(parts):
            parts.append(_Part(self._link, cut, number, self._gradients, first, stop))
        parts[number].start(sums)
        self._under_way.append(parts[number])

    def go_on(self) -> None:
        """Do what has become possible. Call it now and then during other work."""
        for part in self._under_way:
            part.go_on()

    def finish(self) -> None:
        """Wait until the gradients of the batch are complete."""
        for part in self._under_way:
            while not part.is_summed:
                self._wait(part.missing())
                part.go_on()
        for part in self._under_way:
            self._wait(part.missing(), longer_s=INDIRECT_S)
        self._under_way.clear()
        self._first = False

    def drop(self) -> None:
        """Wait until nothing arrives in the gradients any more, after a rank was lost: MPI ends all transfers then."""
        for part in self._under_way:
            part.drop()

    def meet(self, cut: Cut, table: Array) -> None:
        """Fill a table (shards, numbers) float64 with the rows of the other ranks' shards."""
        link = self._link
        rows = {rank: table[cut.own(rank).start : cut.own(rank).stop] for rank in range(link.size)}
        sending = [(rank, link.send(rows[link.rank], rank, ROWS)) for rank in link.others if len(rows[link.rank])]
        self._wait([(rank, link.receive(rows[rank], rank, ROWS)) for rank in link.others if len(rows[rank])])
        self._wait(sending)

    def _wait(self, transfers: Transfers, longer_s: float = 0.0) -> None:
        self._link.wait(transfers, slow=self._first, longer_s=longer_s, work=self.go_on)
