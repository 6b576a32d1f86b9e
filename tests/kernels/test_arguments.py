"""Wrong arguments: the right error, naming the argument in one sentence, before any kernel runs."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.kernels import backends

Wrong = tuple[Callable[[], Any], type[Exception], str]
HUGE = 2**31 - 1


def f32(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


X, WEIGHT, BIAS, GRAD_OUT = f32(2, 4, 6, 7), f32(6, 2, 3, 2), f32(6), f32(2, 6, 4, 6)
POOLED, ARGMAX = f32(2, 4, 3, 3), np.zeros((2, 4, 3, 3), np.int64)
COLS = f32(2 * 4 * 6, 4 * 3 * 2)
INPUT_SHAPE = (2, 4, 6, 7)


def im2col(**changes: Any) -> Callable[[], Any]:
    return lambda: kernels.im2col(**{"x": X, "kernel_size": (3, 2), **changes})


def col2im(**changes: Any) -> Callable[[], Any]:
    return lambda: kernels.col2im(**{"cols": COLS, "input_shape": INPUT_SHAPE, "kernel_size": (3, 2), **changes})


def conv2d(**changes: Any) -> Callable[[], Any]:
    return lambda: kernels.conv2d(**{"x": X, "weight": WEIGHT, "bias": BIAS, "groups": 2, **changes})


def grad_input(**changes: Any) -> Callable[[], Any]:
    given = {"grad_out": GRAD_OUT, "weight": WEIGHT, "input_shape": INPUT_SHAPE, "groups": 2}
    return lambda: kernels.conv2d_grad_input(**{**given, **changes})


def grad_weight(**changes: Any) -> Callable[[], Any]:
    given = {"grad_out": GRAD_OUT, "x": X, "kernel_size": (3, 2), "groups": 2}
    return lambda: kernels.conv2d_grad_weight(**{**given, **changes})


def pool(**changes: Any) -> Callable[[], Any]:
    return lambda: kernels.max_pool2d(**{"x": X, "kernel_size": 2, **changes})


def pool_grad(**changes: Any) -> Callable[[], Any]:
    return lambda: kernels.max_pool2d_grad(
        **{"grad_out": POOLED, "argmax": ARGMAX, "input_shape": INPUT_SHAPE, **changes}
    )


OPTIONS = [
    *((im2col, name, "an int or a pair of ints") for name in ("kernel_size", "stride", "padding", "dilation")),
    *((pool, name, "an int or a pair of ints") for name in ("kernel_size", "stride", "padding")),
    *((vary, "groups", "an int") for vary in (conv2d, grad_input, grad_weight)),
    *((vary, "input_shape", "a tuple of 4 ints") for vary in (col2im, grad_input, pool_grad)),
]

RIGHT = [im2col(), col2im(), conv2d(), grad_input(), grad_weight(), pool(), pool_grad()]

WRONG: list[Wrong] = [
    # Arrays that are not arrays, or of the wrong dtype.
    (im2col(x=X.tolist()), TypeError, "x must be a NumPy array"),
    (im2col(x=None), TypeError, "x must be a NumPy array"),
    (im2col(x=X.astype(np.uint8)), TypeError, "x must be float32 or float64, got uint8"),
    (im2col(x=X.astype(np.float16)), TypeError, "x must be float32 or float64, got float16"),
    (im2col(x=X.astype(np.longdouble)), TypeError, "x must be float32 or float64"),
    (im2col(x=X.astype(np.complex64)), TypeError, "x must be float32 or float64"),
    (im2col(x=X.astype(object)), TypeError, "x must be float32 or float64"),
    (col2im(cols=COLS.astype(np.int64)), TypeError, "cols must be float32"),
    (conv2d(weight=WEIGHT.astype(np.float64)), TypeError, "weight is float64 but x is float32"),
    (conv2d(weight=WEIGHT.astype(bool)), TypeError, "weight must be float32"),
    (conv2d(bias=BIAS.astype(np.float64)), TypeError, "bias is float64 but x is float32"),
    (conv2d(bias=0.0), TypeError, "bias must be a NumPy array or None"),
    (grad_input(grad_out=GRAD_OUT.astype(np.float64)), TypeError, "weight is float32 but grad_out is float64"),
    (grad_weight(x=X.astype(np.float64)), TypeError, "x is float64 but grad_out is float32"),
    (pool(x=X.astype(np.int32)), TypeError, "x must be float32"),
    (pool_grad(argmax=ARGMAX.astype(np.int32)), TypeError, "argmax must be int64, got int32"),
    (pool_grad(argmax=ARGMAX.astype(np.uint64)), TypeError, "argmax must be int64, got uint64"),
    (pool_grad(argmax=ARGMAX.astype(np.float64)), TypeError, "argmax must be int64"),
    (pool_grad(argmax=ARGMAX.tolist()), TypeError, "argmax must be a NumPy array"),
    # Arrays of the wrong shape.
    (im2col(x=X[0]), ValueError, "x must have 4 axes"),
    (im2col(x=X[None]), ValueError, "x must have 4 axes"),
    (col2im(cols=X), ValueError, "cols must have 2 axes"),
    (col2im(cols=COLS[:-1]), ValueError, "cols must have shape (48, 24), got (47, 24)"),
    (col2im(cols=COLS.T.copy()), ValueError, "cols must have shape"),
    (conv2d(x=X[:, :3]), ValueError, "groups must divide the 3 input channels"),
    (conv2d(x=X[:, :2]), ValueError, "weight must have 1 channels"),
    (conv2d(weight=WEIGHT[:, :1]), ValueError, "weight must have 2 channels (x has 4 in 2 groups), got shape (6, 1,"),
    (conv2d(weight=WEIGHT[0]), ValueError, "weight must have 4 axes"),
    (conv2d(bias=BIAS[:-1]), ValueError, "bias must have shape (6,), got (5,)"),
    (conv2d(bias=BIAS[:, None]), ValueError, "bias must have shape"),
    (grad_input(grad_out=GRAD_OUT[:, :, :-1]), ValueError, "grad_out must have shape (2, 6, 4, 6), got (2, 6, 3, 6)"),
    (grad_input(grad_out=GRAD_OUT[:1]), ValueError, "grad_out must have shape"),
    (grad_input(grad_out=GRAD_OUT[:, :4]), ValueError, "grad_out must have shape"),
    (grad_input(weight=WEIGHT[:, :1]), ValueError, "weight must have 2 channels"),
    (grad_weight(grad_out=GRAD_OUT[..., :-1]), ValueError, "grad_out must have shape"),
    (grad_weight(x=X[:1]), ValueError, "grad_out must have shape (1, 6, 4, 6), got (2, 6, 4, 6)"),
    (grad_weight(x=X[:, :3]), ValueError, "groups must divide"),
    (pool_grad(argmax=ARGMAX[:1]), ValueError, "argmax must have grad_out's shape"),
    (pool_grad(grad_out=POOLED[:1], argmax=ARGMAX[:1]), ValueError, "grad_out must have shape (2, 4, 3, 3)"),
    (pool_grad(input_shape=(2, 5, 6, 7)), ValueError, "grad_out must have shape (2, 5, 3, 3)"),
    (pool_grad(argmax=ARGMAX + 42), ValueError, "argmax must lie between 0 and 41"),
    (pool_grad(argmax=ARGMAX - 1), ValueError, "argmax must lie between 0 and 41"),
    # Only the batch may be empty.
    (im2col(x=f32(2, 0, 6, 7)), ValueError, "x must have at least one channel and one pixel"),
    (conv2d(x=f32(2, 4, 0, 7), padding=3), ValueError, "x must have at least one channel and one pixel"),
    (conv2d(x=f32(2, 0, 6, 7), weight=f32(6, 0, 3, 2)), ValueError, "x must have at least one channel"),
    (conv2d(weight=f32(0, 2, 3, 2), bias=None), ValueError, "weight must have at least one output channel"),
    (conv2d(weight=f32(6, 2, 0, 2)), ValueError, "weight must have at least one"),
    (conv2d(x=f32(0, 4, 2, 7)), ValueError, "no window fits"),
    (pool(x=f32(2, 0, 6, 7)), ValueError, "x must have at least one channel"),
    (pool(x=f32(0, 3, 6, 0), padding=1), ValueError, "x must have at least one channel"),
    # input_shape.
    (col2im(input_shape=(2, 4, 6)), ValueError, "input_shape must have 4 numbers"),
    (col2im(input_shape=(2, 4, 6, 7.0)), TypeError, "input_shape must be an int, got 7.0"),
    (col2im(input_shape=(2, 4, 6, True)), TypeError, "input_shape must be an int, got True"),
    (col2im(input_shape=42), TypeError, "input_shape must be a tuple of 4 ints"),
    (grad_input(input_shape=(-2, 4, 6, 7)), ValueError, "input_shape must lie between 0"),
    (grad_input(input_shape=(2, 4, 6, 0)), ValueError, "input_shape must have at least one channel"),
    # kernel_size, stride, dilation.
    (im2col(kernel_size=0), ValueError, "kernel_size must lie between 1"),
    (im2col(kernel_size=(3, -1)), ValueError, "kernel_size must lie between 1"),
    (im2col(kernel_size=(3, 2, 1)), ValueError, "kernel_size must have 2 numbers"),
    (im2col(kernel_size=()), ValueError, "kernel_size must have 2 numbers"),
    (im2col(kernel_size=3.0), TypeError, "kernel_size must be an int or a pair of ints"),
    (im2col(kernel_size=True), TypeError, "kernel_size must be an int, got True"),
    (im2col(kernel_size=np.True_), TypeError, "kernel_size must be an int"),
    (im2col(kernel_size=None), TypeError, "kernel_size must be an int or a pair of ints"),
    (im2col(kernel_size="33"), TypeError, "kernel_size must be an int or a pair of ints"),
    (im2col(kernel_size=(7, 2)), ValueError, "kernel_size spans (7, 2) pixels, more than the padded input's (6, 7)"),
    (im2col(dilation=(3, 1)), ValueError, "kernel_size spans (7, 2) pixels"),
    (im2col(kernel_size=(3, 10), padding=1), ValueError, "no window fits"),
    (im2col(stride=0), ValueError, "stride must lie between 1"),
    (im2col(stride=(1, 0)), ValueError, "stride must lie between 1"),
    (im2col(stride=None), TypeError, "stride must be an int or a pair of ints"),
    (im2col(stride=1.5), TypeError, "stride must be an int or a pair of ints"),
    (im2col(dilation=0), ValueError, "dilation must lie between 1"),
    (conv2d(dilation=(1, 2.0)), TypeError, "dilation must be an int, got 2.0"),
    (grad_weight(kernel_size=(3, 9)), ValueError, "no window fits"),
    (grad_weight(stride=2), ValueError, "grad_out must have shape"),
    (pool(kernel_size=(7, 2)), ValueError, "no window fits"),
    (pool(stride=0), ValueError, "stride must lie between 1"),
    # padding.
    (im2col(padding=-1), ValueError, "padding must lie between 0"),
    (im2col(padding=(0, -1)), ValueError, "padding must lie between 0"),
    (im2col(padding=((0, 0), (0, -1))), ValueError, "padding must lie between 0"),
    (im2col(padding=(1, 2, 3, 4)), ValueError, "padding must have 2 numbers"),
    (im2col(padding=((1, 2), 3)), TypeError, "padding must be a tuple of 2 ints"),
    (im2col(padding=((1, 2),)), ValueError, "padding must be ((top, bottom), (left, right))"),
    (im2col(padding=((1, 2), (1, 2, 3))), ValueError, "padding must have 2 numbers"),
    (im2col(padding="same"), TypeError, "padding must be an int or a pair of ints"),
    (im2col(padding=0.5), TypeError, "padding must be an int or a pair of ints"),
    (im2col(padding=False), TypeError, "padding must be an int, got False"),
    (pool(padding=2), ValueError, "padding must be less than kernel_size (2, 2)"),
    (pool(kernel_size=3, padding=3), ValueError, "padding must be less than kernel_size (3, 3)"),
    (pool(kernel_size=(4, 3), padding=((0, 4), (0, 0))), ValueError, "padding must be less than kernel_size (4, 3)"),
    (pool(kernel_size=1, padding=1), ValueError, "padding must be less than kernel_size (1, 1)"),
    (pool(dilation=7), ValueError, "no window fits"),
    (pool(dilation=0), ValueError, "dilation must lie between 1"),
    (pool(x=f32(1, 1, 2, 3), padding=1, dilation=3, stride=1), ValueError, "dilation (3, 3) leaves a window without"),
    (pool(ceil_mode=None), TypeError, "ceil_mode must be True or False"),
    (pool(kernel_size=2**31 - 1, ceil_mode=True), ValueError, "padding is too large"),
    # groups.
    (conv2d(groups=3), ValueError, "groups must divide the 4 input channels and the 6 output channels, got 3"),
    (conv2d(groups=4, weight=f32(6, 1, 3, 2)), ValueError, "groups must divide"),
    (conv2d(groups=0), ValueError, "groups must lie between 1"),
    (conv2d(groups=2.0), TypeError, "groups must be an int"),
    (conv2d(groups=True), TypeError, "groups must be an int"),
    (conv2d(groups=(2, 2)), TypeError, "groups must be an int"),
    (grad_input(groups=1), ValueError, "weight must have 4 channels"),
    (grad_weight(groups=8), ValueError, "groups must divide"),
    # Arrays where options belong, and a mask that no kernel would see.
    *(
        (vary(**{name: np.array(numbers)}), TypeError, f"{name} must be {wanted}, got an array of shape")
        for vary, name, wanted in OPTIONS
        for numbers in (1, [1], [1, 1], [[1, 1], [1, 1]])
    ),
    (im2col(stride=(np.array([1]), 1)), TypeError, "stride must be an int, got an array of shape (1,) and dtype int64"),
    (im2col(stride=[np.array([1]), 1, 1]), ValueError, "stride must have 2 numbers, got a list that holds arrays"),
    (im2col(x=np.ma.masked_less(X, 0)), TypeError, "x must be a NumPy array, got a masked array; fill it first"),
    (conv2d(bias=np.ma.masked_less(BIAS, 0)), TypeError, "bias must be a NumPy array or None, got a masked array"),
    (pool_grad(argmax=np.ma.masked_less(ARGMAX, 0)), TypeError, "argmax must be a NumPy array, got a masked array"),
    # Numbers that would overflow.
    (im2col(padding=2**31), ValueError, "padding must lie between 0 and 2147483647"),
    (im2col(padding=2**64), ValueError, "padding must lie between 0 and"),
    (im2col(padding=HUGE), ValueError, "padding makes the input (4294967300, 4294967301) pixels large"),
    (im2col(padding=HUGE // 2 - 9), ValueError, "padding is too large"),
    (im2col(stride=2**63), ValueError, "stride must lie between 1 and"),
    (im2col(dilation=HUGE), ValueError, "no window fits"),
    (im2col(x=np.broadcast_to(np.float32(1), (1, 1, 2**30, 2**29))), ValueError, "kernel_size is too large"),
    (col2im(input_shape=(1, 1, HUGE, HUGE), stride=HUGE), ValueError, "input_shape is too large"),
    (grad_input(input_shape=(0, HUGE, HUGE, 4)), ValueError, "input_shape is too large"),
    (pool_grad(input_shape=(2, 4, HUGE, HUGE)), ValueError, "input_shape is too large"),
]  # fmt: skip


@pytest.fixture
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend without a single function: to reach it is an AttributeError."""
    monkeypatch.setattr(backends, "_chosen", ("none", SimpleNamespace()))


