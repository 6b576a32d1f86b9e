"""Every backend against PyTorch: the table of cases, and PyTorch's own sample inputs. Values and gradients.

PyTorch computes in float64, whatever the dtype of the kernel.
"""

import warnings
from typing import Any

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.checking.bounds import require_within_bound
from fastcnn.checking.calls import convolution_calls
from fastcnn.checking.cases import Convolution, Pooling, both
from tests.kernels.cases import CONVOLUTIONS, DTYPES, POOLINGS, normal
from tests.kernels.checks import magnitude

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("backend")]

Dtype = type[np.floating]
Arrays = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def torch() -> Any:
    module = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch expecttest")
    module.set_num_threads(1)
    return module


@pytest.fixture(scope="module")
def samples(torch: Any) -> dict[str, list[Any]]:
    """PyTorch's sample inputs of the three functions."""
    pytest.importorskip("expecttest", reason="PyTorch's test package needs it: pip install expecttest")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own
        from torch.testing._internal.common_methods_invocations import op_db
    torch.manual_seed(0)
    names = ("conv2d", "max_pool2d", "unfold")
    operations = {op.name: op for op in op_db if op.name in [f"nn.functional.{name}" for name in names]}
    return {
        name: list(operations[f"nn.functional.{name}"].sample_inputs("cpu", torch.float64, requires_grad=False))
        for name in names
    }


