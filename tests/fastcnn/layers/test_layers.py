"""Layers one by one: hand-worked values, gradients by finite differences, PyTorch's values, NaN, and descriptions."""

import json
import types

import numpy as np
import pytest

from fastcnn import hashing
from fastcnn.layers import (
    GELU,
    KINDS,
    Affine,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool,
    LeakyReLU,
    MaxPool2d,
    Normalize,
    ReLU,
    Residual,
    SiLU,
    dropout,
    layer_from_description,
)
from fastcnn.layers.base import Signal
from fastcnn.layers.parameters import allocate, initialise
from tests.fastcnn.gradients import assert_gradient, numerical_gradient
from tests.fastcnn.layers.cases import CASES
from tests.kernels.checks import running


def built(layer, in_shape, *, image=None, dtype=np.float64, seed=0):
    """The layer as a network would have it: built, with memory and its first values."""
    layer.build(Signal(in_shape, image), 0)
    declared = [(declaration.name, declaration) for declaration in layer.declarations]
    *_, windows = allocate(declared, dtype)
    initialise(declared, windows, seed)
    layer.attach(windows)
    return layer


@pytest.fixture(autouse=True)
def on_the_reference():
    """Without compiling the kernels for float64, which are held to the reference elsewhere."""
    with running("reference"):
        yield


@pytest.fixture
def on_the_kernels(on_the_reference):
    with running("cpu"):
        yield


@pytest.mark.parametrize("case", CASES)
def test_gradients_match_finite_differences(case, rng):
    make, in_shape = CASES[case]
    layer = built(make(), in_shape)
    for parameter in layer.parameters.values():
        if parameter.grad_storage is not None:
            parameter.storage[...] += 0.1 * rng.standard_normal(parameter.storage.shape)
    x = rng.standard_normal((3, *in_shape))
    grad_out = rng.standard_normal((3, *layer.out_shape))

    def objective():
        return float((layer.forward(x, True) * grad_out).sum())

    assert layer.forward(x, True).shape == grad_out.shape
    grad_input = layer.backward(grad_out)
    trained = {n: p for n, p in layer.parameters.items() if p.grad_storage is not None}
    gradients = {name: parameter.grad.copy() for name, parameter in trained.items()}
    assert_gradient(grad_input, numerical_gradient(objective, x))
    for name, parameter in trained.items():
        numerical = numerical_gradient(objective, parameter.storage)
        assert_gradient(gradients[name], numerical.transpose(parameter.axes).reshape(parameter.shape))


@pytest.mark.usefixtures("on_the_kernels")
@pytest.mark.parametrize("case", CASES)
def test_arguments_are_not_modified(case, rng):
    make, in_shape = CASES[case]
    layer = built(make(), in_shape, dtype=np.float32)
    x, grad_out = (rng.standard_normal((2, *shape)).astype(np.float32) for shape in (in_shape, layer.out_shape))
    kept = x.copy(), grad_out.copy()
    layer.forward(x, False)
    layer.forward(x, True)
    layer.backward(grad_out)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(grad_out, kept[1])


@pytest.mark.usefixtures("on_the_kernels")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("training", [False, True])
def test_float32_stays_float32(case, training, rng):
    make, in_shape = CASES[case]
    layer = built(make(), in_shape, dtype=np.float32)
    out = layer.forward(rng.standard_normal((2, *in_shape)).astype(np.float32), training)
    assert out.dtype == np.float32
    if training:
        assert layer.backward(np.ones_like(out)).dtype == np.float32


KEEP_NOTHING = (Flatten, GlobalAvgPool, AvgPool2d)  # their gradient does not depend on what came in


@pytest.mark.parametrize("case", [case for case, (make, _) in CASES.items() if type(make()) not in KEEP_NOTHING])
def test_backward_needs_a_training_forward(case, rng):
    make, in_shape = CASES[case]
    layer = built(make(), in_shape)
    x, grad_out = rng.standard_normal((2, *in_shape)), rng.standard_normal((2, *layer.out_shape))
    layer.forward(x, True)
    layer.forget()
    with pytest.raises(RuntimeError, match="backward needs a forward with training=True before it"):
        layer.backward(grad_out)


@pytest.mark.parametrize("case", CASES)
def test_empty_batches_pass(case):
    make, in_shape = CASES[case]
    layer = built(make(), in_shape)
    assert layer.forward(np.zeros((0, *in_shape)), False).shape == (0, *layer.out_shape)


