"""The base of all layers. It has options at first, shapes and declarations after `build`, parameters after `attach`.

Between forward and backward in training, a layer also keeps the arrays that backward needs. One layer object belongs to
one place in one network.

A layer has the method `make_step` if the backends have a fused step for it. Other layers run by their own methods.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, NamedTuple

from fastcnn.arrays import Array
from fastcnn.kernels.protocols import Activation, Norm, Step, Steps
from fastcnn.kernels.shapes import NO_BORDER, Padding
from fastcnn.layers.parameters import Declaration, Parameter

# Between two layers, one picture may have at most this many values: 512 MiB in float64.
MAX_ACTIVATION = 1 << 26


class Signal(NamedTuple):
    """The shape of one picture between two layers.

    shape : (C, H, W) or (features,)
    image : the (C, H, W) before a Flatten made the features; None without a Flatten, or after an Affine
    """

    shape: tuple[int, ...]
    image: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Place:
    """The place of a step in a plan, and the layers after its own layer that it computes too.

    steps : the steps of the backend in use
    x, out : the activations before and after it
    training : whether it computes gradients too
    capacity : the largest number of pictures in a batch
    relu, pool : whether it computes the ReLU after the layer, and the 2x2 max-pool after the ReLU
    addend : the activation that it adds before the ReLU, or None
    norm : the batch normalisation between the layer and the ReLU, or None
    """

    steps: Steps
    x: Activation
    out: Activation
    training: bool
    capacity: int
    relu: bool = False
    pool: bool = False
    addend: Activation | None = None
    norm: Norm | None = None


class Layer:
    """What all layers share. Subclasses implement `_build`, `forward` and `backward`.

    OPTIONS names the arguments of `__init__`; an attribute of the same name keeps each of them. LATER holds options
    that older files do not have, each with its default value. `_build` returns the output signal and puts the
    parameters into `declarations` (`layers.plain` makes one); after `attach` they are in `parameters`. A layer with
    randomness derives it from `step`, which counts the batches of a training. A copy or pickle of a layer belongs to no
    network. `register_layer` allows files to name a class.

    takes_norm, takes_sum, takes_relu and takes_pool say what the fused step can compute too, in this order: a
    BatchNorm2d (outside a training), an addition, a ReLU, and a 2x2 max-pool after the ReLU. reads_border says whether
    the step can read pictures with a border.
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ()
    LATER: ClassVar[dict[str, Any]] = {}
    takes_relu: ClassVar[bool] = False
    takes_norm: ClassVar[bool] = False
    reads_border: ClassVar[bool] = True

    def __init__(self) -> None:
        self.index = 0  # its number in the network; see `layers.composite` for layers inside others
        self.name = ""  # its place in the network: "3", or "3.0" inside layer 3
        self.step = 0  # set by the network before each training forward
        self.in_shape: tuple[int, ...] = ()
        self.out_shape: tuple[int, ...] = ()
        self.out_image: tuple[int, ...] | None = None
        self.declarations: list[Declaration] = []
        self.parameters: dict[str, Parameter] = {}
        self._saved: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self._told().items())
        return f"{type(self).__name__}({options})"

    def __getstate__(self) -> dict[str, Any]:
        new: dict[str, Any] = {"in_shape": (), "out_shape": (), "out_image": None, "declarations": [], "parameters": {}}
        return {**vars(self), **new, "_saved": ()}

    @property
    def inside(self) -> tuple["Layer", ...]:
        """The layers inside this layer."""
        return ()

    @property
    def multiply_adds(self) -> int:
        """The multiply-adds of one picture in forward."""
        return 0

    @property
    def least_batch(self) -> int:
        """The smallest batch that it can be trained on."""
        return 1

    def describe(self) -> dict[str, Any]:
        """The kind and the options, as JSON can hold them; `layer_from_description` reads it."""
        return {"type": type(self).__name__, **self._told()}

    @property
    def fused(self) -> bool:
        """Whether backends have a step for exactly this class. A subclass may compute something else."""
        return "make_step" in vars(type(self))

    @property
    def takes_sum(self) -> bool:
        """See the class."""
        return False

    @property
    def takes_pool(self) -> bool:
        """See the class."""
        return False

    @property
    def border(self) -> Padding:
        """The border of zeros that its fused step needs round the pictures it reads."""
        return NO_BORDER

    def make_step(self, place: Place) -> Step:
        """The fused step of this layer. Each class that has one overrides this method."""
        raise NotImplementedError

    def storages(self) -> tuple[dict[str, Array], dict[str, Array]]:
        """The arrays for the kernels: the parameters and buffers by name, and the gradients of the parameters."""
        windows = self.parameters.items()
        gradients = {name: window.grad_storage for name, window in windows if window.grad_storage is not None}
        return {name: window.kernel_storage for name, window in windows}, gradients

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> "Layer":
        """A new layer with the options of a description."""
        return cls(**options)

    def build(self, incoming: Signal, index: int, name: str = "") -> Signal:
        """Set the shapes and declare the parameters; ValueError if the layer cannot take this input."""
        if not hasattr(self, "in_shape"):
            raise ValueError("its __init__ must call super().__init__() first")
        if self.in_shape:
            raise ValueError("it is part of a network already; make a new layer for each place")
        self.index, self.name = index, name or str(index)
        outgoing = self._build(incoming)
        if prod(outgoing.shape) > MAX_ACTIVATION:
            raise ValueError(f"its output {outgoing.shape} is larger than {MAX_ACTIVATION} values a picture")
        if outgoing.image is not None and outgoing.shape != (prod(outgoing.image),):
            raise ValueError(f"its output {outgoing.shape} cannot be the features of a picture {outgoing.image}")
        self.in_shape, self.out_shape, self.out_image = incoming.shape, outgoing.shape, outgoing.image
        return outgoing

    def attach(self, parameters: dict[str, Parameter]) -> None:
        """Take the declared parameters; the keys are the attribute names."""
        self.parameters = parameters

    def forward(self, x: Array, training: bool) -> Array:
        """The output for x (N, *in_shape), which is not changed. In training, also keep what backward needs."""
        raise NotImplementedError

    def backward(self, grad_out: Array) -> Array:
        """Write the gradients of the parameters and return the gradient of the input, after forward in training."""
        raise NotImplementedError

    def backward_parameters(self, grad_out: Array) -> None:
        """Write only the gradients of the parameters. The lowest layer of a network needs no more than this."""
        self.backward(grad_out)

    def forget(self) -> None:
        """Drop the arrays that the last forward in training kept."""
        self._saved = ()

    def _build(self, incoming: Signal) -> Signal:
        return incoming

    def _told(self) -> dict[str, Any]:
        """The options by name, without those that have their default value in LATER."""
        values = {name: getattr(self, name) for name in self.OPTIONS}
        return {name: value for name, value in values.items() if name not in self.LATER or value != self.LATER[name]}

    def _recall(self) -> tuple[Any, ...]:
        if not self._saved:
            raise RuntimeError(f"{type(self).__name__}.backward needs a forward with training=True before it")
        return self._saved

    def _assign_grad(self, name: str, grad: Array) -> None:
        self.parameters[name].assign_grad(grad)


def walk(layers: Iterable[Layer]) -> Iterator[Layer]:
    """All layers, also those inside other layers. An outer layer comes before its inner layers."""
    for layer in layers:
        yield layer
        yield from walk(layer.inside)


def image_shape(incoming: Signal) -> tuple[int, int, int]:
    """The (C, H, W) of the input; ValueError if the input is not a picture."""
    if len(incoming.shape) != 3:
        raise ValueError(f"it needs pictures (C, H, W), not {incoming.shape[0]} features; put it before any Flatten")
    c, h, w = incoming.shape
    return c, h, w
