"""What a backend must offer, written down once: its functions, and the steps of a network's plan.

`reference`, `cpu` and `cuda` are modules of this shape (`Backend`); a test compares their signatures with it. The
arguments have been checked by `fastcnn.kernels`: kernel_size, stride and dilation are pairs, padding is
((top, bottom), (left, right)), arrays are C-contiguous and of one dtype. What lies in a device's memory is `Any`.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, SupportsFloat, TypeAlias

import numpy as np
import numpy.typing as npt

from fastcnn.kernels.shapes import Array, Indices, Padding, Pair, Shape

# Integers of any width.
Numbers: TypeAlias = npt.NDArray[np.integer[Any]]

# A kernel, or what starts one, with its ready arguments.
Call: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]


class Activation(Protocol):
    """What flows between two steps: channels-last pictures of a whole batch. grad is None where nobody asks for it."""

    shape: tuple[int, ...]
    data: Any
    grad: Any

    @property
    def size(self) -> int:
        """Values of one picture."""

    def twin(self) -> "Activation":
        """The same pictures for one more reader, with a gradient of its own."""


class Norm(NamedTuple):
    """Batch normalisation by running statistics, all (channels,): (x - mean) / sqrt(var + eps) * weight + bias."""

    mean: Array
    var: Array
    weight: Array
    bias: Array
    eps: float


class Step(Protocol):
    """Several layers at once. x, out: the activations before and after it; products: multiply-adds a picture.

    A step that reads more than one activation has the first of them as x.
    """

    name: str
    products: int
    x: Any
    out: Any

    def prepare_calls(self) -> list[Call]:
        """The kernels that must run before `forward_calls` after parameters have changed."""

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        """The kernels of a batch of n pictures, with their ready arguments."""

    def backward_calls(self, n: int) -> list[Call]:
        """The same for the gradients."""

    @property
    def gradient_products(self) -> int:
        """Multiply-adds a picture in backward."""

    @property
    def nbytes(self) -> int:
        """Bytes of its output, of that one's gradient, and of its own arrays, parameters included."""


class InputStep(Step, Protocol):
    """The first step: pictures in."""

    def load(self, images: Any) -> None:
        """(n, C, H, W) uint8, which is divided by 255, or floats as they are; or a batch of a `TrainingSet`."""


class LossStep(Step, Protocol):
    """The last step of a training: the loss of the first n pictures' outputs; it fills their gradient.

    shares : (n,) float64, each picture's part of the mean; see `fastcnn.network.loss_values`
    """

    def loss(self, labels: Any, label_smoothing: float) -> SupportsFloat:
        """Mean softmax cross-entropy; labels: (n,) integers, or a batch of a `TrainingSet`."""

    def weighted_cross_entropy(
        self, labels: Numbers, shares: Array, class_weight: Array, label_smoothing: float
    ) -> SupportsFloat:
        """The same with a weight for each class: (classes,) float64."""

    def squared_error(self, targets: Array, shares: Array) -> SupportsFloat:
        """targets: (n, outputs) float64."""

    def binary_cross_entropy(self, targets: Array, shares: Array) -> SupportsFloat:
        """Of outputs before the sigmoid; targets: (n, outputs) float64, from 0 to 1."""


class DropoutStep(Step, Protocol):
    """Dropout; `key[0]` is set before each batch."""

    key: Any


class Residence(Protocol):
    """Copies of a network's flat arrays where the backend computes, if that is not the host."""

    device: tuple[Any, ...]

    def there(self) -> None:
        """Before the device reads them: bring it up to date."""

    def home(self) -> None:
        """Before the host reads or writes them: bring it up to date."""

    def changed(self) -> None:
        """After the device wrote to them."""

    @property
    def is_newer(self) -> bool:
        """Whether the newest numbers are on the device alone."""

    def clip(self, max_norm: float) -> None:
        """Scale the gradients there, so that their Euclidean norm is at most max_norm."""


class Pipeline(Protocol):
    """Predictions of more pictures than a batch, copied while others are computed."""

    def run(self, images: Array, out: Array, forward: Callable[[int, Callable[[], None]], None]) -> None:
        """out (N, classes) = the logits of N pictures; forward(n, lay_out) queues the kernels of n of them."""


class TrainingSet(Protocol):
    """A training's pictures and labels where the backend computes."""

    def start_epoch(self, order: Numbers) -> None:
        """order : the pictures' numbers, as they are to come"""

    def batch(self, first: int, count: int) -> Any:
        """The `count` pictures from number `first` of the epoch on."""

    def augmented(self, first: int, count: int, numbers: Array, waves: tuple[Array, Array]) -> Any:
        """The same pictures, changed; numbers, waves: see `kernels.reference.augment`."""


class Device(Protocol):
    """What a backend with memory of its own offers as well."""

    def Residence(self, *arrays: Array) -> Residence:
        """Copies of flat host arrays: values, gradients, buffers."""

    def TrainingSet(self, images: Array, labels: Numbers, batch_size: int) -> TrainingSet:
        """images (N, C, H, W) uint8 and labels (N,), kept on the device."""

    def Pipeline(self, first: Any, last: Any) -> Pipeline:
        """first: a plan's `InputStep`; last: the activation with its logits."""

    def why_not(self, images: Array) -> str:
        """Why these pictures cannot be kept there, in words that follow a colon; "" where they can."""

    def upload(self, array: Array) -> Any:
        """A copy on the device."""


