"""A network's plan: its layers as fused steps of the backend in use, with all memory allocated and every call ready.

Convolution + ReLU + 2x2 max-pool become one step, batch normalisation + ReLU another, Affine + ReLU another, softmax +
loss another. Between steps pictures lie channels-last, with the border of zeros that the next convolution reads, so
that nothing is transposed or padded on the way. The numbers are those of the layers, which stay the definition; a
backend without steps (the reference) runs the layers themselves.

Only the exact classes of `FUSED` have such steps. A subclass, which may do something else, and a layer of a user's are
steps that run the layer's own methods. What steps are is in `kernels.protocols`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from itertools import islice
from typing import Any, SupportsFloat

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels.protocols import Activation, Call, DropoutStep, InputStep, LossStep, Pipeline, Step, Steps
from fastcnn.kernels.shapes import Padding
from fastcnn.kernels.threads import threads
from fastcnn.layers.activation import ReLU
from fastcnn.layers.affine import Affine, Flatten
from fastcnn.layers.base import Layer
from fastcnn.layers.convolution import Conv2d
from fastcnn.layers.dropout import Dropout, mask_threshold
from fastcnn.layers.normalization import BatchNorm2d
from fastcnn.layers.pooling import GlobalAvgPool, MaxPool2d
from fastcnn.network.layerwise import run_backward, run_backward_lowest, run_forward
from fastcnn.network.parts import Part, argument_bytes

FUSED = frozenset((Affine, BatchNorm2d, Conv2d, Dropout, Flatten, GlobalAvgPool, MaxPool2d, ReLU))
NO_BORDER: Padding = ((0, 0), (0, 0))
Calls = list[Call]


class Plan:
    """The steps of one network for batches of up to `capacity` pictures.

    Parameters
    ----------
    layers : attached layers of a network, in order
    steps : the backend's module of steps
    training : whether gradients and dropout are part of it
    lowest : index of the lowest layer with parameters: below it no gradient is needed
    """

    def __init__(
        self, layers: tuple[Layer, ...], input_shape: tuple[int, ...], dtype: np.dtype[Any], steps: Steps,
        *, capacity: int, training: bool, lowest: int,
    ) -> None:  # fmt: skip
        self.capacity, self.training, self.dtype = capacity, training, dtype
        self._module, self._lowest = steps, lowest
        self._layers = layers if training else tuple(layer for layer in layers if type(layer) is not Dropout)
        self._own = [layer for layer in layers if type(layer) not in FUSED]
        self._dropouts: list[tuple[DropoutStep, Dropout]] = []
        self._calls: dict[tuple[int, int], tuple[AbstractContextManager[Any], Calls, Calls]] = {}
        self.input: InputStep = steps.Input(self._activation(input_shape, 0, below=0))
        self.steps: list[Step] = [self.input]
        self._with_gradient: list[Step] = []
        at = 0
        while at < len(self._layers):
            at = self._add_step(at)
        self.loss: LossStep | None = steps.Loss(self.steps[-1].out, capacity) if training else None
        self._pipeline: Pipeline | None = None

    def made_of(self, steps: Steps) -> bool:
        """Whether these are its steps: the backend may have changed since."""
        return self._module is steps

    def forward(self, images: Array) -> Array:
        """Logits (n, classes) of n <= capacity pictures; the next run may overwrite them."""
        self._run(len(images), partial(self._load, images))
        return self._module.read(self.steps[-1].out, len(images))

    def stream(self, images: Array, out: Array) -> bool:
        """Logits of any number of pictures into out, copied while others are computed; False where nothing is copied.

        Then `forward` is as fast, a capacity of pictures at a time: on the host, and next to layers that run there.
        """
        device = self._module.device
        if device is None or self._own:
            return False
        if self._pipeline is None:
            self._pipeline = device.Pipeline(self.input, self.steps[-1].out)
        self._pipeline.run(images, out, self._run)
        return True

    def loss_and_gradients(self, images: Any, labels: Any, label_smoothing: float, step: int) -> SupportsFloat:
        """The mean loss of one batch; fills the gradients of the layers' parameters.

        On a GPU both are still under way, until somebody looks at them. A batch of a `TrainingSet`, which is there
        already, is the images and the labels.
        """
        assert self.loss is not None  # made for training
        self._begin(step)
        held, forward, backward = self._calls_for(len(images))
        with held:
            self._load(images)
            for kernel, args in forward:
                kernel(*args)
            loss = self.loss.loss(labels, label_smoothing)
            for kernel, args in backward:
                kernel(*args)
        for own in self._own:
            own.forget()
        return loss

    def parts(self, images: Array, labels: Array) -> tuple[list[Part], AbstractContextManager[Any]]:
        """`loss_and_gradients` in parts, and what is held while they run; see `Sequential.training_parts`."""
        assert self.loss is not None  # made for training
        n, loss = len(images), self.loss
        loads: Calls = [(self._begin, (0,)), (self._load, (images,))]
        # Name, calls, multiply-adds of a picture, and bytes of the arrays that are not among the calls' arguments.
        work = [("pictures", loads, 0, self.input.out.data.nbytes)]
        work += [(f"{step.name}, forward", step.forward_calls(n, True), step.products, 0) for step in self.steps[1:]]
        work += [(loss.name, [(loss.loss, (labels, 0.0))], 0, loss.x.data.nbytes + loss.x.grad.nbytes)]
        for step in reversed(self._with_gradient):
            work.append((f"{step.name}, backward", step.backward_calls(n), step.gradient_products, 0))
        if self._own:
            work.append(("layers forget their input", [(own.forget, ()) for own in self._own], 0, 0))
        calls = self._module.without_twins([call for _, own, _, _ in work for call in own])
        rest, parts = iter(calls), []
        for name, own, products, nbytes in work:
            own = list(islice(rest, len(own)))
            parts.append(Part(name, own, n * products, nbytes + argument_bytes(own)))
        return parts, self._module.entry(calls)

    def table(self) -> list[tuple[str, ...]]:
        """A row for each step, the header first and the totals last: what it does, its output, memory and work."""
        rows: list[tuple[str, ...]] = [("step", "output", "kB", "MFLOP forward", "MFLOP backward")]
        sums = [0, 0, 0]
        for step in self.steps if self.loss is None else [*self.steps, self.loss]:
            backward = step.gradient_products if step in self._with_gradient else 0
            numbers = [step.nbytes, step.products, backward]
            sums = [total + number for total, number in zip(sums, numbers, strict=True)]
            rows.append((step.name, f"({self.capacity}, {', '.join(map(str, step.out.shape))})", *_cells(numbers)))
        return [*rows, ("total", "", *_cells(sums))]

    def _begin(self, step: int) -> None:
        """Number the step, which the layers' random numbers depend on."""
        for dropout, layer in self._dropouts:
            layer.step = step
            dropout.key[0] = layer.key
        for own in self._own:
            own.step = step

    def _run(self, n: int, load: Callable[[], None]) -> None:
        """Forward of n pictures, which `load` lays out."""
        held, forward, _ = self._calls_for(n)
        with held:
            load()
            for kernel, args in forward:
                kernel(*args)

    def _load(self, images: Any) -> None:
        if isinstance(images, np.ndarray):  # and not a batch that is on the GPU
            flags = images.flags
            if not (flags.c_contiguous and flags.writeable and images.dtype.isnative):
                images = np.array(images, images.dtype.newbyteorder("="))  # else the kernel is compiled once more
        self.input.load(images)

    def _calls_for(self, n: int) -> tuple[AbstractContextManager[Any], Calls, Calls]:
        """What to hold while they run, the calls of forward and those of backward, for a batch of n pictures."""
        key = n, threads()
        if key not in self._calls:
            forward = [call for step in self.steps for call in step.forward_calls(n, self.training)]
            backward = [call for step in reversed(self._with_gradient) for call in step.backward_calls(n)]
            if len(self._calls) >= 8:  # batches of ever new sizes must not fill the memory
                self._calls.clear()
            calls = self._module.without_twins(forward + backward)
            forward, backward = map(self._module.compiled, (calls[: len(forward)], calls[len(forward) :]))
            self._calls[key] = self._module.entry(calls), forward, backward
        return self._calls[key]

    def _activation(self, shape: tuple[int, ...], at: int, *, below: int) -> Activation:
        """What the layer at `at` reads; `below` is the network's index of the layer that writes it."""
        reader = self._layers[at] if at < len(self._layers) else None
        border = reader.padding if type(reader) is Conv2d else NO_BORDER
        with_grad = self.training and (reader is None or below > self._lowest)
        return self._module.Activation(shape, border, self.capacity, self.dtype, with_grad)

    def _add_step(self, at: int) -> int:
        """Append the step that begins with layer `at`; return the index of the first layer behind it."""
        layer, x = self._layers[at], self.steps[-1].out
        if type(layer) is Flatten:
            return at + 1  # channels-last memory is what the layers behind read as it is
        following = self._layers[at + 1 : at + 3]
        relu = type(layer) in (Conv2d, BatchNorm2d, Affine) and len(following) > 0 and type(following[0]) is ReLU
        pool = type(layer) is Conv2d and relu and layer.groups == 1 and _is_halving(following)
        stop = at + 1 + relu + pool
        last = self._layers[stop - 1]
        # Behind a Flatten memory still lies as a picture, until an Affine mixes it.
        out = self._activation(last.out_image or last.out_shape, stop, below=last.index + 1)
        self.steps.append(self._make(layer, x, out, relu, pool))
        if self.training and layer.index >= self._lowest:
            self._with_gradient.append(self.steps[-1])
        return stop

    def _make(self, layer: Layer, x: Activation, out: Activation, relu: bool, pool: bool) -> Step:
        steps = self._module
        values = {name: window.storage for name, window in layer.parameters.items()}
        grads = {
            name: window.grad_storage for name, window in layer.parameters.items() if window.grad_storage is not None
        }
        if type(layer) not in FUSED:
            backward = partial(run_backward if layer.index > self._lowest else run_backward_lowest, layer)
            return steps.LayerStep(
                x, out, name=type(layer).__name__, products=layer.multiply_adds, in_shape=layer.in_shape,
                out_shape=layer.out_shape, parameters=values, gradients=grads, forward=partial(run_forward, layer),
                backward=backward,
            )  # fmt: skip
        match layer:
            case Conv2d():
                return steps.Conv2d(
                    x, out, values["weight"], grads["weight"], values.get("bias"), grads.get("bias"),
                    stride=layer.stride, padding=layer.padding, dilation=layer.dilation, groups=layer.groups,
                    relu=relu, pool=pool, training=self.training, capacity=self.capacity,
                )  # fmt: skip
            case Affine():
                weight, bias = (values["weight"], grads["weight"]), (values["bias"], grads["bias"])
                return steps.Affine(x, out, *weight, *bias, relu=relu)
            case BatchNorm2d():
                return steps.BatchNorm2d(x, out, values, grads, momentum=layer.momentum, eps=layer.eps, relu=relu)
            case ReLU():
                return steps.Relu(x, out)
            case MaxPool2d():
                return steps.MaxPool2d(
                    x, out, kernel_size=layer.kernel_size, stride=layer.stride, padding=layer.padding,
                    capacity=self.capacity,
                )  # fmt: skip
            case Dropout():
                step = steps.Dropout(x, out, threshold=mask_threshold(layer.rate), rate=layer.rate)
                self._dropouts.append((step, layer))
                return step
            case GlobalAvgPool():
                return steps.AveragePool(x, out)
        raise AssertionError(f"{type(layer).__name__} is in FUSED and has no step")


def serves(layers: tuple[Layer, ...]) -> bool:
    """Whether a plan can run these layers: their output must be the same in any order of pixels and channels."""
    return layers[-1].out_image is None


def _cells(numbers: list[int]) -> tuple[str, str, str]:
    """Bytes as kB; multiply-adds of one picture as MFLOP, two for each."""
    size, forward, backward = numbers
    return f"{size / 1e3:,.0f}", f"{2 * forward / 1e6:.3f}", f"{2 * backward / 1e6:.3f}"


def _is_halving(layers: tuple[Layer, ...]) -> bool:
    """Whether the second layer is a 2x2 max-pool with stride 2 and no padding."""
    pool = layers[1] if len(layers) > 1 else None
    return type(pool) is MaxPool2d and pool.kernel_size == pool.stride == (2, 2) and pool.padding == NO_BORDER