@pytest.mark.parametrize("case", CASES)
def test_description_survives_json(case):
    layer = CASES[case][0]()
    again = layer_from_description(json.loads(json.dumps(layer.describe())))
    assert type(again) is type(layer)
    assert again.describe() == layer.describe()
    assert repr(again) == repr(layer)


def test_every_kind_of_layer_is_in_the_cases():
    own = {kind for kind in KINDS.values() if kind.__module__.startswith("fastcnn.")}  # other tests register theirs
    assert {type(make()) for make, _ in CASES.values()} == own


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"type": "Sigmoid"}, "there is no layer 'Sigmoid'; the layers are .*BatchNorm2d"),
        ({"type": ["ReLU"]}, "there is no layer"),
        ({}, "there is no layer 'None'"),
        ("ReLU", "a layer must be described by its type and options"),
        ({"type": "ReLU", "slope": 1}, r"ReLU has the options \(\), not \('slope'\)"),
        ({"type": "MaxPool2d", "kernel_size": 2, "stride": 2}, r"MaxPool2d has the options"),
        ({"type": "MaxPool2d", "kernel_size": 2, "stride": 2, "padding": 0, "size": 1}, r"MaxPool2d has the options"),
        ({"type": "Affine"}, r"Affine has the options \(out_features\), not \(\)"),
    ],
)
def test_unknown_descriptions_are_refused(description, message):
    with pytest.raises(ValueError, match=message) as caught:
        layer_from_description(description)
    assert len(str(caught.value)) <= 140  # `train --network` says before it which file it is, within 200


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Conv2d(0, 3), ValueError, "out_channels"),
        (lambda: Conv2d(3, 0), ValueError, "kernel_size"),
        (lambda: Conv2d(3, 3, padding=-1), ValueError, "padding"),
        (lambda: Conv2d(3, 3, stride=(1, 0)), ValueError, "stride"),
        (lambda: Conv2d(3, 3, groups=0), ValueError, "groups"),
        (lambda: Conv2d(3, 2.5), TypeError, "kernel_size"),
        (lambda: Conv2d(3, 3, bias=1), TypeError, "bias must be True or False"),
        (lambda: Conv2d(3, 3, padding="valid"), ValueError, 'padding must be "same" or numbers of pixels'),
        (lambda: MaxPool2d(0), ValueError, "kernel_size"),
        (lambda: MaxPool2d(2, dilation=0), ValueError, "dilation"),
        (lambda: MaxPool2d(2, ceil_mode=1), TypeError, "ceil_mode must be True or False"),
        (lambda: AvgPool2d(2, count_include_pad=None), TypeError, "count_include_pad must be True or False"),
        (lambda: AvgPool2d(2, dilation=0), ValueError, "dilation"),
        (lambda: built(AvgPool2d(3, padding=3), (1, 9, 9)), ValueError, "padding must be less than kernel_size"),
        (lambda: built(MaxPool2d(2, stride=1, padding=1, dilation=2), (1, 1, 1)), ValueError, "without a pixel"),
        (lambda: LeakyReLU("0.1"), TypeError, "negative_slope must be a number"),
        (lambda: GELU("sigmoid"), ValueError, 'approximate must be "none" or "tanh"'),
        (lambda: GELU(None), TypeError, 'approximate must be "none" or "tanh"'),
        (lambda: built(BatchNorm1d(), (3, 2, 2)), ValueError, "BatchNorm2d is for pictures"),
        (lambda: Affine(0), ValueError, "out_features"),
        (lambda: Affine(True), TypeError, "out_features"),
        (lambda: Affine("10"), TypeError, "out_features"),
        (lambda: Dropout(1.0), ValueError, "rate must be at least 0 and less than 1"),
        (lambda: Dropout(0.5, seed=-1), ValueError, "seed"),
        (lambda: BatchNorm2d(momentum=1.5), ValueError, "momentum"),
        (lambda: BatchNorm2d(eps=0), ValueError, "eps must be greater than 0"),
    ],
)
def test_wrong_options_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_convolution_by_hand():
    layer = built(Conv2d(1, 2), (1, 2, 3))
    layer.parameters["weight"].assign(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))
    layer.parameters["bias"].assign(np.array([0.5]))
    out = layer.forward(np.array([[[[1.0, 0, 2], [0, 1, 0]]]]), False)
    np.testing.assert_array_equal(out, [[[[5.5, 7.5]]]])


