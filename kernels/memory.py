"""Arrays that the steps of a plan use one after the other."""

from collections import defaultdict
from collections.abc import Callable, Hashable
from typing import Any


class Memory:
    """Arrays for numbers that only a few neighbouring steps read, such as gradients between steps.

    Steps are made in the order of forward, and backward runs them in reverse. An array is taken when the first step
    that uses it is made, and given back when the last one is: the steps that use it are neighbours in both orders. So
    the next step may use it too, and a training needs the memory of a few gradients, which a cache may hold.

    zeros : (count, dtype) -> a flat array of the backend, zeros if a layout needs them
    """

    def __init__(self, zeros: Callable[[int, Any], Any]) -> None:
        self._zeros = zeros
        self._free: defaultdict[Hashable, list[Any]] = defaultdict(list)
        self._keys: dict[int, Hashable] = {}  # of all its arrays, by id
        self._users: dict[int, int] = {}
        self._scratch: dict[Any, Any] = {}
        self._all: list[Any] = []  # so that no id is given to another array

    def take(self, count: int, dtype: Any, layout: Hashable = None) -> Any:
        """A new array, or one that was given back. It may hold any numbers where its users write.

        layout : all users of an array have the same one; where they write nothing it stays zero
        """
        key = count, dtype, layout
        if self._free[key]:
            array = self._free[key].pop()
        else:
            array = self._zeros(count, dtype)
            self._all.append(array)
            self._keys[id(array)] = key
        self._users[id(array)] = 1
        return array

    def scratch(self, count: int, dtype: Any) -> Any:
        """Numbers that one call writes and itself or the next one reads: all who ask get the same array."""
        if dtype not in self._scratch or len(self._scratch[dtype]) < count:
            self._scratch[dtype] = self._zeros(count, dtype)
        return self._scratch[dtype][:count]

    def share(self, array: Any) -> Any:
        """The same array for one more user, who gives it back too."""
        if id(array) in self._keys:
            self._users[id(array)] += 1
        return array

    def give_back(self, array: Any) -> None:
        """Say that one user needs it no longer. Nothing happens if it is no array of this memory."""
        if id(array) in self._keys:
            self._users[id(array)] -= 1
            if self._users[id(array)] == 0:
                self._free[self._keys[id(array)]].append(array)
