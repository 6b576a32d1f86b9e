"""Arrays that steps use one after the other."""

import numpy as np

from fastcnn.kernels.memory import Memory


def test_an_array_serves_the_next_user_after_the_last_one_gave_it_back() -> None:
    memory = Memory(np.zeros)
    first = memory.take(4, np.float32)
    assert memory.take(4, np.float32) is not first  # it is in use
    memory.share(first)
    memory.give_back(first)
    assert memory.take(4, np.float32) is not first  # one of two users still needs it
    memory.give_back(first)
    assert memory.take(4, np.float32) is first
    assert memory.take(4, np.float32) is not first


def test_an_array_serves_only_users_of_its_size_type_and_layout() -> None:
    memory = Memory(np.zeros)
    first = memory.take(4, np.float32, "a border of 1")
    memory.give_back(first)
    others = [memory.take(5, np.float32, "a border of 1"), memory.take(4, np.float64, "a border of 1")]
    others += [memory.take(4, np.float32, "a border of 2"), memory.take(4, np.float32)]
    assert all(each is not first and not each.any() for each in others)
    assert memory.take(4, np.float32, "a border of 1") is first


def test_arrays_of_others_are_left_alone() -> None:
    memory = Memory(np.zeros)
    foreign = np.ones(4, np.float32)
    assert memory.share(foreign) is foreign
    memory.give_back(foreign)
    memory.give_back(None)
    assert memory.take(4, np.float32) is not foreign


def test_scratch_is_one_array_as_long_as_it_suffices() -> None:
    memory = Memory(np.zeros)
    first = memory.scratch(6, np.float32)
    assert np.shares_memory(first, memory.scratch(4, np.float32)) and len(memory.scratch(4, np.float32)) == 4
    assert len(memory.scratch(9, np.float32)) == 9
    assert np.shares_memory(memory.scratch(9, np.float32), memory.scratch(6, np.float32))
    assert memory.scratch(2, np.float64).dtype == np.float64
