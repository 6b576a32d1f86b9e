"""What each backend must offer: its functions, and the steps of a network's plan.

`reference`, `cpu` and `cuda` are modules of this form (`Backend`). A test compares their signatures with it.
`fastcnn.kernels` has checked the arguments: kernel_size, stride and dilation are pairs, padding is
((top, bottom), (left, right)), arrays are C-contiguous and have one dtype. Arrays on a device have the type `Any`.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, SupportsFloat, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

from fastcnn.kernels.memory import Memory
from fastcnn.kernels.shapes import Array, Indices, Padding, Pair, Shape

# Integers of any width.
Numbers: TypeAlias = npt.NDArray[np.integer[Any]]

# A kernel, or a function that starts one, with its arguments.
Call: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]


class Activation(Protocol):
    """The values between two steps: the channels-last pictures of a batch. grad is None if no step needs it."""

    shape: tuple[int, ...]
    data: Any
    grad: Any

    @property
    def size(self) -> int:
        """Values of one picture."""

    def twin(self) -> "Activation":
        """The same pictures for one more step that reads them, with a separate gradient."""

    def share_gradient(self, grad: Any) -> None:
        """Let its gradient be the same array as that of other pictures."""

    def give_back(self) -> None:
        """Let others use the array of its gradient: all steps that use it have been made."""


class Norm(NamedTuple):
    """Batch normalisation by running statistics: (x - mean) / sqrt(var + eps) * weight + bias. Arrays: (channels,)."""

    mean: Array
    var: Array
    weight: Array
    bias: Array
    eps: float


class Step(Protocol):
    """One or more layers. x, out: the activations before and after it; products: multiply-adds of one picture.

    If a step reads several activations, x is the first of them.
    """

    name: str
    products: int
    x: Any
    out: Any

    def prepare_calls(self) -> list[Call]:
        """The kernels that must run before `forward_calls` after parameters have changed."""

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        """The kernels of a batch of n pictures, with their arguments."""

    def backward_calls(self, n: int) -> list[Call]:
        """The kernels of the gradients of n pictures, with their arguments."""

    @property
    def gradient_products(self) -> int:
        """Multiply-adds of one picture in backward."""

    @property
    def arrays(self) -> dict[int, int]:
        """Bytes of each array, by its address: output, its gradient, and the step's own ones with the parameters."""


class InputStep(Step, Protocol):
    """The first step: it takes the pictures."""

    def load(self, images: Any) -> None:
        """images: (n, C, H, W) uint8, divided by 255, or floats, used unchanged; or a batch of a `TrainingSet`."""


class LossStep(Step, Protocol):
    """The last step of a training. It computes the loss of the first n pictures, and the gradient of their outputs.

    shares : (n,) float64, the weight of each picture in the mean; see `fastcnn.network.loss_values`
    """

    def loss(self, labels: Any, label_smoothing: float) -> SupportsFloat:
        """Mean softmax cross-entropy; labels: (n,) integers, or a batch of a `TrainingSet`."""

    def weighted_cross_entropy(
        self, labels: Numbers, shares: Array, class_weight: Array, label_smoothing: float
    ) -> SupportsFloat:
        """The cross-entropy with a weight for each class; class_weight: (classes,) float64."""

    def squared_error(self, targets: Array, shares: Array) -> SupportsFloat:
        """The squared error; targets: (n, outputs) float64."""

    def binary_cross_entropy(self, targets: Array, shares: Array) -> SupportsFloat:
        """The outputs are those before the sigmoid; targets: (n, outputs) float64, from 0 to 1."""


