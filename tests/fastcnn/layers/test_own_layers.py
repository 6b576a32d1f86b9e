"""Layers of a user's run by their own methods on every backend, next to fused steps, and go into files and back."""

import copy

import numpy as np
import pytest

from fastcnn import load_network
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, Conv2d, Flatten, GlobalAvgPool, Layer, MaxPool2d, ReLU, Signal, plain, register_layer
from fastcnn.layers.kinds import KINDS
from fastcnn.network.sequential import Sequential
from fastcnn.optim import Adam
from fastcnn.training.trainer import Trainer
from tests.fastcnn.own_layers import NETWORKS, PReLU, TenthReLU
from tests.kernels.checks import running


def network(name, dtype=np.float64, seed=3):
    shape, layers = NETWORKS[name]
    return Sequential(layers(), input_shape=shape, seed=seed, dtype=dtype)


def batch(name, n, dtype=np.float64):
    rng = np.random.default_rng(n)
    return rng.standard_normal((n, *NETWORKS[name][0])).astype(dtype), rng.integers(0, 6, n)


def outcome(backend, name, dtype, n):
    """Loss, gradients, statistics and logits of one batch."""
    with running(backend):
        net = network(name, dtype)
        images, labels = batch(name, n, dtype)
        loss = net.loss_and_gradients(images, labels, label_smoothing=0.1, step=5)
        gradients = {f"gradient of {key}": parameter.grad.copy() for key, parameter in net.parameters.items()}
        statistics = {key: window.array.copy() for key, window in net.statistics.items()}
        return {"loss": np.array(loss), "logits": net.forward(images), **gradients, **statistics}


@pytest.mark.slow  # compiles the steps of float64; in float32: the next test
@pytest.mark.parametrize("n", [2, 13])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_plan_gives_the_numbers_of_the_layers(name, n):
    got, want = outcome("cpu", name, np.float64, n), outcome("reference", name, np.float64, n)
    assert got.keys() == want.keys()
    for key, value in want.items():
        # Sums of fewer than 1,000 terms, one after the other through at most eleven layers.
        tolerance = 11 * 1000 * np.finfo(np.float64).eps * max(1.0, np.abs(value).max())
        assert np.abs(got[key] - value).max() <= tolerance, key


@pytest.mark.parametrize("name", NETWORKS)
def test_the_plan_in_float32_is_as_near_to_float64_as_the_layers(name):
    exact = outcome("reference", name, np.float64, 7)
    got, layers = outcome("cpu", name, np.float32, 7), outcome("reference", name, np.float32, 7)
    for key, value in exact.items():
        scale = np.finfo(np.float32).eps * max(1.0, np.abs(value).max())
        error, theirs = np.abs(got[key] - value).max(), np.abs(layers[key] - value).max()
        assert error <= 4 * theirs + 8 * scale, key


@pytest.mark.parametrize("backend", [pytest.param("cpu", marks=pytest.mark.slow), "reference"])
@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_finite_differences(name, backend):
    rng = np.random.default_rng(7)
    with running(backend):
        net = network(name)
        images, labels = batch(name, 4)
        net.loss_and_gradients(images, labels, step=2)
        gradients, values = net.gradients.copy(), net.values.copy()
        for parameter in net.parameters.values():  # each by itself: a small one must not hide among many
            direction = np.zeros_like(values)
            window = slice(*_window(net, parameter))
            direction[window] = rng.standard_normal(parameter.size)
            step = 1e-6 / np.abs(direction).max()

            def loss(change):
                net.values[:] = values + change * direction  # noqa: B023
                return net.loss_and_gradients(images, labels, step=2)

            slope = (loss(step) - loss(-step)) / (2 * step)
            terms = np.abs(gradients * direction).sum()
            assert abs(slope - gradients @ direction) <= 1e-6 * max(terms, 1e-3), parameter.name


def _window(net, parameter):
    start = (parameter.storage.ctypes.data - net.values.ctypes.data) // net.values.itemsize
    return start, start + parameter.size


@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_a_subclass_runs_by_its_own_forward(backend):
    """By hand: a convolution with the weight -1, of pixels 1 to 4, is -1 to -4; a tenth of it passes."""
    with running(backend):
        net = Sequential([Conv2d(1, 1), TenthReLU(), GlobalAvgPool()], input_shape=(1, 2, 2), seed=0)
        net.parameters["0.weight"].assign(np.full((1, 1, 1, 1), -1.0))
        images = np.arange(1, 5, dtype=np.float32).reshape(1, 1, 2, 2)
        np.testing.assert_allclose(net.forward(images), [[-0.25]], rtol=1e-6)


