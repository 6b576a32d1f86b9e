"""Layers that hold layers: the plan against the layers on the reference, finite differences, files, and hand's work."""

import copy
import pickle

import numpy as np
import pytest

from fastcnn import load_network
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, BatchNorm2d, Concat, Conv2d, Dropout, Flatten, GlobalAvgPool, ReLU, Residual
from fastcnn.network.sequential import Sequential
from fastcnn.optim import Adam
from fastcnn.storage import write_finite_arrays
from fastcnn.training.trainer import Trainer
from tests.fastcnn.network.branched import NETWORKS, block
from tests.kernels.checks import running

NETWORK_WITHOUT_NORM = "addition without batch norm, and with ReLUs at the ends"


def network(name, dtype=np.float64, seed=3):
    shape, layers = NETWORKS[name]
    return Sequential(layers(), input_shape=shape, seed=seed, dtype=dtype)


def batch(name, n, dtype=np.float64):
    rng = np.random.default_rng(n)
    return rng.standard_normal((n, *NETWORKS[name][0])).astype(dtype), rng.integers(0, 6, n)


def outcome(backend, name, dtype, n):
    """Loss, gradients, statistics and logits of two batches, the second of them smaller."""
    with running(backend):
        net = network(name, dtype)
        for count in (n, max(2, n - 1)):
            images, labels = batch(name, count, dtype)
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
        # Sums of fewer than 2,000 terms, one after the other through at most fourteen layers.
        tolerance = 14 * 2000 * np.finfo(np.float64).eps * max(1.0, np.abs(value).max())
        assert np.abs(got[key] - value).max() <= tolerance, key


@pytest.mark.parametrize("name", NETWORKS)
def test_the_plan_in_float32_is_as_near_to_float64_as_the_layers(name):
    exact = outcome("reference", name, np.float64, 7)
    got, layers = outcome("cpu", name, np.float32, 7), outcome("reference", name, np.float32, 7)
    for key, value in exact.items():
        scale = np.finfo(np.float32).eps * max(1.0, np.abs(value).max())
        error, theirs = np.abs(got[key] - value).max(), np.abs(layers[key] - value).max()
        assert error <= 4 * theirs + 8 * scale, key


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["cpu", "reference"])
@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_finite_differences(name, backend):
    rng = np.random.default_rng(7)
    with running(backend):
        net = network(name)
        images, labels = batch(name, 4)
        net.loss_and_gradients(images, labels, step=2)
        gradients, values = net.gradients.copy(), net.values.copy()
        for _ in range(3):
            direction = rng.standard_normal(values.shape) * (gradients != 0)
            step = 1e-6 / np.abs(direction).max()

            def loss(change):
                net.values[:] = values + change * direction  # noqa: B023
                return net.loss_and_gradients(images, labels, step=2)

            slope = (loss(step) - loss(-step)) / (2 * step)
            assert abs(slope - gradients @ direction) <= 1e-6 * np.abs(gradients * direction).sum()


@pytest.mark.parametrize(("backend", "dtype"), [("cpu", np.float32), ("reference", np.float64)])
def test_an_addition_and_its_gradient_by_hand(backend, dtype):
    """x = 2, weight 3: the sum is 3 x + x = 8 for one output and, with weight -5, -10 + 2 = -8 for the other.

    The gradient of the loss at two equal logits would be +-1/2; ReLU stops the second.
    """
    with running(backend):
        layers = [Conv2d(2, 1, bias=False), Residual(Conv2d(2, 1, bias=False)), ReLU(), GlobalAvgPool()]
        net = Sequential(layers, input_shape=(1, 1, 1), seed=0, dtype=dtype)
        net.parameters["0.weight"].assign(np.ones((2, 1, 1, 1)))
        net.parameters["1.0.weight"].assign(np.array([[3.0, 0.0], [0.0, -5.0]]).reshape(2, 2, 1, 1))
        images, rtol = np.full((1, 1, 1, 1), 2, dtype), 8 * np.finfo(dtype).eps
        np.testing.assert_array_equal(net.forward(images), [[8.0, 0.0]])
        net.loss_and_gradients(images, np.array([1]))
        first = 1 / (1 + np.exp(-8.0))  # the softmax of 8 and 0
        np.testing.assert_allclose(
            net.parameters["1.0.weight"].grad.reshape(2, 2), [[2 * first] * 2, [0, 0]], rtol=rtol
        )
        # Through the convolution 3, and past it 1: times x.
        np.testing.assert_allclose(net.parameters["0.weight"].grad.ravel(), [2 * first * 4, 0], rtol=rtol)