@pytest.mark.usefixtures("no_kernel")
@pytest.mark.parametrize(("call", "error", "message"), WRONG, ids=[f"{i} {w[2]}" for i, w in enumerate(WRONG)])
def test_wrong_argument_is_named_before_any_kernel_runs(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as raised:
        call()
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.usefixtures("no_kernel")
@pytest.mark.parametrize("call", RIGHT)
def test_the_calls_that_are_varied_are_right_themselves(call: Callable[[], Any]) -> None:
    with pytest.raises(AttributeError):
        call()


def test_options_may_be_any_ints_in_tuples_or_lists(backend: str) -> None:
    expected = kernels.conv2d(X, WEIGHT, stride=(2, 1), padding=((1, 0), (2, 3)), groups=2)
    stride, padding = [np.int32(2), np.uint8(1)], [[1, np.int64(0)], (2, 3)]
    out = kernels.conv2d(X, WEIGHT, stride=stride, padding=padding, groups=np.int8(2))  # type: ignore[arg-type]
    np.testing.assert_array_equal(out, expected)
    numbers = kernels.max_pool2d(X, 3, stride=2, padding=1)[0]
    pairs = kernels.max_pool2d(X, (3, 3), stride=(2, 2), padding=((1, 1), (1, 1)))[0]
    np.testing.assert_array_equal(numbers, pairs)


def test_max_pool2d_stride_is_the_kernel_by_default(backend: str) -> None:
    assert kernels.max_pool2d(X, (3, 2))[0].shape == (2, 4, 2, 3)
    assert kernels.max_pool2d(X, (3, 2), stride=1)[0].shape == (2, 4, 4, 6)


def test_argmax_at_the_ends_of_the_plane_is_taken(backend: str) -> None:
    argmax = np.array([0, 41]).reshape(1, 1, 1, 2)
    grad_input = kernels.max_pool2d_grad(f32(1, 1, 1, 2), argmax, (1, 1, 6, 7)).ravel()
    assert np.flatnonzero(grad_input).tolist() == [0, 41]
