"""What does not fit into the memory is refused before it is made."""

import pytest

from fastcnn.bench.harness import room
from fastcnn.bench.speed import one_convolution
from fastcnn.errors import FastcnnError


def test_more_than_is_free_is_one_sentence(monkeypatch):
    monkeypatch.setattr(room, "free_bytes", lambda: room.KEPT_BYTES + 10**9)
    room.check_room(10**9, "this shape")
    with pytest.raises(FastcnnError, match=r"^this shape needs about 2 GB of memory, more than is free"):
        room.check_room(2 * 10**9, "this shape")


def test_nothing_is_refused_where_the_free_memory_is_not_known(monkeypatch):
    monkeypatch.setattr(room, "free_bytes", lambda: None)
    room.check_room(10**18, "this shape")


def test_the_columns_of_the_reference_count():
    """3x3 on 10x10 pixels: each of 8x8 windows has 9 values of each channel."""
    one, nine = (one_convolution.case_of((1, 4, 10, 10), 2, (r, r)) for r in (1, 3))
    assert one_convolution.needed_bytes(one) == 4 * (8 * (400 + 200) + 3 * 100 * 4)
    assert one_convolution.needed_bytes(nine) == 4 * (8 * (400 + 128) + 3 * 64 * 36)
