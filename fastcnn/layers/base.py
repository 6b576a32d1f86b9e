"""What every layer is: options from the start, shapes and declarations after `build`, parameters after `attach`.

Between a training forward and its backward a layer also keeps the arrays that backward needs. One layer object belongs
to one place of one network.

A layer that the backends have a fused step for says so itself: `make_step`. All others run by their own methods.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, NamedTuple

from fastcnn.arrays import Array
from fastcnn.kernels.protocols import Activation, Norm, Step, Steps
from fastcnn.kernels.shapes import NO_BORDER, Padding
from fastcnn.layers.parameters import Declaration, Parameter

# One picture may not grow beyond this many values between two layers: 512 MiB in float64.
MAX_ACTIVATION = 1 << 26


class Signal(NamedTuple):
    """What flows between two layers, for one picture.

    shape : (C, H, W) or (features,)
    image : the (C, H, W) that a Flatten turned into the features, or None where there was none or an Affine mixed them
    """

    shape: tuple[int, ...]
    image: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Place:
    """Where a step of a plan stands, and which layers after its own it does as well.

    steps : the steps of the backend in use
    x, out : the activations before and after it
    training : whether gradients are part of it
    capacity : the most pictures of a batch
    relu, pool : whether it does the ReLU after the layer, and the 2x2 max-pool after that
    addend : what it adds before the ReLU; None for nothing
    norm : the batch normalisation between the layer and the ReLU; None for none
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

    OPTIONS names the arguments of `__init__`, each kept in an attribute of that name. LATER holds, for those that came
    after the first files, the value that leaves all as it was: a file need not name it. `_build` gives the signal that
    goes out and puts the parameters into `declarations` (`layers.plain` makes one); they are in `parameters` from then
    on. A layer with randomness takes it from `step`, which counts the batches of a training. Copies and pickles of a
    layer belong to no network yet. `register_layer` lets files name a class.

    takes_norm, takes_sum, takes_relu and takes_pool say what its fused step can do as well, in this order: a
    BatchNorm2d (outside a training), an addition, a ReLU, and a 2x2 max-pool after the ReLU. reads_border says whether
    the step can read pictures with a border.
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ()
    LATER: ClassVar[dict[str, Any]] = {}
    takes_relu: ClassVar[bool] = False
    takes_sum: ClassVar[bool] = False
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
        """The layers that it holds."""
        return ()

    @property
    def multiply_adds(self) -> int:
        """Multiplications with addition in one picture's forward."""
        return 0

    @property
    def least_batch(self) -> int:
        """The fewest pictures that it can be trained on."""
        return 1

    def describe(self) -> dict[str, Any]:
        """The kind and its options, JSON-able; `layer_from_description` reads it."""
        return {"type": type(self).__name__, **self._told()}

    @property
    def fused(self) -> bool:
        """Whether backends have a step for it: for this very class, as a subclass may compute something else."""
        return "make_step" in vars(type(self))

    @property
    def takes_pool(self) -> bool:
        """See the class."""
        return False

    @property
    def border(self) -> Padding:
        """The zeros that its fused step needs round what it reads."""
        return NO_BORDER

    def make_step(self, place: Place) -> Step:
        """Its fused step. A class that has one defines this itself."""
        raise NotImplementedError

    def storages(self) -> tuple[dict[str, Array], dict[str, Array]]:
        """What kernels compute with: the parameters and buffers by name, and the gradients of the parameters."""
        windows = self.parameters.items()
        gradients = {name: window.grad_storage for name, window in windows if window.grad_storage is not None}
        return {name: window.kernel_storage for name, window in windows}, gradients

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> "Layer":
        """A new layer with the options of a description."""
        return cls(**options)

    def build(self, incoming: Signal, index: int, name: str = "") -> Signal:
        """Fix the shapes and declare the parameters; ValueError where the layer cannot take what comes in."""
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
        """Take the parameters that were declared, by attribute name."""
        self.parameters = parameters

    def forward(self, x: Array, training: bool) -> Array:
        """The output for x (N, *in_shape), which stays as it is; in training also keep what backward will need."""
        raise NotImplementedError

    def backward(self, grad_out: Array) -> Array:
        """Write the gradients of the parameters and return that of the input, after a training forward."""
        raise NotImplementedError

    def backward_parameters(self, grad_out: Array) -> None:
        """The first half of `backward`, for a class that has one: all that the lowest layer of a network needs."""
        self.backward(grad_out)

    def forget(self) -> None:
        """Drop what the last training forward kept."""
        self._saved = ()

    def _build(self, incoming: Signal) -> Signal:
        return incoming

    def _told(self) -> dict[str, Any]:
        """Its options by name, without those of LATER that have the value there."""
        values = {name: getattr(self, name) for name in self.OPTIONS}
        return {name: value for name, value in values.items() if name not in self.LATER or value != self.LATER[name]}

    def _recall(self) -> tuple[Any, ...]:
        if not self._saved:
            raise RuntimeError(f"{type(self).__name__}.backward needs a forward with training=True before it")
        return self._saved

    def _assign_grad(self, name: str, grad: Array) -> None:
        self.parameters[name].assign_grad(grad)


def walk(layers: Iterable[Layer]) -> Iterator[Layer]:
    """All layers, those inside others too, each before what it holds."""
    for layer in layers:
        yield layer
        yield from walk(layer.inside)


def image_shape(incoming: Signal) -> tuple[int, int, int]:
    """The (C, H, W) of what comes in; ValueError where it is not a picture."""
    if len(incoming.shape) != 3:
        raise ValueError(f"it needs pictures (C, H, W), not {incoming.shape[0]} features; put it before any Flatten")
    c, h, w = incoming.shape
    return c, h, w