def test_affine_by_hand():
    layer = built(Affine(2), (3,))
    layer.parameters["weight"].assign(np.array([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]))
    layer.parameters["bias"].assign(np.array([0.5, -0.5]))
    np.testing.assert_array_equal(layer.forward(np.array([[1.0, 0, 2]]), False), [[7.5, 15.5]])


def test_affine_after_flatten_keeps_channels_last_in_memory(rng):
    c, h, w = 3, 2, 4
    layer = built(Affine(5), (c * h * w,), image=(c, h, w))
    weight = layer.parameters["weight"]
    assert weight.storage.shape == (5, h, w, c)
    weight.assign(np.arange(c * h * w * 5.0).reshape(c * h * w, 5))
    for channel, row, column, k in np.ndindex(c, h, w, 5):
        assert weight.storage[k, row, column, channel] == weight.array[(channel * h + row) * w + column, k]
    x = rng.standard_normal((2, c * h * w))
    np.testing.assert_allclose(layer.forward(x, False), x @ np.arange(c * h * w * 5.0).reshape(-1, 5), rtol=1e-13)


def test_relu_by_hand():
    layer = built(ReLU(), (4,))
    np.testing.assert_array_equal(layer.forward(np.array([[-1.0, 0.0, 2.0, 3.0]]), True), [[0, 0, 2, 3]])
    np.testing.assert_array_equal(layer.backward(np.array([[5.0, 6.0, 7.0, 8.0]])), [[0, 0, 7, 8]])


def test_nan_goes_through_relu_and_max_pool():
    x = np.zeros((1, 1, 4, 4))
    x[0, 0, 1, 2] = np.nan
    relu, pool = built(ReLU(), (1, 4, 4)), built(MaxPool2d(2), (1, 4, 4))
    for training in (False, True):
        np.testing.assert_array_equal(relu.forward(x, training), x)
        np.testing.assert_array_equal(pool.forward(x, training), [[[[0, np.nan], [0, 0]]]])
    grad = relu.backward(np.ones_like(x))
    assert grad[0, 0, 1, 2] == 1
    assert grad.sum() == 1


def test_global_average_by_hand():
    layer = built(GlobalAvgPool(), (2, 1, 2))
    np.testing.assert_array_equal(layer.forward(np.array([[[[1.0, 3.0]], [[5.0, 9.0]]]]), True), [[2, 7]])
    np.testing.assert_array_equal(layer.backward(np.array([[2.0, 4.0]])), [[[[1, 1]], [[2, 2]]]])


def test_batch_norm_by_hand():
    layer = built(BatchNorm2d(momentum=0.25, eps=1e-300), (1, 1, 2))
    x = np.array([[[[1.0, 3.0]]], [[[5.0, 7.0]]]])
    # Mean 4, biased variance 5, unbiased 20/3.
    np.testing.assert_allclose(layer.forward(x, True), (x - 4) / 5**0.5, rtol=1e-15)
    assert layer.parameters["running_mean"].array[0] == pytest.approx(0.25 * 4)
    assert layer.parameters["running_var"].array[0] == pytest.approx(0.75 + 0.25 * 20 / 3)
    layer.parameters["running_var"].assign(np.array([4.0]))
    np.testing.assert_allclose(layer.forward(x, False), (x - 1) / 2, rtol=1e-15)
    assert layer.parameters["running_mean"].array[0] == pytest.approx(1)


def test_batch_norm_refuses_to_train_on_one_value():
    layer = built(BatchNorm2d(), (2, 1, 1))
    with pytest.raises(ValueError, match="needs more than one value a channel"):
        layer.forward(np.zeros((1, 2, 1, 1)), True)


def test_splitmix64_matches_its_published_outputs():
    # The first outputs of the generator seeded with 1234567, as published with its C source.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    outputs = [hashing.splitmix64((1234567 + i * hashing.GOLDEN) & hashing.MASK_64) for i in range(4)]
    assert outputs == expected


def test_dropout_mask_is_the_hash_of_each_index():
    key, rate = hashing.mask_key(1, 2, 3), 0.3
    expected = [
        (hashing.splitmix64((key + i * hashing.GOLDEN) & hashing.MASK_64) >> 40) / 2**24 >= rate for i in range(2000)
    ]
    np.testing.assert_array_equal(dropout.keep_mask(key, 2000, rate), expected)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_dropout_keeps_its_share_and_the_mean(rate):
    kept = dropout.keep_mask(hashing.mask_key(0, 1, 7), 200_000, rate)
    # Five standard deviations of a binomial share.
    assert abs(kept.mean() - (1 - rate)) <= 5 * (rate * (1 - rate) / 200_000) ** 0.5
    layer = built(Dropout(rate), (10,))
    values = set(np.unique(layer.forward(np.ones((1000, 10)), True)))
    assert values <= {0.0, 1 / (1 - rate)}


