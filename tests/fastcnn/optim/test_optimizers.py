"""Optimizers: two steps by hand, twenty against PyTorch, backends and threads bit by bit, state, wrong arguments."""

import json
from math import sqrt

import numpy as np
import pytest

from fastcnn import optim
from fastcnn.kernels.cpu.functions import updates as cpu_updates
from fastcnn.kernels.reference import updates as reference_updates
from fastcnn.kernels.threads import set_threads, threads
from fastcnn.kernels.updates import SMALLEST
from fastcnn.layers import Affine, BatchNorm2d, Flatten
from fastcnn.network.sequential import Sequential
from fastcnn.optim import optimizers
from tests.kernels.checks import running

# Made again for each test: an optimizer holds state.
MAKERS = {
    "SGD": lambda: optim.SGD(0.1, weight_decay=0.1),
    "Momentum": lambda: optim.Momentum(0.1, momentum=0.9),
    "Nesterov": lambda: optim.Nesterov(0.1, momentum=0.9),
    "AdaGrad": lambda: optim.AdaGrad(0.1),
    "RMSProp": lambda: optim.RMSProp(0.1, alpha=0.9, eps=1e-12),
    "Adam": lambda: optim.Adam(0.1, beta1=0.9, beta2=0.99, eps=1e-12),
    "AdamW": lambda: optim.AdamW(0.1, beta1=0.9, beta2=0.99, eps=1e-12, weight_decay=0.1),
}

# A value of 1 after a gradient of 0.5, then after one of -1, worked by hand from the published formulas.
HAND_WORKED = {
    "SGD": (0.94, 0.94 + 0.1 * (1 - 0.094)),
    "Momentum": (0.95, 0.95 + 0.1 * 0.55),
    "Nesterov": (0.905, 0.905 + 0.1 * (1 + 0.9 * 0.55)),
    "AdaGrad": (0.9, 0.9 + 0.1 / sqrt(1.25)),
    "RMSProp": (1 - 0.05 / sqrt(0.025), 1 - 0.05 / sqrt(0.025) + 0.1 / 0.35),
    "Adam": (0.9, 0.9 + 0.1 * (0.055 / 0.19) / sqrt(0.012475 / 0.0199)),
    "AdamW": (0.89, 0.89 * 0.99 + 0.1 * (0.055 / 0.19) / sqrt(0.012475 / 0.0199)),
}


def test_every_optimizer_is_public_and_has_expected_values():
    assert list(optimizers.KINDS) == list(MAKERS) == list(HAND_WORKED)
    assert set(optimizers.KINDS) == {*optim.__all__} - {"ExponentialMovingAverage", "Optimizer", "clip_gradients"}


@pytest.fixture(params=["reference", "cpu"])
def backend(request):
    with running(request.param):
        yield request.param


@pytest.fixture
def thread_count():
    before = threads()
    yield set_threads
    set_threads(before)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_steps_by_hand(backend, name, dtype):
    optimizer, values = MAKERS[name](), np.ones(3, dtype)
    # AdaGrad's eps moves its first step by 2e-10 of it.
    tolerance = 1e-9 if dtype == np.float64 else 4e-7
    for gradient, expected in zip((0.5, -1.0), HAND_WORKED[name], strict=True):
        gradients = np.full(3, gradient, dtype)
        optimizer.update(values, gradients)
        np.testing.assert_allclose(values, expected, rtol=tolerance)
        np.testing.assert_array_equal(gradients, gradient)
    assert values.dtype == dtype


def torch_twin(torch, name, weight_decay):
    kinds = torch.optim
    return {
        "SGD": lambda p: kinds.SGD(p, lr=0.1, weight_decay=weight_decay),
        "Momentum": lambda p: kinds.SGD(p, lr=0.1, momentum=0.9, weight_decay=weight_decay),
        "Nesterov": lambda p: kinds.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=weight_decay),
        "AdaGrad": lambda p: kinds.Adagrad(p, lr=0.1, weight_decay=weight_decay),
        "RMSProp": lambda p: kinds.RMSprop(p, lr=0.1, weight_decay=weight_decay),
        "Adam": lambda p: kinds.Adam(p, lr=0.1, weight_decay=weight_decay),
        "AdamW": lambda p: kinds.AdamW(p, lr=0.1, weight_decay=weight_decay),
    }[name]


