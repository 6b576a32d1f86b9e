"""Networks in bfloat16, step by step: each product against the reference on rounded numbers, with its bound.

A number that the next step rounds may be off by one bit of float32, and then by one of bfloat16. So each step is
compared on the numbers that it got, and the bound is that of one step.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from fastcnn import Sequential
from fastcnn.checking.bounds import BOUND, require_within_bound
from fastcnn.kernels.cpu import steps as float32
from fastcnn.kernels.cpu.bfloat16 import steps_with
from fastcnn.kernels.cpu.products import loops, pairs
from fastcnn.kernels.cpu.steps import norm as norms
from fastcnn.kernels.cpu.steps.base import Activation
from fastcnn.kernels.cpu.tiles.parts import values
from fastcnn.kernels.cpu.toolchain.jit import parallel_lock
from fastcnn.kernels.reference import bfloat16 as reference
from fastcnn.kernels.reference import convolution as exact
from fastcnn.kernels.threads import set_threads, threads
from fastcnn.layers import (
    Affine,
    AvgPool2d,
    BatchNorm2d,
    Concat,
    Conv2d,
    Flatten,
    MaxPool2d,
    ReLU,
    Residual,
)
from fastcnn.network.plan import Plan
from fastcnn.zoo.families import resnet, vgg
from fastcnn.zoo.networks import deep_network, paper_network
from tests.kernels.cases import COMPILED
from tests.kernels.cpu.functions.test_bfloat16 import SOFTWARE
from tests.kernels.cpu.tiles.test_pairs import TILES

UNITS = tuple(TILES) if COMPILED else ("amx in software",)
SMALL = (1, 12, 12)


def odd():
    """Odd channels, strides, borders that differ, groups, depthwise with more filters, an Affine with nothing after."""
    return Sequential(
        [
            *(Conv2d(7, (3, 2), stride=(2, 1), padding=((1, 0), (2, 1))), ReLU()),
            *(Residual(Conv2d(7, 3, padding=1, bias=False)), ReLU()),
            *(Conv2d(14, 3, padding=1, groups=7), Conv2d(6, 1, groups=2), ReLU()),
            *(Conv2d(6, 3, padding=1, groups=6, stride=2), BatchNorm2d(), ReLU()),
            Concat(Conv2d(3, 3, padding=2, dilation=2), [Conv2d(5, 1, stride=1), AvgPool2d(3, stride=1, padding=1)]),
            *(Conv2d(9, 2), ReLU(), MaxPool2d(2), Flatten()),
            *(Residual(Affine(27)), Affine(11), ReLU(), Affine(3)),
        ],
        input_shape=(3, 11, 13),
        seed=0,
    )  # fmt: skip


NETWORKS = {
    "paper": lambda: paper_network(seed=0, input_shape=SMALL),
    "default": lambda: deep_network(seed=0, input_shape=SMALL),
    "VGG-like": lambda: vgg((5, 8, "pool", 34, 12, "pool"), input_shape=(3, 12, 12), seed=0, classes=10),
    "ResNet-like": lambda: resnet(8, 6, seed=0, input_shape=(3, 8, 8)),
    "odd": odd,
}


# The networks with values, and with gradients, that only such a step reads. `odd` has odd channels, forks and groups.
BITS_OF_VALUES = ("paper", "default", "VGG-like", "ResNet-like")
BITS_OF_GRADIENTS = (*BITS_OF_VALUES, "odd")


@pytest.fixture(scope="module", params=UNITS)
def steps(request):
    """The steps of a unit, on one thread: then only the serial kernels are compiled."""
    before = threads()
    set_threads(1)
    pairs.PRODUCTS["amx in software"], pairs.PIXELS["amx in software"] = loops.products_with(SOFTWARE), SOFTWARE.pixels
    yield steps_with(request.param)
    del pairs.PRODUCTS["amx in software"], pairs.PIXELS["amx in software"]
    set_threads(before)


class Recorded:
    """The same steps, with what each convolution and affine layer was made of."""

    def __init__(self, steps):
        self.made = {}
        names = {name: getattr(steps, name) for name in (*float32.__all__,)}
        own = {"Conv2d": self._of(steps.Conv2d), "Affine": self._of(steps.Affine)}
        self.steps = SimpleNamespace(**{**names, **own})

    def _of(self, make):
        def made(x, out, weight, grad_weight, bias, grad_bias, **options):
            step = make(x, out, weight, grad_weight, bias, grad_bias, **options)
            self.made[id(step)] = Product(x, out, weight, grad_weight, bias, grad_bias, options)
            return step

        return made


def planes(data, frame, n):
    """Channels-last pictures in a frame as a copy (n, C, H, W) of float32 numbers."""
    rows = data[: n * frame.image].reshape(n, frame.image // frame.row, frame.row // frame.channels, frame.channels)
    inside = rows[:, frame.top : frame.top + frame.height, frame.left : frame.left + frame.width]
    inside = np.moveaxis(inside, 3, 1)
    return values(inside) if inside.dtype == np.uint16 else inside.copy()


class Product:
    """What the reference needs to compute a step too."""

    def __init__(self, x, out, weight, grad_weight, bias, grad_bias, options):
        self.x, self.out, self.grad_weight, self.grad_bias = x, out, grad_weight, grad_bias
        self.weight, self.bias, self.options = weight, bias, options
        self.is_affine = "stride" not in options
        names = ("stride", "padding", "dilation", "groups")
        self.geometry = () if self.is_affine else tuple(options[name] for name in names)
        if self.is_affine:
            self.weight = weight.reshape(out.size, x.size, 1, 1)
            self.geometry = (1, 1), ((0, 0), (0, 0)), (1, 1), 1

    def input(self, n):
        x = planes(self.x.data, self.x.frame, n)
        return np.moveaxis(x, 1, 3).reshape(n, -1, 1, 1) if self.is_affine else x

    def gradient(self, n):
        """That of the output."""
        grad = planes(self.out.grad, self.out.grad_frame, n)[:, : self.out.shape[0]]  # one more where pairs need it
        return np.moveaxis(grad, 1, 3).reshape(n, -1, 1, 1) if self.is_affine else grad

    def output(self, n):
        """What the step must give, and the bound's magnitude, in float64; before the max-pool where it has one."""
        x, weight, bias, norm = self.input(n), self.weight, self.bias, self.options.get("norm")
        if norm is not None:
            folded, offsets = np.empty(weight.size, np.float32), np.empty(len(weight), np.float32)
            norms.fold_into(folded, offsets, weight.reshape(-1), bias, *norm)
            weight, bias = folded.reshape(weight.shape), offsets
        found = reference.conv2d(x, weight, bias, *self.geometry, dtype=np.float64)
        sizes = [np.abs(reference.rounded(each, np.float64)) for each in (x, weight)]
        magnitude = exact.conv2d(*sizes, None if bias is None else np.abs(bias).astype(float), *self.geometry)
        addend = self.options.get("addend")
        if addend is not None:
            added = planes(addend.data, addend.frame, n)
            found, magnitude = found + added, magnitude + np.abs(added)
        return np.maximum(found, 0) if self.options["relu"] else found, magnitude

    def check_forward(self, n, step):
        found = planes(self.out.data, self.out.frame, n)
        expected, magnitude = self.output(n)
        if self.is_affine:
            found = np.moveaxis(found, 1, 3).reshape(n, -1, 1, 1)
        if self.options.get("pool"):
            expected, magnitude = (in_windows(each).max(axis=-1) for each in (expected, magnitude))
        require_within(step.name, found, expected, magnitude, rounded=self.out.data.dtype == np.uint16)

    def before(self, n, step):
        """The gradient of what the products gave, from that of the step's output."""
        grad = self.gradient(n)
        if self.options.get("pool"):
            return unpooled(grad, step, self, n)
        if self.options["relu"]:
            out = planes(self.out.data, self.out.frame, n)
            out = np.moveaxis(out, 1, 3).reshape(n, -1, 1, 1) if self.is_affine else out
            grad[out <= 0] = 0
        return grad

    def check_backward(self, n, step, grad):
        x, options = self.input(n), self.geometry
        size = self.weight.shape[2:]
        expected = reference.conv2d_grad_weight(grad, x, size, *options, dtype=np.float64)
        sizes = [np.abs(reference.rounded(each, np.float64)) for each in (grad, x, self.weight)]
        magnitude = exact.conv2d_grad_weight(sizes[0], sizes[1], size, *options)
        require_within_bound(f"{step.name}, weight", self.grad_weight.reshape(expected.shape), expected, magnitude)
        if self.grad_bias is not None:
            expected = reference.rounded(grad, np.float64).sum(axis=(0, 2, 3))
            require_within_bound(f"{step.name}, bias", self.grad_bias, expected, sizes[0].sum(axis=(0, 2, 3)))
        if self.x.grad is not None:
            expected = reference.conv2d_grad_input(grad, self.weight, x.shape, *options, dtype=np.float64)
            found = planes(self.x.grad, self.x.grad_frame, n)
            found = np.moveaxis(found, 1, 3).reshape(n, -1, 1, 1) if self.is_affine else found
            magnitude = exact.conv2d_grad_input(sizes[0], sizes[2], x.shape, *options)
            rounded = self.x.grad.dtype == np.uint16
            require_within(f"{step.name}, input", found, expected, magnitude, rounded=rounded)