@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_channels_lie_side_by_side_in_order(backend):
    with running(backend):
        net = Sequential(
            [Concat(Conv2d(1, 1, bias=False), [], [ReLU()]), GlobalAvgPool()], input_shape=(2, 1, 2), seed=0
        )
        net.parameters["0.0.0.weight"].assign(np.array([[10.0, 100.0]]).reshape(1, 2, 1, 1))
        images = np.array([[[[1, 3]], [[-2, -4]]]], np.float32)
        np.testing.assert_array_equal(net.forward(images), [[10 * 2 - 100 * 3, 2, -3, 2, 0]])


def test_names_have_dots():
    net = network("residual blocks", np.float32)
    names = list(net.parameters)
    assert "3.0.weight" in names
    assert "5.shortcut.0.weight" in names
    assert "5.shortcut.1.running_var" in net.statistics
    assert "    5.shortcut.1 BatchNorm2d" in net.summary()


def test_the_plan_says_which_layers_a_step_does():
    rows = [line.split("  ")[0] for line in network("residual blocks").plan(4).splitlines()[2:-2]]
    assert rows == [
        *("pictures", "conv2d 3x3", "batch_norm + relu"),
        *("sum of gradients", "conv2d 3x3", "batch_norm + relu", "conv2d 3x3", "batch_norm + add + relu"),
        *("sum of gradients", "conv2d 1x1", "batch_norm"),
        *("conv2d 3x3", "batch_norm + relu", "conv2d 3x3", "batch_norm + add + relu"),
        *("sum of gradients", "conv2d 3x3", "batch_norm + relu", "conv2d 3x3", "batch_norm + add + relu"),
        *("global_avg_pool", "affine", "softmax + cross-entropy"),
    ]
    assert "3.4, 3, 4" in network("residual blocks").plan(4)


def rows(net, training):
    return [line.split("  ")[0] for line in net.plan(4, training=training).splitlines()]


def test_the_last_convolution_of_a_residual_block_adds():
    blocks = network("residual blocks")
    assert rows(blocks, training=False).count("conv2d 3x3 + batch_norm + add + relu") == 3
    plain = network(NETWORK_WITHOUT_NORM)
    for training in (True, False):
        assert rows(plain, training).count("conv2d 1x1 + add + relu") == 1
    # ReLU and max-pool come between, and groups have another step.
    expected = ["add", "conv2d 1x1", "conv2d 2x2 + relu + max_pool 2x2", "add + relu"]
    assert rows(plain, training=False)[-7:-3] == expected
    assert "add + relu" in rows(network("nested"), training=False)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["residual blocks", NETWORK_WITHOUT_NORM, "on the pictures themselves"])
def test_an_addition_in_the_convolution_has_the_bits_of_a_step_of_its_own(name, dtype, monkeypatch):
    together = outcome("cpu", name, dtype, 9)
    monkeypatch.setattr(Conv2d, "takes_sum", False)
    assert not any("conv2d" in row and "add" in row for row in rows(network(name), training=False))
    apart = outcome("cpu", name, dtype, 9)
    for key, value in apart.items():
        np.testing.assert_array_equal(together[key], value, err_msg=key)