class MeetingStep(Step, Protocol):
    """A step that needs numbers of the whole batch, for batches that are cut into shards: batch normalisation.

    Each shard runs the first part; then `of_shard` has its numbers. Each shard gets those of the batch, and runs the
    second part. The numbers are float64.
    """

    pixels: int  # values of one picture in a channel

    def forward_parts(self, n: int) -> list[list[Call]]:
        """The kernels before and after the shards meet, in a training."""

    def backward_parts(self, n: int) -> list[list[Call]]:
        """The same for backward."""

    def batch_statistics(self) -> tuple[Array, Array]:
        """Mean and biased variance (C,) of each channel of the shard, which the first part of forward has left."""

    def take_batch_statistics(self, mean: Array, var: Array, count: int, *, moves: bool) -> None:
        """Take those of a batch with `count` values a channel; moves: whether the running statistics move along."""

    def gradient_sums(self) -> tuple[Array, Array]:
        """Sums (C,) of the gradient, and of it times the normalised input, after the first part of backward."""

    def take_gradient_sums(self, plain: Array, scaled: Array, count: int) -> None:
        """Take those of a batch with `count` values a channel."""


def is_meeting(step: Step) -> TypeGuard[MeetingStep]:
    """Whether the shards of a batch have to meet in this step."""
    return hasattr(step, "forward_parts")


class DropoutStep(Step, Protocol):
    """Dropout; `key[0]` is set before each batch."""

    key: Any


class Residence(Protocol):
    """Copies of a network's flat arrays on the device of the backend."""

    device: tuple[Any, ...]

    def there(self) -> None:
        """Update the device's copies. Call it before the device reads them."""

    def home(self) -> None:
        """Update the host's arrays. Call it before the host reads or writes them."""

    def changed(self) -> None:
        """Call it after the device has written to its copies."""

    @property
    def is_newer(self) -> bool:
        """Whether the newest values are only on the device."""

    def clip(self, max_norm: float) -> None:
        """Scale the gradients on the device, so that their Euclidean norm is at most max_norm."""


class Pipeline(Protocol):
    """Predictions of more pictures than one batch. One chunk is copied while another is computed."""

    def run(self, images: Array, out: Array, forward: Callable[[int, Callable[[], None]], None]) -> None:
        """out (N, classes) = the logits of N pictures; forward(n, lay_out) queues the kernels of n of them."""


class TrainingSet(Protocol):
    """The pictures and labels of a training, on the device of the backend."""

    def start_epoch(self, order: Numbers) -> None:
        """order : the numbers of the pictures, in the order of this epoch"""

    def batch(self, first: int, count: int) -> Any:
        """`count` pictures of the epoch; the first one has the number `first`."""

    def augmented(self, first: int, count: int, numbers: Array, waves: tuple[Array, Array]) -> Any:
        """The same pictures, augmented; numbers, waves: see `kernels.reference.augment`."""


class Device(Protocol):
    """What a backend with its own memory offers in addition."""

    def Residence(self, *arrays: Array) -> Residence:
        """Copies of flat host arrays: values, gradients, buffers."""

    def TrainingSet(self, images: Array, labels: Numbers, batch_size: int) -> TrainingSet:
        """images (N, C, H, W) uint8 and labels (N,), kept on the device."""

    def Pipeline(self, first: Any, last: Any) -> Pipeline:
        """first: a plan's `InputStep`; last: the activation with its logits."""

    def why_not(self, images: Array) -> str:
        """The reason why the device cannot keep these pictures, as the words after a colon; "" if it can."""

    def upload(self, array: Array) -> Any:
        """A copy on the device."""


