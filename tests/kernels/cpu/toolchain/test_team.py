"""A team of threads: each part runs once, after the step before it, and with the answers of one thread."""

import threading

import numpy as np
import pytest

from fastcnn import Sequential, layers
from fastcnn.kernels.cpu.products import calls, cuts
from fastcnn.kernels.cpu.products.loops import dot_products, pooled_products, sum_products
from fastcnn.kernels.cpu.products.winograd import winograd_products
from fastcnn.kernels.cpu.products.winograd_rows import pooled_rows
from fastcnn.kernels.cpu.toolchain import team
from fastcnn.kernels.cpu.toolchain.jit import inner, parallel_lock
from fastcnn.kernels.threads import set_threads, threads
from fastcnn.network import plan
from fastcnn.zoo.families import resnet, vgg
from fastcnn.zoo.networks import deep_network, paper_network
from tests.kernels.cases import COMPILED

pytestmark = pytest.mark.skipif(not COMPILED, reason="the compiler is off")


@pytest.fixture(params=[2, 3, 4])
def many_threads(request):
    before = threads()
    set_threads(request.param)
    yield request.param
    set_threads(before)


@inner
def add_up(out, x, at):
    """out[at] = at + the sum of x; and how often it has run."""
    total = x.sum()
    out[at] = total + at
    out[len(out) // 2 + at] += 1


@inner
def no_memory(out):
    out[0] = 7
    raise MemoryError


def compiled(kernel, *args):
    return calls._overload(kernel, args), args


def run(made):
    """One run by the team itself."""
    its_turn(made)
    made()


def its_turn(made):
    made._trial._left, made._trial._until_s, made._trial._without_s = 0, 0.0, np.inf


def test_each_part_runs_once_and_after_the_step_before_it(many_threads):
    counts = [1, 4, 3, 11, 2]
    arrays = [np.zeros(2 * count) for count in [1, *counts]]
    steps = [
        [compiled(add_up, out, x[: len(x) // 2], np.int64(at)) for at in range(count)]
        for x, out, count in zip(arrays, arrays[1:], counts, strict=False)
    ]
    made = team.Team(steps, many_threads, [])
    for times in range(1, 301):
        for array in arrays[1:]:
            array[: len(array) // 2] = np.nan  # a part that runs before the step before it adds this up
        run(made)
        total = 0.0
        for array, count in zip(arrays[1:], counts, strict=True):
            np.testing.assert_array_equal(array[:count], total + np.arange(count))
            np.testing.assert_array_equal(array[count:], times)
            total = array[:count].sum()


def test_a_part_that_fails_is_an_error_and_nobody_waits_for_it(many_threads):
    out, x = np.zeros(3), np.zeros(2)
    steps = [[compiled(add_up, x, x[:0], np.int64(0)), compiled(no_memory, out)], [compiled(add_up, x, x, np.int64(0))]]
    made = team.Team(steps, many_threads, [])
    for _ in range(2):
        with pytest.raises(MemoryError, match="close other programs"):
            run(made)
        assert out[0] == 7


def test_where_others_compute_it_goes_on_without_a_team():
    ran, x = [], np.zeros(2)
    made = team.Team([[compiled(add_up, x, x[:0], np.int64(0))]], 2, [(ran.append, (1,))])
    its_turn(made)
    held, done = threading.Event(), threading.Event()

    def compute():
        with parallel_lock:
            held.set()
            done.wait(60)

    other = threading.Thread(target=compute)
    other.start()
    held.wait(60)
    made()
    done.set()
    other.join()
    assert ran == [1]
    assert x[1] == 0
    its_turn(made)
    made()
    assert x[1] == 1


def small(dtype="float32"):
    """Rows, strides, dilation and groups that other networks here do not have."""
    parts = [
        layers.Conv2d(6, 5, padding=2), layers.ReLU(), layers.Conv2d(17, 3, stride=2), layers.ReLU(),
        layers.Conv2d(40, (1, 3), dilation=2, padding=1), layers.MaxPool2d(2), layers.Flatten(), layers.Affine(33),
        layers.ReLU(), layers.Affine(7),
    ]  # fmt: skip
    return Sequential(parts, input_shape=(2, 29, 23), seed=3, dtype=dtype)


NETWORKS = {
    "paper": lambda: paper_network(seed=0),
    "default": lambda: deep_network(seed=0),
    "vgg": lambda: vgg((16, 32, "pool", 160), input_shape=(3, 32, 32), seed=0),
    "resnet": lambda: resnet(8, 16, input_shape=(3, 16, 16), seed=0),
    "small": small,
    "small, float64": lambda: small("float64"),
}


@pytest.mark.parametrize("pictures", [1, 2])
@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=pytest.mark.slow) if "float64" in each else each for each in NETWORKS]
)
def test_the_bits_are_those_of_one_thread(name, pictures, many_threads, monkeypatch):
    network, rng = NETWORKS[name](), np.random.default_rng(1)
    network.values[...] += 0.01 * rng.standard_normal(network.values.size)  # biases are not 0 any more
    sets = rng.random((2, pictures, *network.input_shape), np.float32)
    set_threads(1)
    want = [network.forward(images).copy() for images in sets]
    set_threads(many_threads)
    monkeypatch.setattr(plan, "JOIN_AFTER", 1)
    monkeypatch.setattr(calls, "TEAM_PRODUCTS", 1)
    monkeypatch.setattr(cuts, "LEAST_PRODUCTS", 1)
    network.forward(sets[0])
    ((made, _),) = network._plans[False]._calls_for(pictures).forward
    assert isinstance(made, team.Team)
    for images, answers in 10 * list(zip(sets, want, strict=True)):
        its_turn(made)
        made._args[0][:] = 0
        np.testing.assert_array_equal(network.forward(images), answers)
        assert made._args[0].any(), "the team has not run"


def test_a_pool_that_notes_its_winners_is_not_cut():
    network = paper_network(seed=0)
    network.loss_and_gradients(np.zeros((1, 1, 28, 28), np.float32), np.zeros(1, np.int64))
    made = [call for node in network._plans[True]._nodes for call in node.step.forward_calls(1, True)]
    (args,) = [args for kernel, args in made if kernel is pooled_products.serial]
    assert args[2] > 0
    assert cuts.cut(pooled_products.serial, args, 2) is None


def test_all_products_are_cut():
    for kernel in (sum_products, pooled_products, dot_products, winograd_products, pooled_rows):
        assert id(kernel.serial) in cuts.CUTTERS


def test_enough_pictures_are_shared_by_themselves(many_threads, monkeypatch):
    monkeypatch.setattr(plan, "JOIN_AFTER", 1)
    network = deep_network(seed=0)
    images = np.zeros((4 * many_threads, 1, 28, 28), np.float32)
    network.forward(images)
    made = network._plans[False]._calls_for(len(images)).forward
    assert not any(isinstance(kernel, team.Team) for kernel, _ in made)
