"""Steps with several inputs or outputs: addition, concatenation, a copy, and a value that several steps read."""

from collections.abc import Sequence

from fastcnn.kernels.cuda.steps import elementwise
from fastcnn.kernels.cuda.steps.base import Activation, Step
from fastcnn.kernels.protocols import Call


class Add(Step):
    """out = x + addend, with the ReLU after it."""

    def __init__(self, x: Activation, addend: Activation, out: Activation, *, relu: bool) -> None:
        super().__init__(x, out)
        self.name, self.addend, self.relu = "add" + (" + relu" if relu else ""), addend, relu

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        count = n * self.out.size
        return [self._each(elementwise.add, count, self.out.data, self.x.data, self.addend.data, self.relu, count)]

    def backward_calls(self, n: int) -> list[Call]:
        out, count, calls = self.out, n * self.out.size, []
        if self.relu:
            calls = [self._each(elementwise.relu_gradient, count, out.grad, out.grad, out.data, count)]
        return [*calls, *self._passed_on(self.x, n), *self._passed_on(self.addend, n)]


class Concat(Step):
    """out = the channels of all parts, in order."""

    name = "concat"

    def __init__(self, parts: Sequence[Activation], out: Activation) -> None:
        super().__init__(parts[0], out)
        self.parts = parts

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        calls, first = [], 0
        for part in self.parts:
            count = n * part.size
            args = (self.out.data, self.out.channels, first, part.data, part.channels, 0, part.channels, count)
            calls.append(self._each(elementwise.copy_channels, count, *args))
            first += part.channels
        return calls

    def backward_calls(self, n: int) -> list[Call]:
        calls, first = [], 0
        for part in self.parts:
            count = n * part.size
            if part.grad is not None:
                args = (part.grad, part.channels, 0, self.out.grad, self.out.channels, first, part.channels, count)
                calls.append(self._each(elementwise.copy_channels, count, *args))
            first += part.channels
        return calls


class Copy(Step):
    """out = x."""

    name = "copy"

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        count = n * self.x.size
        return [self._each(elementwise.copy_all, count, self.out.data, self.x.data, count)]

    def backward_calls(self, n: int) -> list[Call]:
        return self._passed_on(self.x, n)


class Fork(Step):
    """A value that several steps read: the first step reads x, the others read its twins."""

    name = "sum of gradients"

    def __init__(self, x: Activation, twins: Sequence[Activation]) -> None:
        super().__init__(x, x)
        self.twins = twins

    @property
    def nbytes(self) -> int:
        """The bytes of the twins' gradients; all other arrays belong to other steps."""
        return sum(twin.grad.nbytes for twin in self.twins)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        return []

    def backward_calls(self, n: int) -> list[Call]:
        count = n * self.x.size
        return [self._each(elementwise.accumulate, count, self.x.grad, twin.grad, count) for twin in self.twins]