def require_within(name, found, expected, magnitude, *, rounded):
    """The bound of float32, for numbers that are rounded to bfloat16 after they were computed, or are not."""
    if not rounded:
        require_within_bound(name, found, expected, magnitude)
        return
    bound = 2 * BOUND * np.finfo(np.float32).eps * magnitude  # twice, as the limits are float32 themselves
    low, high = (reference.rounded((expected + side * bound).astype(np.float32), np.float32) for side in (-1, 1))
    assert ((low <= found) & (found <= high)).all(), name
    np.testing.assert_array_equal(reference.rounded(found, np.float32), found)


def in_windows(x):
    """(N, C, P, Q, 4): the pixels of each 2x2 window."""
    N, C, H, W = x.shape
    halves = x[:, :, : H // 2 * 2, : W // 2 * 2].reshape(N, C, H // 2, 2, W // 2, 2)
    return halves.transpose(0, 1, 2, 4, 3, 5).reshape(N, C, H // 2, W // 2, 4)


def unpooled(grad, step, product, n):
    """The gradient before ReLU and max-pool: at the winners that the step has noted, which must be the largest."""
    N, C, P, Q = grad.shape
    codes = step.codes.reshape(-1, P, Q, step.padded_filters)[:n, :, :, :C].transpose(0, 3, 1, 2)
    expected, magnitude = (in_windows(each) for each in product.output(n))
    bound = 2 * BOUND * np.finfo(np.float32).eps * magnitude.max(axis=-1)
    won = np.take_along_axis(expected, np.minimum(codes, 3)[..., None].astype(int), axis=-1)[..., 0]
    assert (np.where(codes < 4, won, 0) >= expected.max(axis=-1) - bound).all()
    (H, W), whole = product.output(n)[0].shape[2:], np.zeros((N, C, P, Q, 4), np.float32)
    for pixel in range(4):
        whole[..., pixel] = np.where(codes == pixel, grad, 0)
    out = np.zeros((N, C, H, W), np.float32)
    out[:, :, : 2 * P, : 2 * Q] = whole.reshape(N, C, P, Q, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(N, C, 2 * P, -1)
    return out


def run(calls):
    with parallel_lock, np.errstate(over="ignore"):  # dropout's hash wraps round, which Python's numbers warn of
        for kernel, args in calls:
            kernel(*args)


def plan_of(network, steps, n, *, training):
    recorded = Recorded(steps)
    plan = Plan(
        network.layers, network.input_shape, network.dtype, recorded.steps, capacity=n + 1, training=training,
        version=lambda: None,
    )  # fmt: skip
    return plan, recorded.made


def forward(plan, made, images, *, training):
    n = len(images)
    plan.begin(0)
    plan.load(images)
    for step, _, _ in plan._nodes:
        run(step.prepare_calls() + step.forward_calls(n, training))
        if id(step) in made:
            made[id(step)].check_forward(n, step)


@pytest.mark.slow  # compiles the steps of bfloat16
@pytest.mark.parametrize("name", NETWORKS)
def test_each_step_agrees_with_the_reference_on_rounded_numbers(steps, name, rng):
    network = NETWORKS[name]()
    for n in (3, 2):  # arrays keep what a larger batch has left in them
        images = rng.random((n, *network.input_shape), np.float32) - np.float32(0.3)
        if n == 3:
            plan, made = plan_of(network, steps, n, training=True)
        assert made
        forward(plan, made, images, training=True)
        plan.loss_step.loss(np.arange(n) % 3, 0.0)
        for step, _, has_backward in reversed(plan._nodes):
            if not has_backward:
                continue
            product = made.get(id(step))
            grad = None if product is None else product.before(n, step)
            run(step.backward_calls(n))
            if product is not None:
                product.check_backward(n, step, grad)


def answers(network, steps, images, *, training):
    """The gradients of the parameters, or the logits, and the dtypes of the values and gradients between the steps."""
    n = len(images)
    plan, _ = plan_of(network, steps, n, training=training)
    plan.begin(0)
    plan.load(images)
    for step, _, _ in plan._nodes:
        run(step.prepare_calls() + step.forward_calls(n, training))
    found = [steps.read(plan._out, n).copy()]
    if training:
        plan.loss_step.loss(np.arange(n) % 3, 0.0)
        for step, _, has_backward in reversed(plan._nodes):
            if has_backward:
                run(step.backward_calls(n))
        found += [each.grad.copy() for each in network.parameters.values()]
    values, gradients = ([getattr(step.out, name) for step, _, _ in plan._nodes] for name in ("data", "grad"))
    return found, *({each.dtype for each in arrays if each is not None} for arrays in (values, gradients))


@pytest.mark.slow  # compiles the steps of bfloat16
@pytest.mark.parametrize(
    ("name", "training"), [(name, True) for name in NETWORKS] + [("default", False), ("odd", False)]
)
def test_a_value_that_is_rounded_where_it_is_written_gives_the_same_bits(steps, name, training, monkeypatch, rng):
    """The convolution would round the same numbers where it reads them."""
    network = NETWORKS[name]()
    images = rng.random((3, *network.input_shape), np.float32) - np.float32(0.3)
    found, values, gradients = answers(network, steps, images, training=training)
    for method in ("take_border", "round_data", "round_gradient"):
        monkeypatch.setattr(Activation, method, lambda self: None)
    expected, *others = answers(network, steps, images, training=training)
    assert others == [{np.dtype(np.float32)}] * 2
    assert (np.dtype(np.uint16) in values) == (name in BITS_OF_VALUES)
    assert (np.dtype(np.uint16) in gradients) == (training and name in BITS_OF_GRADIENTS)
    for mine, right in zip(found, expected, strict=True):
        assert mine.tobytes() == right.tobytes()


@pytest.mark.slow  # compiles the steps of bfloat16
@pytest.mark.parametrize("name", ["default", "ResNet-like", "odd"])
@pytest.mark.parametrize("n", [1, 40])
def test_inference_folds_the_normalization_before_it_rounds(steps, name, n, rng):
    """One picture has its own tables in float32, and so have many small ones."""
    network = NETWORKS[name]()
    plan, made = plan_of(network, steps, n, training=False)
    forward(plan, made, rng.random((n, *network.input_shape), np.float32), training=False)
