"""The cut of a batch and the sums of its shards depend on the number of pictures alone."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn.cluster.tree import SHARDS, Cut, Slots, merged_statistics, row_total, total


def by_hand(leaves):
    """The sum of the leaves in pairs, the pairs in pairs, and so on."""
    while len(leaves) > 1:
        leaves = [left + right for left, right in zip(leaves[0::2], leaves[1::2], strict=True)]
    return leaves[0]


@pytest.mark.parametrize("ranks", range(1, SHARDS + 1))
@pytest.mark.parametrize("count", [1, 2, 3, 5, 15, 16, 17, 100, 256])
def test_each_picture_has_one_rank(count, ranks):
    cut = Cut(count, ranks)
    spans = [cut.pictures(rank) for rank in range(ranks)]
    assert [number for first, stop in spans for number in range(first, stop)] == list(range(count))
    assert cut.sizes.min() >= 1 and cut.sizes.max() - cut.sizes.min() <= 1
    assert cut.starts == Cut(count, 1).starts
    nodes = [node for rank in range(ranks) for node in cut.nodes(rank)]
    assert [shard for first, stop in nodes for shard in range(first, stop)] == list(range(cut.shards))


@pytest.mark.parametrize("count", [1, 3, 9, 100])
@pytest.mark.parametrize("ranks", [*range(1, 9), SHARDS])
def test_any_number_of_ranks_gives_the_sum_of_the_tree(ranks, count, rng):
    cut, size = Cut(count, ranks), 37
    leaves = rng.standard_normal((cut.shards, size)).astype(np.float32)
    wanted = by_hand(list(leaves))
    sums = {}
    for rank in range(ranks):
        slots = Slots(np.zeros(size, np.float32))
        for shard, addition in zip(cut.own(rank), cut.additions(rank), strict=True):
            slots.add(addition, leaves[shard], 0, 20)  # a part at a time, as layers come
        for shard, addition in zip(cut.own(rank), cut.additions(rank), strict=True):
            slots.add(addition, leaves[shard], 20, size)
        sums |= {node: slots[number].copy() for number, node in enumerate(cut.nodes(rank))}
    out = np.empty(size, np.float32)
    assert total(sums, (0, cut.shards), out) is out
    assert out.tobytes() == wanted.tobytes()


def test_the_order_of_the_sums_matters_here(rng):
    """Else the test above would hold for any order."""
    leaves = rng.standard_normal((SHARDS, 37)).astype(np.float32)
    assert by_hand(list(leaves)).tobytes() != np.add.accumulate(leaves)[-1].tobytes()


def test_statistics_of_shards_are_those_of_all_their_values(rng):
    cut = Cut(100, 1)
    values = rng.normal(1000, 1, (100, 3))
    shards = [values[first:stop] for first, stop in zip(cut.starts, cut.starts[1:], strict=False)]
    means = np.array([shard.mean(axis=0) for shard in shards])
    squares = np.array([((shard - shard.mean(axis=0)) ** 2).sum(axis=0) for shard in shards])
    mean, square = merged_statistics(cut.sizes.astype(float), means, squares)
    np.testing.assert_allclose(mean, values.mean(axis=0), rtol=1e-15)
    np.testing.assert_allclose(square, values.var(axis=0) * 100, rtol=1e-12)


def test_rows_are_added_in_the_order_of_the_tree(rng):
    table = rng.standard_normal((8, 2))
    assert row_total(table).tolist() == by_hand(list(table)).tolist()