@pytest.mark.parametrize("name", NETWORKS)
def test_files_pickles_and_copies_give_the_same_network(name, tmp_path):
    net = network(name, np.float32)
    net.save(tmp_path / "net.safetensors")
    images, _ = batch(name, 3, np.float32)
    for again in (load_network(tmp_path / "net.safetensors"), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert repr(again) == repr(net)
        np.testing.assert_array_equal(again.forward(images), net.forward(images))


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_training_gives_the_same_bits_on_any_number_of_threads(name, tmp_path):
    from fastcnn.threads import set_threads

    rng = np.random.default_rng(0)
    pictures, labels = rng.integers(0, 256, (60, *NETWORKS[name][0]), np.uint8), rng.integers(0, 6, 60)
    found = set()
    for count in (1, 2):
        set_threads(count)
        net = network(name, np.float32)
        Trainer(net, Adam(0.01)).fit(pictures, labels, epochs=2, batch_size=16, validation=0, seed=1, progress=False)
        found.add(net.values.tobytes() + net.buffers.tobytes())
    assert len(found) == 1


def test_dropouts_inside_have_masks_of_their_own():
    """Two branches of ones: where the masks differ, so do the branches."""
    net = Sequential(
        [Concat(Dropout(0.5), Dropout(0.5)), Flatten(), Affine(2)], input_shape=(1, 8, 8), seed=0, dtype=np.float64
    )
    with running("reference"):
        net.loss_and_gradients(np.ones((1, 1, 8, 8)), np.array([0]))
        inputs = net.parameters["2.weight"].grad[:, 0] != 0
    assert (inputs[:64] != inputs[64:]).any()
    assert 20 < inputs.sum() < 108


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Residual(), "at least one layer"),
        (lambda: Concat(ReLU()), "at least two branches"),
        (lambda: Residual(3), "takes layers such as ReLU"),
        (lambda: Concat(ReLU(), "relu"), "must be layers, or lists of layers"),
        (lambda: Residual(ReLU(), shortcut=5), "must be layers, or lists of layers"),
        (lambda: net_of(Residual(Conv2d(3, 3))), r"^layer 0 \(Residual\): its layers give \(3, 4, 4\), its shortcut"),
        (lambda: net_of(Residual(Conv2d(2, 9), ReLU())), r"^layer 0 \(Residual\): layer 0.0 \(Conv2d\): "),
        (lambda: net_of(Concat(Conv2d(2, 3), ReLU())), "one height and width"),
        (lambda: net_of(Concat([Flatten()], ReLU()), Affine(2)), "one height and width"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(make, said):
    with pytest.raises((TypeError, ValueError), match=said) as caught:
        make()
    assert len(str(caught.value)) <= 200


def net_of(*layers):
    return Sequential([*layers], input_shape=(2, 6, 6), seed=0)


def test_one_layer_in_two_places_is_refused():
    shared = ReLU()
    with pytest.raises(ValueError, match="make a new layer for each place"):
        net_of(Residual(shared, shared), GlobalAvgPool())


@pytest.mark.parametrize(
    "layers",
    [
        [{"type": "Residual", "layers": [], "shortcut": []}],
        [{"type": "Residual", "layers": 3, "shortcut": []}],
        [{"type": "Residual", "layers": [{"type": "ReLU"}]}],
        [{"type": "Concat", "branches": [{"type": "ReLU"}, {"type": "ReLU"}]}],
        [{"type": "Concat", "branches": 7}],
    ],
)
def test_a_hostile_description_is_refused(layers, tmp_path):
    import json

    description = {"name": "", "input_shape": [1, 2, 2], "dtype": "float32", "layers": layers}
    metadata = {"format": "fastcnn network 1", "description": json.dumps(description)}
    write_finite_arrays(tmp_path / "net", {"a": np.zeros(1, np.float32)}, metadata)
    with pytest.raises(FastcnnError, match="holds no network that fastcnn knows"):
        load_network(tmp_path / "net")


def test_a_description_nested_without_end_is_refused(tmp_path):
    text = '{"type": "Residual", "shortcut": [], "layers": [' * 2000 + '{"type": "ReLU"}' + "]}" * 2000
    metadata = {
        "format": "fastcnn network 1",
        "description": '{"name": "", "input_shape": [1, 2, 2], "dtype": "float32", "layers": [' + text + "]}",
    }
    write_finite_arrays(tmp_path / "net", {"a": np.zeros(1, np.float32)}, metadata)
    with pytest.raises(FastcnnError, match="nested too deeply"):
        load_network(tmp_path / "net")


def nested(layer, depth):
    for _ in range(depth):
        layer = Residual(layer)
    return layer


def test_how_deep_layers_may_lie_is_told_and_not_pythons_stack(tmp_path):
    net = Sequential([nested(Conv2d(1, 1), 64), GlobalAvgPool()], input_shape=(1, 2, 2), seed=0)
    net.save(tmp_path / "net")
    again = load_network(tmp_path / "net")
    assert (again.forward(np.ones((1, 1, 2, 2))) == net.forward(np.ones((1, 1, 2, 2)))).all()
    for depth in (65, 900):
        with pytest.raises(ValueError, match="Residual is nested too deeply: at most 64 layers inside one another"):
            nested(ReLU(), depth)


@pytest.mark.parametrize("depth", [1, 5, 7, 20])
def test_no_two_layers_drop_the_same_values_however_deep_they_lie(depth):
    """With a gradient of ones a Dropout's is its mask; each level of a Residual adds one more."""
    layers = [nested(Dropout(0.5), depth) for _ in range(2)]
    Sequential([*layers, Flatten(), Affine(2)], input_shape=(1, 16, 16), seed=0)
    ones = np.ones((4, 1, 16, 16))
    masks = [layer.forward(ones, True) - layer.forward(ones, False) for layer in layers]
    assert np.ptp(masks[0]) == np.ptp(masks[1]) == 2
    assert 0.4 < (masks[0] == masks[1]).mean() < 0.6  # of 1,024 values, each a toss of a coin: six deviations


def test_a_block_of_a_residual_network_trains():
    """Half of the pictures are brighter on the left: a network of two blocks learns it."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    pictures = rng.random((200, 1, 8, 8))
    pictures[labels == 1, :, :, :4] += 0.5
    layers = [
        Conv2d(4, 3, padding=1),
        BatchNorm2d(),
        ReLU(),
        *block(4),
        *block(8, stride=2),
        GlobalAvgPool(),
        Affine(2),
    ]
    net = Sequential(layers, input_shape=(1, 8, 8), seed=0, dtype=np.float32)
    trainer = Trainer(net, Adam(0.01))
    for _ in range(30):
        trainer.step(pictures.astype(np.float32), labels)
    assert (net.forward(pictures.astype(np.float32)).argmax(axis=1) == labels).mean() > 0.95