@pytest.mark.torch
@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("weight_decay", [0.0, 0.05])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_twenty_steps_match_torch(backend, name, weight_decay, dtype, rng):
    torch = pytest.importorskip("torch")
    values = rng.standard_normal(40).astype(dtype)
    theirs = torch.tensor(values.copy(), requires_grad=True)
    twin = torch_twin(torch, name, weight_decay)([theirs])
    ours = getattr(optim, name)(0.1, weight_decay=weight_decay)
    for _ in range(20):
        # Away from zero, so that no running mean of squares is tiny and blows a rounding up.
        gradients = (rng.choice([-1, 1], 40) * rng.uniform(0.5, 2, 40)).astype(dtype)
        theirs.grad = torch.tensor(gradients)
        twin.step()
        ours.update(values, gradients)
    # Each step has at most 16 roundings of numbers that stay below 16, both here and there.
    tolerance = 2 * 20 * 16 * np.finfo(dtype).eps * 16 / 2
    assert np.abs(values).max() < 16
    assert np.abs(values - theirs.detach().numpy()).max() <= tolerance


@pytest.mark.torch
@pytest.mark.parametrize("name", MAKERS)
def test_defaults_are_torchs(name):
    torch = pytest.importorskip("torch")
    ours = getattr(optim, name)(0.1)
    theirs = torch_twin(torch, name, 0.0)([torch.zeros(1, requires_grad=True)]).defaults
    if name == "AdamW":
        theirs["weight_decay"] = torch.optim.AdamW([torch.zeros(1, requires_grad=True)]).defaults["weight_decay"]
    if "betas" in theirs:
        theirs["beta1"], theirs["beta2"] = theirs["betas"]
    for option in ours.OPTIONS:
        assert getattr(ours, option) == theirs[option]


def update_cases(rng, size, dtype):
    def positive():
        return rng.uniform(0.1, 1, size).astype(dtype)

    values, gradients, state = (rng.standard_normal(size).astype(dtype) for _ in range(3))
    return {
        "sgd": ((values, gradients), (1e-2, 0.1)),
        "momentum": ((values, gradients, state), (1e-2, 0.9, 0.1, SMALLEST)),
        "nesterov": ((values, gradients, state), (1e-2, 0.9, 0.1, SMALLEST)),
        "adagrad": ((values, gradients, positive()), (1e-2, 1e-10, 0.1)),
        "rmsprop": ((values, gradients, positive()), (1e-2, 0.99, 0.01, 1e-8, 0.1, SMALLEST)),
        "adam": (
            (values, gradients, state, positive()),
            (1e-2, 0.9, 0.1, 0.999, 0.001, 2.5, 1e-8, 0.1, 0.99, SMALLEST),
        ),
        "ema": ((values, gradients), (0.01,)),
    }


UPDATES = list(update_cases(np.random.default_rng(0), 1, np.float32))