def test_fused_steps_stay_next_to_layers_of_their_own():
    shape, layers = NETWORKS["tenth relu"]
    table = Sequential(layers(), input_shape=shape, seed=0).plan(4)
    assert [line.split("  ")[0] for line in table.splitlines()[2:-2]] == [
        *("pictures", "conv2d 3x3", "TenthReLU", "conv2d 3x3 + relu + max_pool 2x2", "TenthReLU"),
        *("affine", "TenthReLU", "affine", "softmax + cross-entropy"),
    ]


def test_a_step_of_a_layer_leaves_the_steps_around_it_alone(rng):
    """Batches of other sizes share its memory, and the borders of zeros stay zero."""
    net = network("tenth relu", np.float32)
    images, _ = batch("tenth relu", 40, np.float32)
    whole = net.forward(images)
    parts = [net.forward(images[start:stop]) for start, stop in ((0, 1), (1, 4), (4, 37), (37, 40))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def pictures(count=60):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 1, 8, 9), np.uint8), rng.integers(0, 6, count)


def trained(backend, tmp_path=None, cut=False):
    with running(backend):
        net = network("prelu", np.float64)
        trainer = Trainer(net, Adam(0.01), ema_decay=0.9, clip_norm=1.0)
        options = {"batch_size": 16, "validation": 12, "seed": 1, "progress": False}
        if not cut:
            trainer.fit(*pictures(), epochs=3, **options)
            return net
        path = tmp_path / "checkpoint"
        stop = {"callbacks": [lambda record: False], "checkpoint": path}
        trainer.fit(*pictures(), epochs=3, **options, **stop)
        again = network("prelu", np.float64, seed=9)
        second = Trainer(again, Adam(0.01), ema_decay=0.9, clip_norm=1.0)
        second.fit(*pictures(), epochs=3, **options, resume=path)
        return again


@pytest.mark.slow
def test_training_is_the_same_on_both_backends_and_when_it_is_resumed(tmp_path):
    ours, theirs = trained("cpu").state_arrays(), trained("reference").state_arrays()
    for name, array in ours.items():
        np.testing.assert_allclose(array, theirs[name], rtol=0, atol=1e-9, err_msg=name)
    assert (ours["2.slope"] != 0.25).all()
    for name, array in trained("cpu", tmp_path, cut=True).state_arrays().items():
        np.testing.assert_array_equal(array, ours[name], err_msg=name)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_was_saved_comes_back(name, tmp_path):
    net = network(name, np.float32)
    net.save(tmp_path / "net")
    again = load_network(tmp_path / "net")
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in net.layers]
    images, _ = batch(name, 3)
    np.testing.assert_array_equal(again.forward(images), net.forward(images))


@pytest.fixture
def unregistered():
    """A class that no file knows, with a state that its options do not give."""

    class Gain(Layer):
        def forward(self, x, training):
            return self.gain * x

        def backward(self, grad_out):
            return self.gain * grad_out

    layer = Gain()
    layer.gain = np.float32(3)
    return layer


def test_an_unregistered_layer_is_refused_before_anything_is_written(unregistered, tmp_path):
    net = Sequential([unregistered, GlobalAvgPool()], seed=0)
    path = tmp_path / "net"
    path.write_text("old")
    with pytest.raises(ValueError, match=r"layer 0 \(Gain\) is unknown to files; call layers\.register_layer\(Gain\)"):
        net.save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unregistered_layer_is_copied(unregistered):
    net = Sequential([unregistered, GlobalAvgPool()], seed=0)
    images = np.ones((1, 1, 28, 28), np.float32)
    for twin in (net.copy(), copy.copy(net), copy.deepcopy(net)):
        np.testing.assert_array_equal(twin.forward(images), [[3]])
        assert twin.layers[0] is not unregistered


def test_an_unknown_layer_in_a_file_says_how_to_make_it_known(tmp_path, monkeypatch):
    network("prelu").save(tmp_path / "net")
    monkeypatch.delitem(KINDS, "PReLU")
    with pytest.raises(FastcnnError, match=r"there is no layer 'PReLU'; .*; register_layer adds your own"):
        load_network(tmp_path / "net")


