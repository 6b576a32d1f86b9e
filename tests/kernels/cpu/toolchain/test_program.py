"""Calls that run as one native function: they do what the kernels do when Python calls them one after the other."""

import gc
from typing import NamedTuple

import numpy as np
import pytest
from numba import types

from fastcnn.kernels.cpu.products.calls import compiled
from fastcnn.kernels.cpu.toolchain.jit import inner
from fastcnn.kernels.cpu.toolchain.program import _words
from fastcnn.network import plan
from fastcnn.network.calibration import calibrated
from fastcnn.network.committee import Committee
from fastcnn.zoo.networks import paper_network
from tests.kernels.cases import COMPILED


class Sizes(NamedTuple):
    first: int
    last: int
    step: int


class Mixed(NamedTuple):
    data: np.ndarray
    count: int


@inner
def write(out, x, sizes, mixed, floor, factor, negates, bits, nothing):
    """Each kind of argument that a kernel of a plan has, in one sum."""
    for i in range(sizes.first, sizes.last, sizes.step):
        value = x[i, 1] * factor[0] + mixed.data[i % mixed.count]
        if bits >> np.uint64(63) == 1 and nothing is None:
            value += 0.5
        out[i] = max(floor, -value if negates else value)


@inner
def add_one(out):
    out += 1


@inner
def fail(out):
    out[0] = 7
    raise MemoryError


def arguments(dtype, negates):
    x = np.arange(36, dtype=dtype).reshape(6, 6)[:, ::2]  # with gaps
    return (
        np.zeros(6, dtype), x, Sizes(1, 6, 2), Mixed(np.array([10.0, 20.0], dtype), 2), -np.inf, np.array([3], dtype),
        negates, np.uint64(1 << 63), None,
    )  # fmt: skip


def run(calls):
    for kernel, args in calls:
        kernel(*args)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("negates", [True, False])
def test_arguments_of_all_kinds_arrive(dtype, negates):
    out, *args = arguments(dtype, negates)
    run(compiled([(write, (out, *args))], joined=True))
    want = [3 * (6 * i + 2) + 20.5 for i in (1, 3, 5)]
    np.testing.assert_array_equal(out[1::2], np.negative(want) if negates else want)
    np.testing.assert_array_equal(out[::2], 0)


def test_they_run_in_order_and_again():
    out, args = np.zeros(6, np.float32), arguments(np.float32, True)[1:]
    plus, minus = (add_one, (out,)), (np.negative, (out, out))
    joined = compiled([plus, plus, minus, plus, (write, (out, *args))], joined=True)
    assert len(joined) == (3 if COMPILED else 5)  # NumPy's function is none of Numba's
    run(joined)
    np.testing.assert_array_equal(out[::2], -1)
    run(joined)
    np.testing.assert_array_equal(out[::2], 0)
    np.testing.assert_array_equal(out[1::2], [-(3 * (6 * i + 2) + 20.5) for i in (1, 3, 5)])


def test_a_kernel_that_fails_ends_the_run():
    out = np.zeros(3)
    joined = compiled([(add_one, (out,)), (fail, (out,)), (add_one, (out,))], joined=True)
    with pytest.raises(MemoryError):
        run(joined)
    np.testing.assert_array_equal(out, [7, 1, 1])


def test_the_arguments_live_as_long_as_the_calls():
    results = np.zeros(1)

    @inner(key="sum of a large array")
    def total(out, x):
        out[0] = x.sum()

    joined = compiled([(total, (results, np.ones(1 << 20)))], joined=True)
    gc.collect()
    others = [np.full(1 << 20, np.nan) for _ in range(4)]
    run(joined)
    assert results[0] == 1 << 20
    assert len(others) == 4


def test_other_arguments_are_refused():
    with pytest.raises(TypeError, match=r"^a kernel takes no unicode_type$"):
        list(_words(types.unicode_type, "text"))


def test_one_picture_is_one_call_with_the_answers_of_a_batch(one_thread, monkeypatch):
    monkeypatch.setattr(plan, "JOIN_AFTER", 3)  # the first two pictures are answered by a call for each kernel
    network = paper_network(seed=0)
    images = np.random.default_rng(0).random((3, 1, 28, 28), dtype=np.float32)
    for image, answers in zip(images, network.forward(images), strict=True):
        np.testing.assert_array_equal(network.forward(image[np.newaxis])[0], answers)
    other = network._plans[False]._calls_for(2)
    assert len(other.forward) == 3
    ready = network._plans[False]._calls_for(1)
    assert len(ready.forward) == (1 if COMPILED else 3)


def test_a_network_that_was_prepared_answers_by_one_call_at_once(one_thread):
    network = paper_network(seed=0)
    network.views = 5
    picture = np.random.default_rng(0).random((1, 1, 28, 28), dtype=np.float32)
    answers = calibrated(network, picture)
    network.prepare(1)
    assert len(network._plans[False]._calls_for(5).forward) == (1 if COMPILED else 3)
    np.testing.assert_array_equal(calibrated(network, picture), answers)
    joined = network._plans[False]._calls[5, 1]
    network.prepare(1)
    assert network._plans[False]._calls[5, 1] is joined  # it is not made again


def test_each_member_of_a_committee_is_prepared(one_thread):
    committee = Committee([paper_network(seed=seed) for seed in range(2)])
    committee.prepare(2)
    assert [len(each._plans[False]._calls_for(2).forward) for each in committee.members] == [1 if COMPILED else 3] * 2


@pytest.mark.parametrize("count", [0, -1, 1.5, "1"])
def test_only_a_number_of_pictures_can_be_prepared(count):
    with pytest.raises((TypeError, ValueError), match=r"^count must "):
        paper_network(seed=0).prepare(count)