def test_dropout_masks_differ_by_seed_layer_and_step():
    masks = [dropout.keep_mask(hashing.mask_key(*numbers), 64, 0.5) for numbers in [(0, 0, 0), (1, 0, 0), (0, 1, 0)]]
    masks.append(dropout.keep_mask(hashing.mask_key(0, 0, 1), 64, 0.5))
    assert len({mask.tobytes() for mask in masks}) == 4


@pytest.mark.parametrize("flat", [False, True])
def test_dropout_counts_elements_channels_last(flat):
    n, c, h, w = 2, 3, 4, 5
    layer = built(Dropout(0.5), (c * h * w,) if flat else (c, h, w), image=(c, h, w) if flat else None)
    layer.step = 9
    kept = dropout.keep_mask(hashing.mask_key(0, 0, 9), n * c * h * w, 0.5)
    out = layer.forward(np.ones((n, *layer.in_shape)), True).reshape(n, c, h, w)
    for image, channel, row, column in np.ndindex(n, c, h, w):
        index = ((image * h + row) * w + column) * c + channel
        assert out[image, channel, row, column] == 2 * kept[index]


def test_dropout_does_nothing_outside_training(rng):
    x = rng.standard_normal((3, 4))
    np.testing.assert_array_equal(built(Dropout(0.5), (4,)).forward(x, False), x)


def torch_sum_or_concat(torch, layer):
    """PyTorch's modules for the rows of a layer that holds layers, and all their parameters by their names here."""

    class Rows(torch.nn.Module):
        def __init__(self, rows):
            super().__init__()
            self.rows = torch.nn.ModuleList(torch.nn.Sequential(*row) for row in rows)

        def forward(self, x):
            outs = [row(x) for row in self.rows]
            return outs[0] + outs[1] if isinstance(layer, Residual) else torch.cat(outs, dim=1)

    holder, rows = types.SimpleNamespace(), []
    for prefix, row in layer.rows.items():
        rows.append([])
        for place, each in enumerate(row):
            twin, inner = torch_twin(torch, each)
            rows[-1].append(twin)
            for name in each.parameters:
                setattr(holder, f"{prefix}{place}.{name}", getattr(inner, name))
    return Rows(rows), holder


def torch_mean_of_windows(torch, layer):
    """The sum of each window over the sum of ones in it: PyTorch's average pool has no dilation and no wide padding."""
    functions, counted = torch.nn.functional, int(layer.count_include_pad)
    sides, own = [(*pads[1], *pads[0]) for pads in (layer.pads, layer.padding)]
    beyond = [wide - narrow for wide, narrow in zip(sides, own, strict=True)]

    class Mean(torch.nn.Module):
        def forward(self, x):
            ones = functions.pad(functions.pad(torch.ones_like(x), own, value=counted), beyond)
            pixels, counts = (
                functions.unfold(each, layer.kernel_size, dilation=layer.dilation, stride=layer.stride)
                .reshape(len(x), x.shape[1], -1, *layer.out_shape[1:])
                .sum(2)
                for each in (functions.pad(x, sides), ones)
            )
            return pixels / counts

    return Mean()