def padding_pairs(padding: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    height, width = both(padding)
    return both(height), both(width)


def pad(torch: Any, x: Any, padding: Any, value: float = 0.0) -> Any:
    (top, bottom), (left, right) = padding_pairs(padding)
    return torch.nn.functional.pad(x, (left, right, top, bottom), value=value)


def leaf(torch: Any, array: np.ndarray) -> Any:
    return torch.from_numpy(array.astype(np.float64)).requires_grad_()


def gradients(torch: Any, out: Any, grad_out: np.ndarray, leaves: list[Any]) -> list[np.ndarray]:
    return [grad.numpy() for grad in torch.autograd.grad(out, leaves, torch.from_numpy(grad_out.astype(np.float64)))]


def check_convolution(torch: Any, case: Convolution, arrays: Arrays, dtype: Dtype, rng: np.random.Generator) -> None:
    """conv2d and its gradients on given x, weight and perhaps bias."""
    calls = convolution_calls(case, normal(rng, dtype))
    calls["conv2d"].arrays.update({name: array.astype(dtype) for name, array in arrays.items()})
    arrays = calls["conv2d"].arrays
    grad_out = calls["conv2d_grad_input"].arrays["grad_out"]
    calls["conv2d_grad_input"].arrays["weight"] = arrays["weight"]
    calls["conv2d_grad_weight"].arrays["x"] = arrays["x"]

    leaves = [leaf(torch, array) for array in arrays.values()]
    x, weight, *bias = leaves
    out = torch.nn.functional.conv2d(
        pad(torch, x, case.padding), weight, *bias, stride=case.stride, dilation=case.dilation, groups=case.groups
    )
    grad_x, grad_weight, *_ = gradients(torch, out, grad_out, leaves)
    expected = {"conv2d": out.detach().numpy(), "conv2d_grad_input": grad_x, "conv2d_grad_weight": grad_weight}
    for name, values in expected.items():
        require_within_bound(name, calls[name](), values, magnitude(calls[name]))


def check_unfold(torch: Any, case: Convolution, x: np.ndarray, dtype: Dtype, rng: np.random.Generator) -> None:
    """im2col, and col2im as its gradient."""
    N, C, _, _ = case.input_shape
    P, Q = case.output_shape[2:]
    call = convolution_calls(case, normal(rng, dtype))["col2im"]
    x = x.astype(dtype)
    x_leaf = leaf(torch, x)
    unfolded = torch.nn.functional.unfold(
        pad(torch, x_leaf, case.padding), case.kernel_size, dilation=case.dilation, stride=case.stride
    )
    cols = kernels.im2col(x, case.kernel_size, **case.options)
    np.testing.assert_array_equal(cols, unfolded.detach().numpy().transpose(0, 2, 1).reshape(cols.shape))

    rows = call.arrays["cols"].reshape(N, P * Q, C * np.prod(case.kernel_size)).transpose(0, 2, 1)
    (grad_x,) = gradients(torch, unfolded, rows, [x_leaf])
    require_within_bound("col2im", call(), grad_x, magnitude(call))


def check_pooling(torch: Any, case: Pooling, x: np.ndarray, dtype: Dtype, rng: np.random.Generator) -> None:
    """max_pool2d, argmax in the unpadded plane, and the gradient. PyTorch pads both sides alike: if not, pad before."""
    x = x.astype(dtype)
    out, argmax = kernels.max_pool2d(x, case.kernel_size, **case.options)
    x_leaf = leaf(torch, x)
    (top, bottom), (left, right) = padding_pairs(case.padding)
    options = {"kernel_size": case.kernel_size, **case.options}
    if (top, left) == (bottom, right):
        padded, options["padding"], top, left = x_leaf, (top, left), 0, 0
    else:
        padded, options["padding"] = pad(torch, x_leaf, case.padding, value=-np.inf), 0
    expected, indices = torch.nn.functional.max_pool2d(padded, **options, return_indices=True)
    np.testing.assert_array_equal(out, expected.detach().numpy())
    rows, columns = divmod(indices.numpy(), padded.shape[3])
    np.testing.assert_array_equal(argmax, (rows - top) * x.shape[3] + columns - left)

    grad_out = rng.integers(-9, 10, out.shape).astype(dtype)  # sums of a few whole numbers are exact
    (grad_x,) = gradients(torch, expected, grad_out, [x_leaf])
    np.testing.assert_array_equal(kernels.max_pool2d_grad(grad_out, argmax, case.input_shape), grad_x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_convolution_and_unfold_are_torchs(
    torch: Any, case: Convolution, dtype: Dtype, rng: np.random.Generator
) -> None:
    check_convolution(torch, case, {}, dtype, rng)
    check_unfold(torch, case, normal(rng, dtype)(case.input_shape), dtype, rng)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", POOLINGS, ids=str)
def test_max_pool_is_torchs(torch: Any, case: Pooling, dtype: Dtype, rng: np.random.Generator) -> None:
    check_pooling(torch, case, normal(rng, dtype)(case.input_shape), dtype, rng)


def report(capsys: pytest.CaptureFixture[str], name: str, backend: str, dtype: Dtype, total: int) -> int:
    with capsys.disabled():
        print(f"\n{name}, {backend}, {dtype.__name__}: all of PyTorch's {total} sample inputs run")
    return total


def batched(sample: Any) -> np.ndarray:
    """PyTorch takes one image without a batch axis too; the contract does not."""
    x = sample.input.numpy()
    return x[None] if x.ndim == 3 else x


def numeric_padding(padding: Any, kernel_size: tuple[int, int], dilation: Any) -> Any:
    """PyTorch's words for paddings, as numbers; "same" puts the odd pixel at the bottom and right."""
    if padding == "valid":
        return 0
    if padding == "same":
        totals = [spread * (size - 1) for size, spread in zip(kernel_size, both(dilation), strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    return padding


@pytest.mark.parametrize("dtype", DTYPES)
def test_torchs_samples_of_conv2d(
    torch: Any, samples: Any, backend: str, dtype: Dtype, rng: np.random.Generator, capsys: pytest.CaptureFixture[str]
) -> None:
    for sample in samples["conv2d"]:
        x, (weight, *bias) = batched(sample), [array.numpy() for array in sample.args if array is not None]
        options = {"stride": 1, "dilation": 1, "groups": 1, "padding": 0, **sample.kwargs}
        kernel_size = weight.shape[2:]
        options["padding"] = numeric_padding(options["padding"], kernel_size, options["dilation"])
        case = Convolution("", x.shape, weight.shape[0], kernel_size, **options, bias=bool(bias))
        arrays = {"x": x, "weight": weight, **({"bias": bias[0]} if bias else {})}
        check_convolution(torch, case, arrays, dtype, rng)
        ours = kernels.conv2d(**arrays, **case.options, groups=case.groups)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # padding="same" may be slow, says PyTorch
            theirs = torch.nn.functional.conv2d(sample.input, *sample.args, **sample.kwargs).numpy()
        np.testing.assert_allclose(ours.reshape(theirs.shape), theirs, rtol=1e-9, atol=1e-9)
    assert report(capsys, "conv2d", backend, dtype, len(samples["conv2d"])) > 20


@pytest.mark.parametrize("dtype", DTYPES)
def test_torchs_samples_of_unfold(
    torch: Any, samples: Any, backend: str, dtype: Dtype, rng: np.random.Generator, capsys: pytest.CaptureFixture[str]
) -> None:
    for sample in samples["unfold"]:
        given = dict(zip(("kernel_size", "dilation", "padding", "stride"), sample.args, strict=False), **sample.kwargs)
        options = {"dilation": 1, "padding": 0, "stride": 1, **given}
        x = batched(sample)
        case = Convolution("", x.shape, 1, both(options.pop("kernel_size")), **options)
        check_unfold(torch, case, x, dtype, rng)
    assert report(capsys, "unfold", backend, dtype, len(samples["unfold"])) > 100


@pytest.mark.parametrize("dtype", DTYPES)
def test_torchs_samples_of_max_pool2d(
    torch: Any, samples: Any, backend: str, dtype: Dtype, rng: np.random.Generator, capsys: pytest.CaptureFixture[str]
) -> None:
    for sample in samples["max_pool2d"]:
        options = dict(sample.kwargs)
        options.pop("return_indices", None)
        x = batched(sample)
        check_pooling(torch, Pooling("", x.shape, *sample.args, **options), x, dtype, rng)
    assert report(capsys, "max_pool2d", backend, dtype, len(samples["max_pool2d"])) > 400