@pytest.mark.parametrize("name", UPDATES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
# 0 and 1; not a whole number of vectors; shared by several threads.
@pytest.mark.parametrize("size", [0, 1, 37, 5003])
def test_backends_and_thread_counts_give_the_same_bits(name, dtype, size, rng, thread_count, monkeypatch):
    monkeypatch.setattr(cpu_updates, "SERIAL_BELOW", 5000)
    arrays, numbers = update_cases(rng, size, dtype)[name]
    expected = [array.copy() for array in arrays]
    reference_updates.update(name, expected, numbers)
    # Kernels with threads are compiled for float32, and one for float64.
    for count in (1, 2, 3, 4) if dtype is np.float32 or name == "adam" else (1,):
        thread_count(count)
        actual = [array.copy() for array in arrays]
        cpu_updates.update(name, actual, numbers)
        for ours, theirs in zip(actual, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["Momentum", "Nesterov", "RMSProp", "Adam", "AdamW"])
def test_a_state_that_decays_reaches_zero(backend, name):
    """Without gradients it would stay below float32's normal numbers, where a CPU takes a hundred times as long."""
    optimizer, values = MAKERS[name](), np.zeros(40, np.float32)
    optimizer.update(values, np.linspace(-1e-9, 1e-9, 40, dtype=np.float32))
    assert all(array.any() for array in optimizer.state_arrays().values())
    for _ in range(8000):  # 0.99 ** 8000 = 1e-35
        optimizer.update(values, np.zeros(40, np.float32))
    assert not any(array.any() for name, array in optimizer.state_arrays().items() if name != "steps")


@pytest.mark.parametrize("name", ["momentum", "nesterov", "rmsprop", "adam"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_only_what_is_too_small_becomes_zero(name, dtype):
    """Infinity and what is not a number stay."""
    _, numbers = update_cases(np.random.default_rng(0), 1, dtype)[name]
    state = np.array([SMALLEST / 2, 1e-44, SMALLEST * 2, np.inf, np.nan], dtype)
    for update in (reference_updates.update, cpu_updates.update):
        values, gradients, others = (np.zeros(5, dtype) for _ in range(3))
        found = state.copy()
        update(name, [values, gradients, found] + [others] * (name == "adam"), numbers)
        assert not found[:2].any() and found[2] > 0 and np.isinf(found[3]) and np.isnan(found[4])


@pytest.mark.parametrize("name", MAKERS)
def test_gaps_between_parameters_stay_zero(backend, name, rng):
    network = Sequential([Flatten(), Affine(3), Affine(10)], input_shape=(1, 2, 3), seed=0)
    used = np.zeros(network.values.size, bool)
    for parameter in network.parameters.values():
        start = (parameter.storage.ctypes.data - network.values.ctypes.data) // network.values.itemsize
        used[start : start + parameter.size] = True
    assert not used.all()
    optimizer = MAKERS[name]()
    for _ in range(3):
        images, labels = rng.standard_normal((4, 1, 2, 3)), rng.integers(0, 10, 4)
        network.loss_and_gradients(images, labels)
        optimizer.update(network.values, network.gradients)
    assert (network.values[~used] == 0).all()
    assert (network.values[used] != 0).all()


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("steps_before", [0, 3])
def test_continues_from_its_state_bit_by_bit(name, steps_before, rng):
    straight, first = MAKERS[name](), MAKERS[name]()
    values = rng.standard_normal(20).astype(np.float32)
    others = values.copy()
    gradients = rng.standard_normal((6, 20)).astype(np.float32)
    for gradient in gradients:
        straight.update(values, gradient)
    for gradient in gradients[:steps_before]:
        first.update(others, gradient)
    second = MAKERS[name]()
    second.load_state_arrays(first.state_arrays())
    for gradient in gradients[steps_before:]:
        second.update(others, gradient)
    np.testing.assert_array_equal(others, values)


def test_state_arrays_are_copies(rng):
    optimizer, values = optim.Adam(), rng.standard_normal(5)
    optimizer.update(values, np.ones(5))
    state = optimizer.state_arrays()
    state["means"][:] = 7
    assert (optimizer.state_arrays()["means"] != 7).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("means"), "the state of Adam is steps, means, mean_squares"),
        (lambda state: state.update(velocity=state["means"]), "the state of Adam is"),
        (lambda state: state.update(steps=np.array([-1])), "steps must be one int64"),
        (lambda state: state.update(steps=np.array([1.0])), "steps must be one int64"),
        (lambda state: state.update(means=np.zeros(4)), "has the length"),
        (lambda state: state.update(means=np.zeros((5, 1))), "means must be a flat"),
        (lambda state: state.update(means=np.full(5, np.nan)), "not finite"),
    ],
)
def test_wrong_state_is_refused(change, message, rng):
    optimizer = optim.Adam()
    optimizer.update(rng.standard_normal(5), np.ones(5))
    state = optimizer.state_arrays()
    change(state)
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_arrays(state)


