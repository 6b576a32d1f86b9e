"""Networks: the paper's numbers, memory order, whole gradients, one run at a time, and what is refused."""

import copy
import threading

import numpy as np
import pytest

from fastcnn import paper_network
from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Dropout, Flatten, GlobalAvgPool, MaxPool2d, ReLU
from fastcnn.network.losses import softmax_cross_entropy
from fastcnn.network.sequential import CHUNK, Sequential
from tests.fastcnn.gradients import assert_gradient, numerical_gradient
from tests.kernels.checks import running


def small_network(*, seed=0, dtype=np.float32):
    """Every kind of layer on pictures of 2x8x7."""
    layers = [
        Conv2d(3, 3, padding=1),
        BatchNorm2d(),
        ReLU(),
        MaxPool2d(2),
        Conv2d(4, 2, bias=False),
        Dropout(0.25, seed=5),
        Flatten(),
        Affine(6),
        ReLU(),
        Dropout(0.25),
        Affine(5),
    ]
    return Sequential(layers, input_shape=(2, 8, 7), seed=seed, dtype=dtype, name="small")


def averaging_network():
    return Sequential([Conv2d(4, 2), ReLU(), GlobalAvgPool()], input_shape=(1, 4, 3), seed=0, dtype=np.float64)


def batch(rng, network, count=4):
    images = rng.standard_normal((count, *network.input_shape)).astype(network.dtype)
    return images, rng.integers(0, network.output_shape[0], count)


def test_the_papers_network():
    network = paper_network(seed=0)
    assert network.parameter_count == 433_890
    shapes = [layer.out_shape for layer in network.layers]
    assert shapes == [(30, 24, 24), (30, 24, 24), (30, 12, 12), (4320,), (100,), (100,), (10,)]
    assert {name: p.shape for name, p in network.parameters.items()} == {
        "0.weight": (30, 1, 5, 5),
        "0.bias": (30,),
        "4.weight": (4320, 100),
        "4.bias": (100,),
        "6.weight": (100, 10),
        "6.bias": (10,),
    }
    assert network.parameters["4.weight"].storage.shape == (100, 12, 12, 30)
    assert network.parameters["6.weight"].storage.shape == (10, 100)
    assert network.values.dtype == np.float32


def test_summary_of_the_papers_network():
    lines = paper_network(seed=0).summary().splitlines()
    rows = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]
    assert rows[0] == ["layer", "output shape", "parameters", "MFLOP"]
    # 2 * 576 * 30 * 25, 2 * 4320 * 100 and 2 * 100 * 10, in millions.
    assert ["0 Conv2d", "(N, 30, 24, 24)", "780", "0.864"] in rows
    assert ["4 Affine", "(N, 100)", "432,100", "0.864"] in rows
    assert ["6 Affine", "(N, 10)", "1,010", "0.002"] in rows
    assert rows[-1] == ["total", "433,890", "1.730"]
    assert all(len(line) == len(lines[0]) for line in lines)


def test_summary_counts_groups_and_leaves_buffers_out():
    network = Sequential([Conv2d(4, 3, groups=2), BatchNorm2d(), GlobalAvgPool()], input_shape=(2, 5, 6))
    # Convolution: 4 * 1 * 3 * 3 + 4 values, 4 * 3 * 4 outputs of 9 multiply-adds; batch norm: 4 + 4 values.
    assert network.parameter_count == 40 + 8
    assert network.summary().splitlines()[-1].split() == ["total", "48", "0.001"]
    assert network.layers[0].multiply_adds == 48 * 9


def test_he_initialisation():
    network = paper_network(seed=1)
    for name, fan_in in (("0.weight", 25), ("4.weight", 4320), ("6.weight", 100)):
        weight = network.parameters[name].array
        std = (2 / fan_in) ** 0.5
        # Five standard deviations of the estimates.
        assert abs(weight.mean()) <= 5 * std / weight.size**0.5
        assert abs(weight.std() / std - 1) <= 5 / (2 * weight.size) ** 0.5
    for name in ("0.bias", "4.bias", "6.bias"):
        assert (network.parameters[name].array == 0).all()


