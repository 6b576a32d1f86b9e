"""A network's plan: its layers as fused steps of the backend in use. All memory is allocated, and all calls are ready.

The layers define the results; a plan computes the same. A backend without steps (the reference) runs the layers
themselves. `nodes` decides which layers become which step. `kernels.protocols` says what steps are.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, NamedTuple, SupportsFloat

import numpy as np

from fastcnn.arrays import Array
from fastcnn.hashing import GOLDEN, MASK_64
from fastcnn.kernels.backends import winograd
from fastcnn.kernels.protocols import Call, LossStep, Pipeline, Step, Steps, is_meeting
from fastcnn.kernels.threads import threads
from fastcnn.layers.base import Layer
from fastcnn.network.nodes import Nodes
from fastcnn.network.parts import Part, argument_bytes

Calls = list[Call]

# Runs of one size of batch outside a training, after which its calls become one: that saves 10 to 20 us a run, and more
# where threads share it. It takes 2 to 10 ms, 150 in a process that has made none before, and seconds where a kernel
# must be compiled. A page of digits has batches of a dozen sizes, each a few times.
JOIN_AFTER = 300


class Ready(NamedTuple):
    """The calls for batches of one size, and the context managers in which they run."""

    held: AbstractContextManager[Any]
    prepare: Calls  # to run after parameters have changed
    forward: Calls
    backward: Calls


class Stage(NamedTuple):
    """The calls of one step for batches of one size.

    Where a step needs numbers of the whole batch (a `MeetingStep`), forward and backward have a second part: between
    the parts the shards of the batch meet. backward is empty if it does not run.
    """

    step: Step
    forward: list[Calls]
    backward: list[Calls]


class Staged(NamedTuple):
    """A plan for batches of one size, step by step, and the context manager in which it runs."""

    held: AbstractContextManager[Any]
    prepare: Calls
    stages: list[Stage]


class Plan:
    """The steps of one network for batches of up to `capacity` pictures.

    Parameters
    ----------
    layers : attached layers of a network, in order
    steps : the backend's module of steps
    training : whether gradients and dropout are computed
    version : returns a number that changes when the parameters change, or None if they may have changed
    """

    def __init__(
        self, layers: tuple[Layer, ...], input_shape: tuple[int, ...], dtype: np.dtype[Any], steps: Steps,
        *, capacity: int, training: bool, version: Callable[[], int | None],
    ) -> None:  # fmt: skip
        self.capacity, self.training, self._module, self._winograd = capacity, training, steps, winograd()
        made = Nodes(layers, input_shape, dtype, steps, capacity=capacity, training=training)
        self._nodes, self._input, self._out = made.nodes, made.input, made.out
        self._own, self._dropouts = made.own, made.dropouts
        self._loss: LossStep | None = steps.Loss(self._out, capacity) if training else None
        self._calls: dict[tuple[int, int], Ready] = {}
        self._runs: dict[tuple[int, int], int] = {}  # how often each of them was asked for
        self._staged: dict[tuple[int, int], Staged] = {}
        self._version = version
        self._prepared: int | None = None  # the version of the parameters for which the steps were prepared
        self._pipeline: Pipeline | None = None

    def made_of(self, steps: Steps) -> bool:
        """Whether the plan consists of these steps. `kernels.use` may have chosen others after the plan was made."""
        return self._module is steps and self._winograd == winograd()

    def forward(self, images: Array) -> Array:
        """The logits (n, classes) of n <= capacity pictures. The next run may overwrite them."""
        self._run(len(images), self._load, images)
        return self._module.read(self._out, len(images))

    def join(self, n: int) -> None:
        """Make one call of those for n pictures now, and not in the run number JOIN_AFTER."""
        key = n, threads()
        if self._runs.get(key, 0) < JOIN_AFTER:
            self._runs[key] = JOIN_AFTER - 1
            self._calls_for(n)

    def stream(self, images: Array, out: Array) -> bool:
        """Write the logits of any number of pictures to out. Pictures are copied to the GPU while others are computed.

        Returns False, and does nothing, if the steps or some layers run on the host: `forward` is as fast then.
        """
        device = self._module.device
        if device is None or self._own:
            return False
        if self._pipeline is None:
            self._pipeline = device.Pipeline(self._input, self._out)
        self._pipeline.run(images, out, self._run)
        return True

    def loss_and_gradients(
        self, images: Any, run_loss: Callable[[LossStep], SupportsFloat], step: int
    ) -> SupportsFloat:
        """The mean loss of one batch. Writes the gradients of the layers' parameters.

        A GPU may still compute both when this returns; reading them waits. A batch of a `TrainingSet`, which is on the
        GPU already, holds the images and the labels. `run_loss` has the labels and calls a method of the loss step.
        """
        assert self._loss is not None  # made for training
        self.begin(step)
        held, prepare, forward, backward = self._calls_for(len(images))
        with held:
            self._load(images)
            for kernel, args in prepare + forward:
                kernel(*args)
            loss = run_loss(self._loss)
            for kernel, args in backward:
                kernel(*args)
        self.forget()
        return loss

    def parts(self, images: Array, labels: Array) -> tuple[list[Part], AbstractContextManager[Any]]:
        """`loss_and_gradients` in parts, and the context manager for them; see `Sequential.training_parts`."""
        assert self._loss is not None  # made for training
        n, loss = len(images), self._loss
        loads: Calls = [(self.begin, (0,)), (self._load, (images,))]
        # Name, calls, multiply-adds of one picture, and bytes of the arrays that are not arguments of the calls.
        work = [("pictures", loads, 0, self._input.out.data.nbytes)]
        for step, _, _ in self._nodes:
            if forward := step.prepare_calls() + step.forward_calls(n, True):
                work.append((f"{step.name}, forward", forward, step.products, 0))
        work += [(loss.name, [(loss.loss, (labels, 0.0))], 0, loss.x.data.nbytes + loss.x.grad.nbytes)]
        for step in self._backward_steps():
            work.append((f"{step.name}, backward", step.backward_calls(n), step.gradient_products, 0))
        if self._own:
            work.append(("layers forget their input", [(own.forget, ()) for own in self._own], 0, 0))
        calls = self._module.without_twins([call for _, own, _, _ in work for call in own])
        rest, parts = iter(calls), []
        for name, own, products, nbytes in work:
            own = list(islice(rest, len(own)))
            parts.append(Part(name, own, n * products, nbytes + argument_bytes(own)))
        return parts, self._module.entry(calls)

    def staged(self, n: int) -> Staged:
        """The calls for n pictures, step by step, for code that runs several plans side by side."""
        key = n, threads()
        if key not in self._staged:
            made = [
                Stage(
                    step,
                    step.forward_parts(n) if is_meeting(step) else [step.forward_calls(n, self.training)],
                    [] if not has_backward
                    else step.backward_parts(n) if is_meeting(step)
                    else [step.backward_calls(n)],
                )
                for step, _, has_backward in self._nodes
            ]  # fmt: skip
            prepare = [call for step, _, _ in self._nodes for call in step.prepare_calls()]
            parts = [prepare, *(part for stage in made for part in (*stage.forward, *stage.backward))]
            calls = self._module.without_twins([call for part in parts for call in part])
            rest = iter(calls)
            ready = iter([self._module.compiled(list(islice(rest, len(part)))) for part in parts])
            prepare = next(ready)
            stages = [
                Stage(stage.step, [next(ready) for _ in stage.forward], [next(ready) for _ in stage.backward])
                for stage in made
            ]
            self._staged[key] = Staged(self._module.entry(calls), prepare, stages)
        return self._staged[key]

    def begin(self, step: int, *, first: int = 0, own_step: int | None = None) -> None:
        """Set the number of the training step, on which the layers' random numbers depend.

        first : the number of the plan's first picture in its batch
        own_step : the step's number for layers without a fused step, which do not know `first`
        """
        for dropout, layer in self._dropouts:
            layer.step = step
            dropout.key[0] = (layer.key + first * dropout.x.size * GOLDEN) & MASK_64
        for own in self._own:
            own.step = step if own_step is None else own_step

    def load(self, images: Array) -> None:
        """Copy the pictures to the input."""
        self._load(images)

    @property
    def loss_step(self) -> LossStep:
        """The last step of a training."""
        assert self._loss is not None  # made for training
        return self._loss

    def forget(self) -> None:
        """Drop what layers without a fused step kept for backward."""
        for own in self._own:
            own.forget()

    @property
    def own(self) -> list[Layer]:
        """The layers that run by their own methods."""
        return self._own

    def table(self) -> list[tuple[str, ...]]:
        """A row for each step, with the header first and the totals last: layers, output, memory and work.

        Steps share arrays; the total counts each once.
        """
        rows: list[tuple[str, ...]] = [("step", "output", "layers", "kB", "MFLOP forward", "MFLOP backward")]
        sums, arrays = [0, 0, 0], dict[int, int]()
        for step, layers, has_backward in [*self._nodes, *([(self._loss, "", False)] if self._loss else [])]:
            own = step.arrays
            numbers = [sum(own.values()), step.products, step.gradient_products if has_backward else 0]
            sums = [total + number for total, number in zip(sums, numbers, strict=True)]
            arrays |= {at: max(size, arrays.get(at, 0)) for at, size in own.items()}
            output = f"({self.capacity}, {', '.join(map(str, step.out.shape))})"
            rows.append((step.name, output, layers, *_cells(numbers)))
        return [*rows, ("total", "", "", *_cells([sum(arrays.values()), *sums[1:]]))]

    def _backward_steps(self) -> list[Step]:
        """The steps of backward, in the order in which they run."""
        return [node.step for node in reversed(self._nodes) if node.has_backward]

    def _run(self, n: int, load: Callable[..., None], *images: Any) -> None:
        """Run forward for n pictures; `load` brings them into the input step."""
        held, prepare, forward, _ = self._calls_for(n)
        version = self._version()
        with held:
            if version is None or version != self._prepared:
                for kernel, args in prepare:
                    kernel(*args)
                self._prepared = version
            load(*images)
            for kernel, args in forward:
                kernel(*args)

    def _load(self, images: Any) -> None:
        # carray: contiguous, aligned and writeable, as the input step needs it. A batch on the GPU is no array.
        if isinstance(images, np.ndarray) and not (images.flags.carray and images.dtype.isnative):
            images = np.array(images, images.dtype.newbyteorder("="), order="C")
        self._input.load(images)

    def _calls_for(self, n: int) -> Ready:
        """The calls for a batch of n pictures, and the context managers in which they run."""
        key = n, threads()
        self._runs[key] = runs = self._runs.get(key, 0) + 1
        found = self._calls.get(key)
        if found is None or (runs == JOIN_AFTER and not self.training):
            if found is None and len(self._calls) >= 8:  # batches of many sizes must not fill the memory
                self._calls.clear()
                self._runs = {key: runs}
            # In a training, joined calls would not gain what it takes to make them.
            found = self._calls[key] = self._ready(n, joined=runs >= JOIN_AFTER and not self.training)
        return found

    def _ready(self, n: int, *, joined: bool) -> Ready:
        prepare = [call for step, _, _ in self._nodes for call in step.prepare_calls()]
        forward = [call for step, _, _ in self._nodes for call in step.forward_calls(n, self.training)]
        backward = [call for step in self._backward_steps() for call in step.backward_calls(n)]
        calls = self._module.without_twins(prepare + forward + backward)
        rest = iter(calls)
        prepare, forward, backward = (list(islice(rest, len(each))) for each in (prepare, forward, backward))
        compiled = self._module.compiled
        return Ready(self._module.entry(calls), compiled(prepare), compiled(forward, joined=joined), compiled(backward))


def serves(layers: tuple[Layer, ...]) -> bool:
    """Whether a plan can run these layers: their output must not depend on the order of pixels and channels."""
    return layers[-1].out_image is None


def _cells(numbers: list[int]) -> tuple[str, str, str]:
    """Bytes as kB; multiply-adds of one picture as MFLOP (two FLOP for each)."""
    size, forward, backward = numbers
    return f"{size / 1e3:,.0f}", f"{2 * forward / 1e6:.3f}", f"{2 * backward / 1e6:.3f}"