def torch_twin(torch, layer):
    """PyTorch's layer of the same options and parameters, in float64."""
    modules = torch.nn
    if isinstance(layer, Residual | Concat):
        return torch_sum_or_concat(torch, layer)
    holder = None
    if isinstance(layer, Conv2d):
        c, k = layer.in_shape[0], layer.out_channels
        holder = modules.Conv2d(
            c, k, layer.kernel_size, layer.stride, 0, layer.dilation, layer.groups, layer.bias, dtype=torch.float64
        )
        twin = modules.Sequential(modules.ZeroPad2d((*layer.pads[1], *layer.pads[0])), holder)
    elif isinstance(layer, Affine):
        twin = holder = modules.Linear(layer.in_shape[0], layer.out_features, dtype=torch.float64)
    elif isinstance(layer, BatchNorm1d | BatchNorm2d):
        kind = getattr(modules, type(layer).__name__)
        twin = holder = kind(layer.in_shape[0], layer.eps, layer.momentum, dtype=torch.float64)
    elif isinstance(layer, Normalize):  # batch normalisation by fixed statistics, without eps
        twin = modules.BatchNorm2d(layer.in_shape[0], eps=0.0, affine=False, dtype=torch.float64).eval()
        twin.train = lambda mode=True: twin
        twin.running_mean.copy_(torch.tensor(layer.mean, dtype=torch.float64))
        twin.running_var.copy_(torch.tensor(layer.scale, dtype=torch.float64) ** 2)
    elif isinstance(layer, GlobalAvgPool):
        twin = modules.Sequential(modules.AdaptiveAvgPool2d(1), modules.Flatten())
    elif isinstance(layer, AvgPool2d) and (layer.dilation != (1, 1) or layer.padding == ((2, 1), (3, 2))):
        twin = torch_mean_of_windows(torch, layer)
    else:  # PyTorch's has the same name and options; its padding has one number for both sides
        options = {name: value for name, value in layer.describe().items() if name != "type"}
        if "padding" in options:
            options["padding"] = tuple(side for side, _ in layer.padding)
        twin = getattr(modules, type(layer).__name__)(**options)
    for name, parameter in layer.parameters.items():
        array = parameter.array.T if isinstance(layer, Affine) else parameter.array
        getattr(holder, name).data.copy_(torch.tensor(array.copy()))
    return twin, holder


@pytest.mark.torch
@pytest.mark.parametrize("case", [case for case in CASES if case != "dropout"])
def test_matches_torch(case, rng):
    torch = pytest.importorskip("torch")
    make, in_shape = CASES[case]
    layer = built(make(), in_shape)
    twin, holder = torch_twin(torch, layer)
    # Sums of at most 60 terms of order 1 to 10, twice as many roundings: far below 1e-12.
    close = {"rtol": 0, "atol": 1e-12}
    for _ in range(2):  # twice: running statistics move on
        x, grad_out = rng.standard_normal((3, *in_shape)), rng.standard_normal((3, *layer.out_shape))
        theirs = torch.tensor(x, requires_grad=True)
        out = twin(theirs)
        np.testing.assert_allclose(layer.forward(x, True), out.detach().numpy(), **close)
        twin.zero_grad()
        out.backward(torch.tensor(grad_out))
        np.testing.assert_allclose(layer.backward(grad_out), theirs.grad.numpy(), **close)
        for name, parameter in layer.parameters.items():
            if parameter.grad_storage is not None:
                grad = getattr(holder, name).grad.numpy()
                np.testing.assert_allclose(parameter.grad, grad.T if isinstance(layer, Affine) else grad, **close)
            else:
                np.testing.assert_allclose(parameter.array, getattr(holder, name).numpy(), **close)
    twin.eval()
    np.testing.assert_allclose(layer.forward(x, False), twin(torch.tensor(x)).detach().numpy(), **close)


@pytest.mark.parametrize("make", [LeakyReLU, GELU, lambda: GELU("tanh"), SiLU])
def test_activations_keep_nan_and_take_numbers_of_any_size(make):
    layer = built(make(), (6,))
    x = np.array([[np.nan, 1e9, -1e9, 0.0, -0.0, 700.0]])
    out = layer.forward(x, True)
    grad = layer.backward(np.ones_like(x))
    assert np.isnan(out[0, 0])
    assert np.isfinite(out[0, 1:]).all()
    np.testing.assert_array_equal(out[0, [1, 3, 5]], [1e9, 0, 700])
    assert np.isfinite(grad[0, 1:]).all()
    np.testing.assert_array_equal(grad[0, [1, 5]], 1)


def test_activations_by_hand():
    """GELU at 1 and -8 by tables of the normal distribution to 17 digits, SiLU(ln 3) = 3/4 ln 3."""
    leaky, gelu, silu = built(LeakyReLU(0.25), (2,)), built(GELU(), (2,)), built(SiLU(), (2,))
    np.testing.assert_array_equal(leaky.forward(np.array([[-4.0, 3.0]]), False), [[-1, 3]])
    expected = [[0.84134474606854293, -8 * 6.2209605742717841e-16]]
    np.testing.assert_allclose(gelu.forward(np.array([[1.0, -8.0]]), False), expected, rtol=1e-14)
    log = np.log(3)
    np.testing.assert_allclose(silu.forward(np.array([[log, -log]]), False), [[0.75 * log, -0.25 * log]], rtol=1e-15)