def test_seed_decides_the_start():
    one, two, other, free = (paper_network(seed=seed).values for seed in (3, 3, 4, None))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()
    assert (free != paper_network().values).any()


def test_start_does_not_depend_on_dtype():
    narrow, wide = small_network().state_arrays(), small_network(dtype=np.float64).state_arrays()
    for name, array in wide.items():
        np.testing.assert_array_equal(narrow[name], array.astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_windows_are_aligned_and_fill_the_flat_arrays(dtype):
    network = small_network(dtype=dtype)
    assert network.values.shape == network.gradients.shape
    network.gradients[:] = 7
    for flat, windows in ((network.values, network.parameters), (network.buffers, network.statistics)):
        assert flat.ctypes.data % 64 == 0
        assert flat.nbytes % 64 == 0
        end = flat.ctypes.data
        for window in windows.values():
            start = window.storage.ctypes.data
            assert start % 64 == 0
            assert end <= start < end + 64  # in order, without overlap, and no gap of a whole line
            end = start + window.storage.nbytes
            window.storage[...] = 5
            assert (window.array == 5).all()
        assert (flat == 5).sum() == sum(window.size for window in windows.values())
        assert set(np.unique(flat)) <= {0, 5}
    for window in network.parameters.values():
        np.testing.assert_array_equal(window.grad, np.full(window.shape, 7))
        offset = window.storage.ctypes.data - network.values.ctypes.data
        assert window.grad_storage.ctypes.data - network.gradients.ctypes.data == offset


def test_aligned_arrays_are_followed_by_slack():
    for count in (1, 15, 16, 1000):
        array = aligned_zeros(count, np.float32)
        whole = array
        while whole.base is not None:
            whole = whole.base
        assert array.shape == (count,)
        assert array.ctypes.data % 64 == 0
        assert array.ctypes.data + array.nbytes + 64 <= whole.ctypes.data + whole.nbytes


def test_seen_arrays_are_read_only_and_current():
    network = paper_network(seed=0)
    for parameter in network.parameters.values():
        for array in (parameter.array, parameter.grad):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0
    network.values[:] = 3
    assert (network.parameters["4.weight"].array == 3).all()


def test_assign_writes_through_and_checks():
    network = paper_network(seed=0)
    weight = network.parameters["4.weight"]
    array = np.arange(432_000, dtype=np.float32).reshape(4320, 100)
    weight.assign(array)
    np.testing.assert_array_equal(weight.array, array)
    weight.assign_grad(array + 1)
    np.testing.assert_array_equal(weight.grad, array + 1)
    with pytest.raises(ValueError, match=r"4.weight has the shape \(4320, 100\)"):
        weight.assign(array.T)
    with pytest.raises(TypeError, match=r"4\.weight needs an array of numbers, not complex64"):
        weight.assign(array.astype(np.complex64))
    with pytest.raises(ValueError, match="is a buffer: it has no gradient"):
        _ = small_network().statistics["1.running_mean"].grad


def test_forward_is_the_layers_one_after_the_other(rng):
    network = Sequential([Conv2d(2, 2), ReLU(), MaxPool2d(2), Flatten(), Affine(3)], input_shape=(1, 3, 3), seed=0)
    parameters = {name: p.array.astype(np.float64) for name, p in network.parameters.items()}
    x = rng.standard_normal((1, 1, 3, 3)).astype(np.float32)
    expected = np.zeros((2, 2, 2))
    for k, p, q, r, s in np.ndindex(2, 2, 2, 2, 2):
        expected[k, p, q] += x[0, 0, p + r, q + s] * parameters["0.weight"][k, 0, r, s]
    hidden = np.maximum(expected, 0).max(axis=(1, 2))
    logits = hidden @ parameters["4.weight"] + parameters["4.bias"]
    # Fewer than 16 roundings of numbers below 8.
    np.testing.assert_allclose(network.forward(x)[0], logits, rtol=0, atol=16 * 8 * 6e-8)


@pytest.mark.parametrize("count", [0, 1, CHUNK, CHUNK + 3])
def test_any_number_of_images(count, rng):
    network = small_network()
    images, _ = batch(rng, network, count)
    logits, probabilities = network.forward(images), network.predict_proba(images)
    assert logits.shape == probabilities.shape == (count, 5)
    assert logits.dtype == probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    for index in (0, count // 2, count - 1)[: 3 if count else 0]:
        np.testing.assert_allclose(logits[index], network.forward(images[index : index + 1])[0], atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uint8_images_are_divided_by_255(dtype, rng):
    network = small_network(dtype=dtype)
    images = rng.integers(0, 256, (3, 2, 8, 7), dtype=np.uint8)
    scaled = (images / 255).astype(dtype)
    labels = np.array([0, 1, 2])
    np.testing.assert_array_equal(network.forward(images), network.forward(scaled))
    twin = network.copy()
    assert network.loss_and_gradients(images, labels) == twin.loss_and_gradients(scaled, labels)
    np.testing.assert_array_equal(network.gradients, twin.gradients)


def test_images_may_be_strided_views(rng):
    network = small_network()
    images, _ = batch(rng, network, 6)
    np.testing.assert_array_equal(network.forward(images[::2]), network.forward(images[::2].copy()))


@pytest.mark.parametrize("backend", [pytest.param("cpu", marks=pytest.mark.slow), "reference"])
@pytest.mark.parametrize("make", [lambda: small_network(dtype=np.float64), averaging_network])
def test_whole_gradient_matches_finite_differences(make, backend, rng):
    with running(backend):
        _require_gradient(make(), rng)


def _require_gradient(network, rng):
    network.values += 0.05 * rng.standard_normal(network.values.size) * (network.values != 0)
    images, labels = batch(rng, network, 3)

    def loss():
        return network.loss_and_gradients(images, labels, label_smoothing=0.1, step=4)

    loss()
    gradients = {name: parameter.grad.copy() for name, parameter in network.parameters.items()}
    for name, parameter in network.parameters.items():
        numerical = numerical_gradient(loss, parameter.storage)
        assert_gradient(gradients[name], numerical.transpose(parameter.axes).reshape(parameter.shape))


def test_gradients_are_overwritten_and_gaps_stay_zero(rng):
    network = small_network()
    images, labels = batch(rng, network)
    network.loss_and_gradients(images, labels)
    once = network.gradients.copy()
    for parameter in network.parameters.values():
        parameter.grad_storage[...] = np.nan
    network.loss_and_gradients(images, labels)
    np.testing.assert_array_equal(network.gradients, once)
    used = sum(parameter.size for parameter in network.parameters.values())
    assert (once == 0).sum() >= once.size - used


def test_loss_is_that_of_the_logits(rng):
    network = Sequential([Flatten(), Affine(4)], input_shape=(1, 2, 3), seed=0)
    images, labels = batch(rng, network)
    expected, _ = softmax_cross_entropy(network.forward(images), labels, 0.1)
    assert network.loss_and_gradients(images, labels, label_smoothing=0.1) == expected


def test_training_moves_the_running_statistics_and_inference_does_not(rng):
    network = small_network()
    images, labels = batch(rng, network)
    before = network.buffers.copy()
    network.forward(images)
    np.testing.assert_array_equal(network.buffers, before)
    network.loss_and_gradients(images, labels)
    assert (network.buffers != before).any()


def test_dropout_follows_the_step(rng):
    network = small_network()
    images, labels = batch(rng, network)
    losses = [network.loss_and_gradients(images, labels, step=step) for step in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]


def test_a_network_without_parameters_has_a_loss(rng):
    network = Sequential([GlobalAvgPool()], input_shape=(3, 4, 4))
    images, labels = batch(rng, network)
    assert network.loss_and_gradients(images, labels) > 0
    assert network.values.size == 0


def test_gradient_descent_learns(rng):
    layers = [Conv2d(6, 3), BatchNorm2d(), ReLU(), MaxPool2d(2), Flatten(), Affine(30), ReLU(), Affine(5)]
    network = Sequential(layers, input_shape=(2, 8, 7), seed=0)
    images, labels = batch(rng, network, 20)
    losses = []
    for step in range(100):
        losses.append(network.loss_and_gradients(images, labels, step=step))
        network.values -= np.float32(0.1) * network.gradients
    assert losses[-1] < 0.05 < 1 < losses[0]


def test_copy_is_independent(rng):
    network = small_network()
    images, labels = batch(rng, network)
    network.loss_and_gradients(images, labels)  # moves the running statistics
    for twin in (network.copy(), copy.deepcopy(network)):
        assert twin.describe() == network.describe()
        np.testing.assert_array_equal(twin.forward(images), network.forward(images))
        before = network.values.copy()
        twin.values[:] = 0
        twin.buffers[:] = 0
        np.testing.assert_array_equal(network.values, before)
        assert (network.buffers != 0).any()


def test_state_goes_from_one_network_to_another(rng):
    network, other = small_network(seed=0), small_network(seed=1)
    images, labels = batch(rng, network)
    network.loss_and_gradients(images, labels)
    state = network.state_arrays()
    assert set(state) == set(network.parameters) | set(network.statistics)
    other.load_state_arrays(state)
    np.testing.assert_array_equal(other.values, network.values)
    np.testing.assert_array_equal(other.buffers, network.buffers)
    kept = state["0.weight"].copy()
    network.values[:] = 0
    np.testing.assert_array_equal(state["0.weight"], kept)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("0.bias"), "lacks '0.bias'"),
        (lambda state: state.update(extra=np.zeros(1, np.float32)), "has 'extra' in excess"),
        (lambda state: state.update({"0.bias": np.zeros(4, np.float32)}), r"0.bias must have the shape \(3,\)"),
        (lambda state: state.update({"0.bias": np.zeros(3)}), "0.bias must be float32, not float64"),
        (lambda state: state.update({"0.bias": np.full(3, np.nan, np.float32)}), "0.bias holds values that are not"),
        (lambda state: state.update({"1.running_var": np.full(3, np.inf, np.float32)}), "not finite"),
    ],
)
def test_wrong_state_is_refused_and_changes_nothing(change, message):
    network, state = small_network(seed=0), small_network(seed=1).state_arrays()
    change(state)
    before = network.values.copy()
    with pytest.raises(ValueError, match=message):
        network.load_state_arrays(state)
    np.testing.assert_array_equal(network.values, before)