class Steps(Protocol):
    """The steps of a plan. x, out: activations; relu, pool: whether the step computes these layers too."""

    @property
    def device(self) -> Device | None:
        """The device that holds the arrays; None for the host."""

    def Activation(
        self, shape: tuple[int, ...], border: Padding, capacity: int, dtype: Any, with_grad: bool,
        memory: Memory | None = None,
    ) -> Activation:  # fmt: skip
        """border: the zeros round each picture that the step which reads it needs; memory: for its gradient"""

    def Memory(self) -> Memory:
        """The gradients of one plan."""

    def Input(self, out: Any) -> InputStep: ...

    def Conv2d(
        self, x: Any, out: Any, weight: Array, grad_weight: Array, bias: Array | None, grad_bias: Array | None, *,
        stride: Pair, padding: Padding, dilation: Pair, groups: int, relu: bool, pool: bool, norm: Norm | None,
        addend: Any, training: bool, capacity: int,
    ) -> Step:  # fmt: skip
        """norm : outside a training, the batch normalisation after the convolution; it becomes part of weight and bias.
        addend : an activation that is added before the ReLU, or None; there is no pool then
        """

    def Affine(
        self, x: Any, out: Any, weight: Array, grad_weight: Array, bias: Array, grad_bias: Array, *, relu: bool
    ) -> Step:
        """weight : (out_features, in_features)"""

    def BatchNorm2d(
        self, x: Any, out: Any, parameters: dict[str, Array], gradients: dict[str, Array], *, momentum: float,
        eps: float, relu: bool, addend: Any, training: bool,
    ) -> Step:  # fmt: skip
        """For pictures or features. With features, the parameters have a number for each feature, in the order in
        memory, and no activation has a border. addend : an activation that is added before the ReLU, or None
        """

    def Normalize(self, x: Any, out: Any, *, mean: Sequence[float], scale: Sequence[float]) -> Step:
        """out = (x - mean) / scale, with two fixed numbers for each channel."""

    def Relu(self, x: Any, out: Any) -> Step: ...

    def Elementwise(self, x: Any, out: Any, *, function: str, number: float) -> Step:
        """function : a name in `kernels.activations.CODES`; number : its option, 0 if it has none"""

    def MaxPool2d(
        self, x: Any, out: Any, *, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, capacity: int
    ) -> Step: ...

    def AvgPool2d(
        self, x: Any, out: Any, *, kernel_size: Pair, stride: Pair, padding: Padding, divisors: Array
    ) -> Step:
        """divisors : (P, Q), the number by which the sum of each window is divided"""

    def Dropout(self, x: Any, out: Any, *, threshold: int, rate: float) -> DropoutStep: ...

    def AveragePool(self, x: Any, out: Any) -> Step: ...

    def Add(self, x: Any, addend: Any, out: Any, *, relu: bool) -> Step:
        """out = x + addend. The gradient of x or addend may be the same array as that of out."""

    def Concat(self, parts: Sequence[Any], out: Any) -> Step:
        """out = the channels of all parts, in order."""

    def Copy(self, x: Any, out: Any) -> Step:
        """out = x, with another border."""

    def Fork(self, x: Any, twins: Sequence[Any]) -> Step:
        """Forward does nothing. Backward adds the gradients of the twins to the gradient of x."""

    def LayerStep(
        self, x: Any, out: Any, *, name: str, products: int, in_shape: tuple[int, ...], out_shape: tuple[int, ...],
        parameters: dict[str, Array], gradients: dict[str, Array],
        forward: Callable[[Array, bool], Array], backward: Callable[[Array], Array | None],
    ) -> Step:  # fmt: skip
        """A layer that has no fused step. It runs by its own methods; see `kernels.steps.LayerStep`."""

    def Loss(self, x: Any, capacity: int) -> LossStep: ...

    def read(self, out: Any, n: int) -> Array:
        """The first n rows of an activation without a border, on the host."""

    def entry(self, calls: list[Call]) -> AbstractContextManager[None]:
        """The context manager in which the calls run."""

    def compiled(self, calls: list[Call], *, joined: bool = False) -> list[Call]:
        """Calls, perhaps fewer, that do the same work in less time. All of them run, one after the other.

        joined : whether to take some more milliseconds to make as few calls as possible
        """

    def without_twins(self, calls: list[Call]) -> list[Call]:
        """The same calls. No kernel among them has two compiled forms."""


class Backend(Protocol):
    """The module of a backend. The function of the same name in `fastcnn.kernels` says what each function computes."""

    @property
    def steps(self) -> Steps | None:
        """The fused steps; None if the layers of a network run one by one."""

    def require_device(self) -> None:
        """Raise ImportError or OSError, with the reason, if the backend cannot compute on this machine."""

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
