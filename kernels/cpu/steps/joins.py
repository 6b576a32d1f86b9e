"""Steps with several inputs or outputs: addition, concatenation, a copy, and a value that several steps read."""

from fastcnn.kernels import steps
from fastcnn.kernels.cpu.steps import elementwise
from fastcnn.kernels.cpu.steps.base import Step
from fastcnn.kernels.protocols import Call


class Add(steps.Add, Step):
    """out = x + addend, with the ReLU after it."""

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        arrays = [each for value in (self.out, self.x, self.addend) for each in (value.data, value.frame)]
        return [self._copy(elementwise.add, n * self.x.size, *arrays, self.relu, n)]

    def backward_calls(self, n: int) -> list[Call]:
        out, calls = self.out, []
        if self.relu:
            grad = (out.grad, out.grad_frame)
            calls = [self._copy(elementwise.relu_gradient, n * out.size, *grad, *grad, out.data, out.frame, n)]
        return [*calls, *self._passed_on(self.x, n), *self._passed_on(self.addend, n)]


class Concat(steps.Concat, Step):
    """out = the channels of all parts, in order."""

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        calls, first = [], 0
        for part in self.parts:
            args = (self.out.data, self.out.frame, first, part.data, part.frame, 0, part.frame.channels, n)
            calls.append(self._copy(elementwise.copy_channels, n * part.size, *args))
            first += part.frame.channels
        return calls

    def backward_calls(self, n: int) -> list[Call]:
        calls, first = [], 0
        for part in self.parts:
            channels = part.frame.channels
            if part.grad is not None:
                args = (part.grad, part.grad_frame, 0, self.out.grad, self.out.grad_frame, first, channels, n)
                calls.append(self._copy(elementwise.copy_channels, n * part.size, *args))
            first += channels
        return calls


class Copy(Step):
    """out = x, with another border."""

    name = "copy"

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        args = (self.out.data, self.out.frame, self.x.data, self.x.frame, n)
        return [self._copy(elementwise.copy_rows, n * self.x.size, *args)]

    def backward_calls(self, n: int) -> list[Call]:
        return self._passed_on(self.x, n)


class Fork(steps.Fork, Step):
    """A value that several steps read: the first step reads x, the others read its twins."""

    def backward_calls(self, n: int) -> list[Call]:
        size = self.x.size
        sums = [(self.x.grad, twin.grad, n, size) for twin in self.twins]
        return [self._copy(elementwise.accumulate, n * size, *args) for args in sums]
