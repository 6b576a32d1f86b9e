"""Layers one by one: hand-worked values, gradients by finite differences, PyTorch's values, NaN, and descriptions."""

import json
import types

import numpy as np
import pytest

from fastcnn import hashing
from fastcnn.layers import (
    KINDS,
    Affine,
    BatchNorm2d,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool,
    MaxPool2d,
    Normalize,
    ReLU,
    Residual,
    dropout,
    layer_from_description,
)
from fastcnn.layers.base import Signal
from fastcnn.layers.parameters import allocate, initialise
from tests.fastcnn.gradients import assert_gradient, numerical_gradient

# Options beyond the plainest; shapes are neither square nor equal.
CASES = {
    "conv": (lambda: Conv2d(3, 2), (2, 5, 4)),
    "conv strided": (
        lambda: Conv2d(4, (2, 3), stride=(2, 1), padding=((1, 0), (0, 2)), dilation=(1, 2), groups=2),
        (2, 6, 5),
    ),
    "conv without bias": (lambda: Conv2d(2, 3, bias=False), (1, 4, 5)),
    "relu": (ReLU, (2, 3, 4)),
    "max-pool": (lambda: MaxPool2d(2), (2, 5, 4)),
    "max-pool overlapping": (lambda: MaxPool2d((3, 2), stride=1, padding=1), (2, 4, 3)),
    "flatten": (Flatten, (2, 3, 4)),
    "affine": (lambda: Affine(4), (5,)),
    "dropout": (lambda: Dropout(0.4, seed=3), (2, 3, 4)),
    "batch-norm": (BatchNorm2d, (3, 2, 4)),
    "normalize": (lambda: Normalize([0.1, -0.2], [0.5, 2.0]), (2, 3, 4)),
    "global average": (GlobalAvgPool, (3, 2, 4)),
    "residual": (lambda: Residual(Conv2d(3, 3, padding=1), BatchNorm2d(), ReLU(), Conv2d(3, 1)), (3, 4, 2)),
    "residual, shortcut": (
        lambda: Residual(Conv2d(2, 3, stride=2, padding=1), shortcut=Conv2d(2, 1, stride=2)),
        (3, 5, 4),
    ),
    "concat": (lambda: Concat(Conv2d(2, 3, padding=1), [], [ReLU(), Residual(Conv2d(3, 1))]), (3, 4, 5)),
}


def built(layer, in_shape, *, image=None, dtype=np.float64, seed=0):
    """The layer as a network would have it: built, with memory and its first values."""
    layer.build(Signal(in_shape, image), 0)
    declared = [(declaration.name, declaration) for declaration in layer.declarations]
    *_, windows = allocate(declared, dtype)
    initialise(declared, windows, seed)
    layer.attach(windows)
    return layer


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


@pytest.mark.parametrize("case", CASES)
def test_arguments_are_not_modified(case, rng):
    make, in_shape = CASES[case]
    layer = built(make(), in_shape)
    x, grad_out = rng.standard_normal((2, *in_shape)), rng.standard_normal((2, *layer.out_shape))
    kept = x.copy(), grad_out.copy()
    layer.forward(x, False)
    layer.forward(x, True)
    layer.backward(grad_out)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(grad_out, kept[1])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("training", [False, True])
def test_float32_stays_float32(case, training, rng):
    make, in_shape = CASES[case]
    layer = built(make(), in_shape, dtype=np.float32)
    out = layer.forward(rng.standard_normal((2, *in_shape)).astype(np.float32), training)
    assert out.dtype == np.float32
    if training:
        assert layer.backward(np.ones_like(out)).dtype == np.float32


@pytest.mark.parametrize("case", [case for case in CASES if case != "flatten" and case != "global average"])
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
        ({"type": "Sigmoid"}, "there is no layer 'Sigmoid'; the layers are Conv2d"),
        ({"type": ["ReLU"]}, "there is no layer"),
        ({}, "there is no layer 'None'"),
        ("ReLU", "a layer must be described by its type and options"),
        ({"type": "ReLU", "slope": 1}, r"ReLU has the options \(\), not \('slope'\)"),
        ({"type": "Affine"}, r"Affine has the options \(out_features\), not \(\)"),
    ],
)
def test_unknown_descriptions_are_refused(description, message):
    with pytest.raises(ValueError, match=message):
        layer_from_description(description)


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
        (lambda: MaxPool2d(0), ValueError, "kernel_size"),
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


def torch_twin(torch, layer):
    """PyTorch's layer of the same options and parameters, in float64."""
    modules = torch.nn
    if isinstance(layer, Residual | Concat):
        return torch_sum_or_concat(torch, layer)
    if isinstance(layer, Conv2d):
        pads = layer.padding
        c, k = layer.in_shape[0], layer.out_channels
        conv = modules.Conv2d(
            c, k, layer.kernel_size, layer.stride, 0, layer.dilation, layer.groups, layer.bias, dtype=torch.float64
        )
        pad = modules.ZeroPad2d((*pads[1], *pads[0]))
        twin = modules.Sequential(pad, conv)
        holder = conv
    elif isinstance(layer, MaxPool2d):
        pads = (layer.padding[0][0], layer.padding[1][0])
        twin = holder = modules.MaxPool2d(layer.kernel_size, layer.stride, pads)
    elif isinstance(layer, Affine):
        twin = holder = modules.Linear(layer.in_shape[0], layer.out_features, dtype=torch.float64)
    elif isinstance(layer, BatchNorm2d):
        twin = holder = modules.BatchNorm2d(layer.in_shape[0], layer.eps, layer.momentum, dtype=torch.float64)
    else:
        twin = {ReLU: modules.ReLU, Flatten: modules.Flatten}.get(type(layer), lambda: None)()
        if isinstance(layer, GlobalAvgPool):
            twin = modules.Sequential(modules.AdaptiveAvgPool2d(1), modules.Flatten())
        holder = None
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