class Steps(Protocol):
    """The steps of a plan. x, out: activations; relu, pool: whether the step does these layers too."""

    @property
    def device(self) -> Device | None:
        """Where the arrays lie, if not on the host."""

    def Activation(
        self, shape: tuple[int, ...], border: Padding, capacity: int, dtype: Any, with_grad: bool
    ) -> Activation:
        """border: the zeros that its reader needs round each picture."""

    def Input(self, out: Any) -> InputStep: ...

    def Conv2d(
        self, x: Any, out: Any, weight: Array, grad_weight: Array, bias: Array | None, grad_bias: Array | None, *,
        stride: Pair, padding: Padding, dilation: Pair, groups: int, relu: bool, pool: bool, norm: Norm | None,
        training: bool, capacity: int,
    ) -> Step:  # fmt: skip
        """norm : outside a training, the batch normalisation before the ReLU, which becomes part of weight and bias"""

    def Affine(
        self, x: Any, out: Any, weight: Array, grad_weight: Array, bias: Array, grad_bias: Array, *, relu: bool
    ) -> Step:
        """weight : (out_features, in_features)"""

    def BatchNorm2d(
        self, x: Any, out: Any, parameters: dict[str, Array], gradients: dict[str, Array], *, momentum: float,
        eps: float, relu: bool, addend: Any, training: bool,
    ) -> Step:  # fmt: skip
        """Of pictures, or of features: then each value has a number in the parameters, in the order in memory, and no
        activation has a border. addend : an activation that is added before the ReLU, or None
        """

    def Relu(self, x: Any, out: Any) -> Step: ...

    def Elementwise(self, x: Any, out: Any, *, function: str, number: float) -> Step:
        """function : a name in `kernels.activations.CODES`; number : its option, 0 where it has none"""

    def MaxPool2d(
        self, x: Any, out: Any, *, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, capacity: int
    ) -> Step: ...

    def AvgPool2d(
        self, x: Any, out: Any, *, kernel_size: Pair, stride: Pair, padding: Padding, divisors: Array
    ) -> Step:
        """divisors : (P, Q), what the sum of each window is divided by"""

    def Dropout(self, x: Any, out: Any, *, threshold: int, rate: float) -> DropoutStep: ...

    def AveragePool(self, x: Any, out: Any) -> Step: ...

    def Add(self, x: Any, addend: Any, out: Any, *, relu: bool) -> Step:
        """out = x + addend. The gradient of either may be that of out."""

    def Concat(self, parts: Sequence[Any], out: Any) -> Step:
        """out = the channels of all parts, in order."""

    def Copy(self, x: Any, out: Any) -> Step:
        """out = x, with another border."""

    def Fork(self, x: Any, twins: Sequence[Any]) -> Step:
        """Nothing forward; backward adds the gradients of the twins to that of x."""

    def LayerStep(
        self, x: Any, out: Any, *, name: str, products: int, in_shape: tuple[int, ...], out_shape: tuple[int, ...],
        parameters: dict[str, Array], gradients: dict[str, Array],
        forward: Callable[[Array, bool], Array], backward: Callable[[Array], Array | None],
    ) -> Step:  # fmt: skip
        """A layer without a step of its own: it runs by its own methods, see `kernels.steps.LayerStep`."""

    def Loss(self, x: Any, capacity: int) -> LossStep: ...

    def read(self, out: Any, n: int) -> Array:
        """The first n rows of an activation without a border, on the host."""

    def entry(self, calls: list[Call]) -> AbstractContextManager[None]:
        """What is held while calls run."""

    def compiled(self, calls: list[Call]) -> list[Call]:
        """Calls, perhaps fewer, that do the same in less time; they are run one after the other, and all of them."""

    def without_twins(self, calls: list[Call]) -> list[Call]:
        """The same calls, with no kernel in two compiled forms."""


class Backend(Protocol):
    """The module of a backend. What each function computes: see the function of the same name in `fastcnn.kernels`."""

    @property
    def steps(self) -> Steps | None:
        """None where a network's layers run one by one."""

    def require_device(self) -> None:
        """ImportError or OSError, with the reason, where it cannot compute here."""

    def im2col(self, x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Array: ...

    def col2im(
        self, cols: Array, input_shape: Shape, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair
    ) -> Array: ...

    def conv2d(
        self, x: Array, weight: Array, bias: Array | None, stride: Pair, padding: Padding, dilation: Pair, groups: int
    ) -> Array: ...

    def conv2d_grad_input(
        self, grad_out: Array, weight: Array, input_shape: Shape, stride: Pair, padding: Padding, dilation: Pair,
        groups: int,
    ) -> Array: ...  # fmt: skip

    def conv2d_grad_weight(
        self, grad_out: Array, x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
    ) -> Array: ...

    def max_pool2d(
        self, x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair
    ) -> tuple[Array, Indices]: ...

    def max_pool2d_grad(self, grad_out: Array, argmax: Indices, input_shape: Shape) -> Array: ...

    def update(self, rule: str, arrays: Sequence[Any], numbers: Sequence[float]) -> None:
        """One optimizer step on flat arrays, in place; see `kernels.reference.updates`."""

    def augment(self, out: Any, images: Any, numbers: Any, waves_down: Any, waves_across: Any) -> None:
        """Change pictures for training; see `kernels.reference.augment`."""