def test_average_pool_by_hand():
    """3 x 3 pixels, windows of 2 x 2 over stride 2, rounded up: the last ones see one or two pixels."""
    x = np.arange(1.0, 10).reshape(1, 1, 3, 3)
    up = built(AvgPool2d(2, ceil_mode=True), (1, 3, 3))
    np.testing.assert_array_equal(up.forward(x, True), [[[[3, 4.5], [7.5, 9]]]])
    grad = up.backward(np.array([[[[4.0, 2.0], [6.0, 1.0]]]]))
    np.testing.assert_array_equal(grad, [[[[1, 1, 1], [1, 1, 1], [3, 3, 1]]]])
    padded = {True: [[0.25, 1.25], [2.75, 7]], False: [[1, 2.5], [5.5, 7]]}
    for count, expected in padded.items():
        layer = built(AvgPool2d(2, padding=1, count_include_pad=count), (1, 3, 3))
        np.testing.assert_array_equal(layer.forward(x, False), [[expected]])
    spread = built(AvgPool2d(2, dilation=2), (1, 3, 3))
    np.testing.assert_array_equal(spread.forward(x, True), [[[[(1 + 3 + 7 + 9) / 4]]]])
    np.testing.assert_array_equal(spread.backward(np.full((1, 1, 1, 1), 8.0)), [[[[2, 0, 2], [0, 0, 0], [2, 0, 2]]]])
    wide = built(AvgPool2d(3, padding=2, count_include_pad=False), (1, 3, 3))  # the first window sees the corner alone
    np.testing.assert_array_equal(wide.forward(x, False), [[[[1, 2.5], [5.5, 7]]]])


def test_same_padding_puts_the_odd_zero_at_the_end():
    """By hand: 5 pixels, kernel 4: 3 zeros, 1 before and 2 after; over stride 2 there are 3 outputs, and 3 zeros."""
    for stride, outputs in ((1, 5), (2, 3)):
        layer = built(Conv2d(1, (1, 4), stride=(1, stride), padding="same", bias=False), (1, 2, 5))
        assert layer.out_shape == (1, 2, outputs)
        assert layer.pads == ((0, 0), (1, 2))
        assert layer.padding == "same"
    assert built(Conv2d(1, 2, stride=3, padding="same"), (1, 7, 6)).pads == ((0, 1), (0, 0))  # 3 x 3 - 7 = 1 row


@pytest.mark.parametrize("make", [lambda: MaxPool2d(3, padding=1), lambda: MaxPool2d(2, dilation=1, ceil_mode=False)])
def test_options_that_came_later_are_not_written_while_they_change_nothing(make):
    assert list(make().describe()) == ["type", "kernel_size", "stride", "padding"]
    assert "dilation" not in repr(make())


def test_a_description_without_later_options_has_their_defaults():
    old = {"type": "MaxPool2d", "kernel_size": [2, 3], "stride": [1, 1], "padding": [[0, 1], [0, 0]]}
    layer = layer_from_description(old)
    assert (layer.dilation, layer.ceil_mode) == ((1, 1), False)
    assert json.loads(json.dumps(layer.describe())) == old
    new = layer_from_description({**old, "ceil_mode": True})
    assert new.describe() == {**layer.describe(), "ceil_mode": True}


@pytest.mark.parametrize("image", [None, (3, 2, 4)])
def test_batch_norm_of_features_is_that_of_pictures_of_one_pixel(image, rng):
    """Also after a Flatten, where its numbers lie channels-last in memory."""
    flat, pictures = built(BatchNorm1d(), (24,), image=image), built(BatchNorm2d(), (24, 1, 1))
    assert flat.parameters["weight"].storage.shape == ((24,) if image is None else (2, 4, 3))
    x, grad_out = rng.standard_normal((5, 24)), rng.standard_normal((5, 24))
    weight, bias = rng.standard_normal(24), rng.standard_normal(24)
    results = []
    for layer, shape in ((flat, (5, 24)), (pictures, (5, 24, 1, 1))):
        layer.parameters["weight"].assign(weight)
        layer.parameters["bias"].assign(bias)
        out, grad = layer.forward(x.reshape(shape), True), layer.backward(grad_out.reshape(shape))
        held = [each.array for each in layer.parameters.values()]
        results.append([out.reshape(5, 24), grad.reshape(5, 24), *held, layer.parameters["weight"].grad])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_array_equal(ours, theirs)
