"""Steps with several inputs or outputs: addition, concatenation, a copy, and a value that several steps read."""

from fastcnn.kernels import steps
from fastcnn.kernels.cuda.steps import elementwise
from fastcnn.kernels.cuda.steps.base import Step
from fastcnn.kernels.protocols import Call


class Add(steps.Add, Step):
    """out = x + addend, with the ReLU after it."""

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        count = n * self.out.size
        return [self._each(elementwise.add, count, self.out.data, self.x.data, self.addend.data, self.relu, count)]

    def backward_calls(self, n: int) -> list[Call]:
        out, count, calls = self.out, n * self.out.size, []
        if self.relu:
            calls = [self._each(elementwise.relu_gradient, count, out.grad, out.grad, out.data, count)]
        return [*calls, *self._passed_on(self.x, n), *self._passed_on(self.addend, n)]


class Concat(steps.Concat, Step):
    """out = the channels of all parts, in order."""

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


class Fork(steps.Fork, Step):
    """A value that several steps read: the first step reads x, the others read its twins."""

    def backward_calls(self, n: int) -> list[Call]:
        count = n * self.x.size
        return [self._each(elementwise.accumulate, count, self.x.grad, twin.grad, count) for twin in self.twins]