WRONG_ORDERS = [
    ([Affine(10)], r"layer 0 \(Affine\): it needs features, not pictures of \(1, 28, 28\); put Flatten\(\) before it"),
    ([Flatten(), Conv2d(3, 3)], r"layer 1 \(Conv2d\): it needs pictures"),
    ([Flatten(), MaxPool2d(2)], r"layer 1 \(MaxPool2d\): it needs pictures"),
    ([Flatten(), Flatten()], r"layer 1 \(Flatten\): it needs pictures"),
    ([GlobalAvgPool(), BatchNorm2d()], r"layer 1 \(BatchNorm2d\): it needs pictures"),
    ([Flatten(), GlobalAvgPool()], r"layer 1 \(GlobalAvgPool\): it needs pictures"),
    ([MaxPool2d(4), Conv2d(3, 8)], r"layer 1 \(Conv2d\): kernel_size"),
    ([Conv2d(3, 29)], r"layer 0 \(Conv2d\): kernel_size"),
    ([MaxPool2d(29)], r"layer 0 \(MaxPool2d\): kernel_size"),
    ([Conv2d(3, 3, groups=2)], r"layer 0 \(Conv2d\): groups must divide"),
    ([MaxPool2d(2, padding=2)], r"layer 0 \(MaxPool2d\): padding must be less than kernel_size"),
    ([Conv2d(3, 3)], r"the last layer must give \(classes,\)"),
    ([Conv2d(1, 1, padding=10**6), GlobalAvgPool()], r"layer 0 \(Conv2d\): its output .* is larger than"),
    ([Flatten(), Affine(10**6)], "more than 67108864 parameters"),
    ([], "a network has 1 to 1000 layers, not 0"),
]