@pytest.mark.parametrize("name", MAKERS)
def test_description_is_json(name):
    description = json.loads(json.dumps(MAKERS[name]().describe()))
    assert description["type"] == name
    assert "weight_decay" in description


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optim.SGD(0), ValueError, "lr must be greater than 0"),
        (lambda: optim.SGD(-1), ValueError, "lr must be greater than 0"),
        (lambda: optim.SGD(float("inf")), ValueError, "lr must be finite"),
        (lambda: optim.SGD("0.1"), TypeError, "lr must be a number, not str"),
        (lambda: optim.SGD(np.array([0.1, 0.2])), TypeError, "lr must be a number, not an array of shape"),
        (lambda: optim.SGD(True), TypeError, "lr must be a number, not bool"),
        (lambda: optim.SGD(0.1, weight_decay=-1), ValueError, "weight_decay must be at least 0"),
        (lambda: optim.Momentum(0.1, momentum=1), ValueError, "momentum must be at least 0 and less than 1"),
        (lambda: optim.Nesterov(0.1, momentum=-0.1), ValueError, "momentum must be at least 0"),
        (lambda: optim.AdaGrad(0.1, eps=0), ValueError, "eps must be greater than 0"),
        (lambda: optim.RMSProp(0.1, alpha=1), ValueError, "alpha must be at least 0 and less than 1"),
        (lambda: optim.Adam(0.1, beta1=1), ValueError, "beta1 must be at least 0 and less than 1"),
        (lambda: optim.AdamW(0.1, beta2=float("nan")), ValueError, "beta2 must be finite"),
        (lambda: setattr(optim.SGD(0.1), "lr", -1), ValueError, "lr must be at least 0"),
        (lambda: optim.clip_gradients(np.ones(3), 0), ValueError, "max_norm must be greater than 0"),
        (lambda: optim.SGD(1).update(np.ones(3), np.ones(4)), ValueError, "gradients has the length 4"),
        (lambda: optim.SGD(1).update(np.ones(3), np.ones(3, np.float32)), TypeError, "gradients has the dtype float32"),
        (lambda: optim.SGD(1).update(np.ones((3, 1)), np.ones((3, 1))), ValueError, "values must be a flat"),
        (lambda: optim.SGD(1).update(np.ones(6)[::2], np.ones(3)), ValueError, "values must be a flat"),
        (lambda: optim.SGD(1).update(np.ones(3, int), np.ones(3)), TypeError, "values must be a float32 or float64"),
    ],
)
def test_wrong_arguments_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_another_network_is_refused(rng):
    optimizer = optim.Adam()
    optimizer.update(np.ones(5), np.ones(5))
    with pytest.raises(ValueError, match="the optimizer's means has the length 5, but there are 6 values"):
        optimizer.update(np.ones(6), np.ones(6))


def test_lr_may_be_set_between_steps():
    optimizer, values = optim.SGD(1.0), np.zeros(1)
    optimizer.update(values, np.ones(1))
    optimizer.lr = 0
    optimizer.update(values, np.ones(1))
    optimizer.lr = 0.25
    optimizer.update(values, np.ones(1))
    assert values[0] == -1.25


def test_clipping_scales_to_the_norm():
    gradients = np.array([3.0, 0.0, -4.0])
    assert optim.clip_gradients(gradients, 10) == 5
    np.testing.assert_array_equal(gradients, [3, 0, -4])
    assert optim.clip_gradients(gradients, 2.5) == 5
    np.testing.assert_allclose(gradients, [1.5, 0, -2], rtol=1e-15)


def test_clipping_neither_overflows_nor_hides_infinity():
    huge = np.full(200_000, 1e30, np.float32)
    assert optim.clip_gradients(huge, 1.0) == pytest.approx(1e30 * sqrt(200_000), rel=1e-6)
    assert np.linalg.norm(huge.astype(np.float64)) == pytest.approx(1, rel=1e-6)
    broken = np.array([np.inf, 1.0])
    assert optim.clip_gradients(broken, 1.0) == np.inf
    np.testing.assert_array_equal(broken, [np.inf, 1])
    assert np.isnan(optim.clip_gradients(np.array([np.nan, 1.0]), 1.0))


def averaged_network():
    return Sequential([BatchNorm2d(), Flatten(), Affine(2)], input_shape=(1, 1, 1), seed=0, dtype=np.float64)


def fill(network, value):
    for windows in (network.parameters, network.statistics):
        for window in windows.values():
            window.storage[...] = value


def check_average(average, value):
    for array in average.network.state_arrays().values():
        np.testing.assert_allclose(array, value, rtol=1e-15)


def test_average_by_hand(backend):
    network = averaged_network()
    fill(network, 1)
    average = optim.ExponentialMovingAverage(network, 0.15)
    fill(network, 2)
    average.update()  # keeps 1/10
    check_average(average, 0.1 * 1 + 0.9 * 2)
    fill(network, 4)
    average.update()  # 2/11 would be kept, but decay allows 0.15
    check_average(average, 0.15 * 1.9 + 0.85 * 4)


def test_average_continues_from_its_state(rng):
    network = averaged_network()
    average = optim.ExponentialMovingAverage(network, 0.9)
    fill(network, 3)
    average.update()
    again = optim.ExponentialMovingAverage(network, 0.9)
    again.load_state_arrays(average.state_arrays())
    for one in (average, again):
        one.update()
    for array, expected in zip(again.state_arrays().values(), average.state_arrays().values(), strict=True):
        np.testing.assert_array_equal(array, expected)
    assert again.updates == 2
    with pytest.raises(ValueError, match="updates must be one int64"):
        again.load_state_arrays({})