def test_options_that_give_other_parameters_are_refused(tmp_path, monkeypatch):
    class Forgetful(PReLU):
        OPTIONS = ()

        def __init__(self):
            super().__init__()

        def _build(self, incoming):
            outgoing = super()._build(incoming)
            self.declarations += [plain("more", (3,))] * hasattr(self, "more")
            return outgoing

    monkeypatch.setitem(KINDS, "Forgetful", Forgetful)
    layer = Forgetful()
    layer.more = True
    with pytest.raises(ValueError, match="a file would give layers with other parameters"):
        Sequential([layer, GlobalAvgPool()], seed=0).save(tmp_path / "net")
    assert not list(tmp_path.iterdir())


def _class(name="Own", base=ReLU, **members):
    methods = {"forward": lambda self, x, training: x, "backward": lambda self, grad_out: grad_out}
    return type(name, (base,), {**methods, **members})


def _with_init(init, options):
    return _class(__init__=init, OPTIONS=options)


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        (ReLU(), TypeError, "kind must be a subclass of Layer, not ReLU"),
        (dict, TypeError, "kind must be a subclass of Layer, not dict"),
        (None, TypeError, "kind must be a subclass of Layer, not NoneType"),
        (Layer, TypeError, "Layer must have its own forward"),
        (type("Own", (Layer,), {"forward": _class().forward}), TypeError, "Own must have its own backward"),
        (_class("ReLU"), ValueError, "there is a layer 'ReLU' of another class already"),
        (_class(OPTIONS=["slope"]), TypeError, "Own.OPTIONS must be a tuple of names"),
        (_class(OPTIONS=("slope",)), TypeError, r"Own.OPTIONS must name what __init__ takes \(\), not \(slope\)"),
        (_with_init(lambda self, a: None, ()), TypeError, r"takes \(a\), not \(\)"),
        (_with_init(lambda self, *a: None, ("a",)), TypeError, r"takes \(\*a\), not \(a\)"),
        (_with_init(lambda self, **a: None, ("a",)), TypeError, r"takes \(\*\*a\), not \(a\)"),
    ],
)
def test_what_cannot_be_registered_is_one_sentence(kind, error, message):
    known = dict(KINDS)
    with pytest.raises(error, match=message) as caught:
        register_layer(kind)
    assert len(str(caught.value)) <= 200
    assert known == KINDS


def test_a_class_defined_again_takes_the_place_of_the_old_one(monkeypatch):
    monkeypatch.setattr("fastcnn.layers.kinds.KINDS", {})
    first, second = _class(), _class()
    assert register_layer(first) is first
    assert register_layer(second) is second
    register_layer(second)


@pytest.mark.parametrize("backend", ["cpu", "reference"])
@pytest.mark.parametrize(
    ("members", "error", "message"),
    [
        (
            {"forward": lambda self, x, training: x[:, :1]},
            ValueError,
            r"layer 1 \(Own\): forward must give the shape \(3, 4, 5, 5\), not \(3, 1, 5, 5\)",
        ),
        (
            {"forward": lambda self, x, training: None},
            TypeError,
            r"layer 1 \(Own\): forward must give an array of numbers, not NoneType",
        ),
        (
            {"forward": lambda self, x, training: x + 1j},
            TypeError,
            r"layer 1 \(Own\): forward must give an array of numbers, not complex64",
        ),
        (
            {"backward": lambda self, grad_out: None},
            TypeError,
            r"layer 1 \(Own\): backward must give an array of numbers, not NoneType",
        ),
        (
            {"backward": lambda self, grad_out: grad_out.sum()},
            TypeError,
            r"layer 1 \(Own\): backward must give an array of numbers, not float32",
        ),
    ],
)
def test_what_does_not_fit_is_one_sentence_on_both_backends(members, error, message, backend):
    with running(backend):
        layers = [Conv2d(4, 2), _class(**members)(), MaxPool2d(2), Flatten(), Affine(3)]
        net = Sequential(layers, input_shape=(1, 6, 6), seed=0)
        with pytest.raises(error, match=message):
            net.loss_and_gradients(np.ones((3, 1, 6, 6), np.float32), np.zeros(3, int))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (_class(__init__=lambda self: None), r"layer 0 \(Own\): its __init__ must call super\(\).__init__\(\) first"),
        (
            _class(_build=lambda self, incoming: Signal((7,), (2, 2, 2))),
            r"layer 0 \(Own\): its output \(7,\) cannot be the features of a picture \(2, 2, 2\)",
        ),
        (
            _class(_build=lambda self, incoming: self.declarations.extend([plain("a", (1,))] * 2) or incoming),
            r"layer 0 \(Own\): it declares one name twice",
        ),
    ],
)
def test_a_layer_that_cannot_be_built_is_one_sentence(layer, message):
    with pytest.raises(ValueError, match=message):
        Sequential([layer(), GlobalAvgPool()])