@pytest.mark.parametrize(("layers", "message"), WRONG_ORDERS)
def test_wrong_orders_are_one_sentence(layers, message):
    with pytest.raises(ValueError, match=message) as caught:
        Sequential([type(layer)(**options(layer)) for layer in layers])
    assert "\n" not in str(caught.value)


def options(layer):
    """Each test gets new layers: a layer that was built once is refused."""
    return {name: getattr(layer, name) for name in layer.OPTIONS}


def test_a_layer_belongs_to_one_place():
    relu = ReLU()
    with pytest.raises(ValueError, match=r"layer 1 \(ReLU\): it is part of a network already"):
        Sequential([relu, relu, GlobalAvgPool()])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Sequential([ReLU(), "Flatten"]), TypeError, "layer 1 must be a layer such as"),
        (lambda: Sequential([ReLU(), Flatten]), TypeError, "layer 1 must be a layer such as"),
        (lambda: Sequential([GlobalAvgPool()], input_shape=(28, 28)), ValueError, r"input_shape must be \(C, H, W\)"),
        (lambda: Sequential([GlobalAvgPool()], input_shape=(1, 0, 28)), ValueError, "input_shape must"),
        (lambda: Sequential([GlobalAvgPool()], input_shape=(1, 2.0, 28)), TypeError, "input_shape must"),
        (lambda: Sequential([GlobalAvgPool()], dtype=np.float16), ValueError, "dtype must be float32 or float64"),
        (lambda: Sequential([GlobalAvgPool()], seed=-1), ValueError, "seed must"),
        (lambda: Sequential([GlobalAvgPool()], seed="x"), TypeError, "seed must"),
        (lambda: Sequential([GlobalAvgPool()], name="a\nb"), ValueError, "name must be at most"),
        (lambda: Sequential([GlobalAvgPool()], name=3), TypeError, "name must be a string"),
        (lambda: Sequential.from_description({}), ValueError, "the description must have name"),
        (lambda: Sequential.from_description({**DESCRIPTION, "layers": {}}), ValueError, "must hold a list"),
        (lambda: Sequential.from_description({**DESCRIPTION, "dtype": "O"}), ValueError, "dtype must be float32"),
        (lambda: Sequential.from_description({**DESCRIPTION, "dtype": ["x"]}), ValueError, "dtype must be float32"),
    ],
)
def test_wrong_constructions_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


