"""How a batch is cut into shards, and the order in which the shards' gradients are summed.

Both depend on the number of pictures alone, never on the number of ranks: so any number of ranks gives the same bits.
The sums form a binary tree. Its leaves are the shards; a node is the sum of its left and its right half.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels.arrays import aligned_zeros

SHARDS = 16
Node: TypeAlias = tuple[int, int]  # its first shard, and the one after its last


class Addition(NamedTuple):
    """What happens to the gradient of one shard.

    slot : where it goes
    adds : whether it is added to what is there, not copied
    merges : the slots whose sums are then added to the slot before each, in order
    """

    slot: int
    adds: bool
    merges: tuple[int, ...]


class Cut:
    """One batch of `count` pictures for so many ranks. A batch of fewer than SHARDS pictures has fewer shards."""

    def __init__(self, count: int, ranks: int) -> None:
        self.count, self.ranks = count, ranks
        self.shards = min(SHARDS, 1 << (count.bit_length() - 1))
        self.starts = [shard * count // self.shards for shard in range(self.shards + 1)]
        self.sizes = np.diff(self.starts)

    def own(self, rank: int) -> range:
        """The shards of a rank; none, if the ranks outnumber the shards of a small batch."""
        return range(rank * self.shards // self.ranks, (rank + 1) * self.shards // self.ranks)

    def pictures(self, rank: int) -> tuple[int, int]:
        """The first picture of a rank, and the one after its last."""
        own = self.own(rank)
        return self.starts[own.start], self.starts[own.stop]

    def nodes(self, rank: int) -> list[Node]:
        """The largest nodes of the tree that hold shards of this rank alone, from left to right."""
        own = self.own(rank)
        return _covering(own.start, own.stop, (0, self.shards))

    def additions(self, rank: int) -> list[Addition]:
        """How the gradients of a rank's shards become the sums of its `nodes`: node i is in slot i at the end."""
        stack: list[Node] = []
        additions = []
        for shard in self.own(rank):
            node = (shard, shard + 1)
            adds = bool(stack) and _are_halves(stack[-1], node)
            if adds:
                node = (stack.pop()[0], node[1])
            slot = top = len(stack)
            while stack and _are_halves(stack[-1], node):
                node = (stack.pop()[0], node[1])
            additions.append(Addition(slot, adds, tuple(range(top, len(stack), -1))))
            stack.append(node)
        return additions


@cache
def cut_of(count: int, ranks: int) -> Cut:
    """The cut of a batch; there are few sizes in a training."""
    return Cut(count, ranks)


def _are_halves(left: Node, right: Node) -> bool:
    size = left[1] - left[0]
    return left[1] == right[0] and right[1] - right[0] == size and left[0] % (2 * size) == 0


def _halves(node: Node) -> tuple[Node, Node]:
    middle = sum(node) // 2
    return (node[0], middle), (middle, node[1])


def _covering(first: int, stop: int, node: Node) -> list[Node]:
    if first >= node[1] or stop <= node[0] or first == stop:
        return []
    if first <= node[0] and node[1] <= stop:
        return [node]
    return [each for half in _halves(node) for each in _covering(first, stop, half)]


class Slots:
    """Where a rank sums the gradients of its shards: flat arrays, made when they are first used."""

    def __init__(self, like: Array) -> None:
        self._like = like
        self._slots: list[Array] = []

    def __getitem__(self, number: int) -> Array:
        while len(self._slots) <= number:
            self._slots.append(aligned_zeros(self._like.size, self._like.dtype))
        return self._slots[number]

    def add(self, addition: Addition, gradients: Array, first: int, stop: int) -> None:
        """Add the elements from `first` to `stop` of one shard's flat gradients."""
        into, leaf = self[addition.slot][first:stop], gradients[first:stop]
        if addition.adds:
            into += leaf
        else:
            into[:] = leaf
        for slot in addition.merges:
            left = self[slot - 1][first:stop]
            left += self[slot][first:stop]


def total(sums: Mapping[Node, Array], node: Node, out: Array | None = None) -> Array:
    """The sum of a node from those of nodes below it, which may be overwritten; into `out` if that is given."""
    if node in sums:
        if out is None:
            return sums[node]
        out[:] = sums[node]
        return out
    left, right = (total(sums, half) for half in _halves(node))
    return np.add(left, right, out=left if out is None else out)


def row_total(table: Array) -> Array:
    """The sum of the rows of a table with a row for each shard, in the order of the tree."""
    while len(table) > 1:
        table = table[0::2] + table[1::2]
    row: Array = table[0]
    return row


def merged_statistics(counts: Array, means: Array, squares: Array) -> tuple[Array, Array]:
    """The mean and the sum of squared deviations of all values, from those of each shard (Chan et al. 1979).

    counts (shards,), means and squares (shards, channels), float64.
    """
    while len(means) > 1:
        left, right = counts[0::2, None], counts[1::2, None]
        apart = means[1::2] - means[0::2]
        squares = squares[0::2] + squares[1::2] + apart * apart * (left * right / (left + right))
        means = means[0::2] + apart * (right / (left + right))
        counts = counts[0::2] + counts[1::2]
    return means[0], squares[0]