DESCRIPTION = {"name": "", "input_shape": [1, 2, 2], "dtype": "float32", "layers": [{"type": "GlobalAvgPool"}]}


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (np.zeros((3, 1, 28, 27)), ValueError, r"images must have the shape \(N, 1, 28, 28\), not \(3, 1, 28, 27\)"),
        (np.zeros((28, 28)), ValueError, "images must have the shape"),
        (np.zeros((3, 784)), ValueError, "images must have the shape"),
        (np.zeros((3, 1, 28, 28), np.int64), TypeError, "images must be a uint8, float32 or float64 array, not int64"),
        (np.zeros((3, 1, 28, 28), np.float16), TypeError, "not float16"),
        ([[0]], TypeError, "not list"),
    ],
)
def test_wrong_images_are_refused(images, error, message):
    network = paper_network(seed=0)
    for call in (network.forward, network.predict_proba, lambda x: network.loss_and_gradients(x, np.zeros(3, int))):
        with pytest.raises(error, match=message):
            call(images)


@pytest.mark.parametrize(
    ("shape", "way_out"),
    [
        ((3, 28, 28), r"images.reshape\(-1, 1, 28, 28\) fits"),
        ((3, 784), r"images.reshape\(-1, 1, 28, 28\) fits"),
        ((1, 28, 28), r"images.reshape\(-1, 1, 28, 28\) fits"),  # one picture, or one in grey
        ((3, 28, 28, 1), "layout='NHWC' takes these"),
        ((3, 1, 27, 28), r"not \(3, 1, 27, 28\)"),
    ],
)
def test_pictures_of_another_shape_are_told_the_way_out(shape, way_out):
    for call in (paper_network(seed=0).predict, lambda x: paper_network(seed=0).evaluate(x, np.zeros(3, int))):
        with pytest.raises(ValueError, match=f"{way_out}$"):
            call(np.zeros(shape, np.uint8))


def test_wrong_labels_and_options_change_nothing(rng):
    network = small_network()
    images, labels = batch(rng, network)
    before = network.buffers.copy()
    for call, error, message in [
        (lambda: network.loss_and_gradients(images, labels[:3]), ValueError, "labels must have the shape"),
        (lambda: network.loss_and_gradients(images, labels + 5), ValueError, "labels must lie in 0 to 4"),
        (lambda: network.loss_and_gradients(images, labels * 1.0), TypeError, "labels must be an integer array"),
        (lambda: network.loss_and_gradients(images[:0], labels[:0]), ValueError, "at least one picture"),
        (lambda: network.loss_and_gradients(images, labels, label_smoothing=1), ValueError, "label_smoothing"),
        (lambda: network.loss_and_gradients(images, labels, step=-1), ValueError, "step must"),
    ]:
        with pytest.raises(error, match=message):
            call()
    np.testing.assert_array_equal(network.buffers, before)
    assert (network.gradients == 0).all()


def test_runs_from_several_threads_do_not_mix(rng):
    network = small_network()
    batches = [batch(rng, network, count) for count in (3, 5, 8, 2)]
    network.loss_and_gradients(*batches[0])
    expected = [network.forward(images) for images, _ in batches]
    wrong = []

    def infer(index):
        for _ in range(20):
            if not np.array_equal(network.forward(batches[index][0]), expected[index]):
                wrong.append(index)

    workers = [threading.Thread(target=infer, args=(index,)) for index in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


@pytest.mark.torch
def test_the_papers_network_matches_torch(rng):
    torch = pytest.importorskip("torch")
    network = Sequential.from_description({**paper_network().describe(), "dtype": "float64"}, seed=0)
    modules = torch.nn
    twin = modules.Sequential(
        modules.Conv2d(1, 30, 5),
        modules.ReLU(),
        modules.MaxPool2d(2),
        modules.Flatten(),
        modules.Linear(4320, 100),
        modules.ReLU(),
        modules.Linear(100, 10),
    ).double()
    for name, parameter in network.parameters.items():
        array = parameter.array.T if parameter.array.ndim == 2 else parameter.array
        twin.get_parameter(name).data.copy_(torch.tensor(array.copy()))
    images, labels = rng.random((8, 1, 28, 28)), rng.integers(0, 10, 8)
    loss = modules.functional.cross_entropy(twin(torch.tensor(images)), torch.tensor(labels))
    loss.backward()
    # Sums of up to 4320 terms of order 0.01 to 1, in another order: 4320 * 1.1e-16 at the very most.
    assert network.loss_and_gradients(images, labels) == pytest.approx(loss.item(), rel=1e-12)
    for name, parameter in network.parameters.items():
        grad = twin.get_parameter(name).grad.numpy()
        np.testing.assert_allclose(parameter.grad, grad.T if grad.ndim == 2 else grad, rtol=0, atol=5e-13)
