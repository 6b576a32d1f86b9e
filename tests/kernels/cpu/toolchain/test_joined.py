"""A plan's calls, joined into one native function after some runs, do what they did before."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from fastcnn import Sequential, Trainer
from fastcnn.kernels.cpu.products.calls import compiled
from fastcnn.kernels.cpu.toolchain import joined
from fastcnn.kernels.cpu.toolchain.jit import inner
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Flatten, MaxPool2d, ReLU
from fastcnn.optim import Adam
from tests.kernels.cases import COMPILED

TIMES = joined.RUNS + 3


class Inside(NamedTuple):
    data: Any
    at: int


class Outside(NamedTuple):
    inside: Inside
    pair: tuple[int, float]
    nothing: None


@inner
def note(out, matrix, numbers, flag, nothing, key, scale):
    """Write what each argument holds."""
    out[0] += 1
    out[1:7] = matrix.copy().ravel()
    out[7], out[8], out[9] = numbers.inside.data[1], numbers.inside.at, numbers.pair[0]
    out[10], out[11], out[12] = numbers.pair[1], 1 if flag else 0, 1 if nothing is None else 0
    out[13], out[14] = key, scale


@inner
def refuse(out):
    out[0] += 1
    if out[0] > joined.RUNS:
        raise ValueError


def test_every_kind_of_argument_arrives():
    out = np.zeros(15)
    numbers = Outside(Inside(np.array([3.0, -4.5]), -7), (5, np.inf), None)
    matrix = np.arange(12.0).reshape(2, 6)[:, ::2]  # neither contiguous nor of one dimension
    args = (out, matrix, numbers, True, None, np.uint64(9), np.float32(0.1))
    calls = compiled([(note, args), (note, args)])
    for run in range(TIMES):
        out[1:] = 0
        for kernel, own in calls:
            kernel(*own)
        assert out[0] == 2 * (run + 1)
        rest = [0, 2, 4, 6, 8, 10, -4.5, -7, 5, np.inf, 1, 1, 9, np.float32(0.1)]
        np.testing.assert_array_equal(out[1:], rest)


def test_only_neighbours_are_joined():
    out = np.zeros(2)
    note_calls = [(inner(lambda x: None), (out,))] * 2
    calls = compiled([*note_calls, (np.copyto, (out, 1)), *note_calls])
    assert len(calls) == (3 if COMPILED else 5)


def test_an_error_inside_is_an_error():
    ((kernel, args),) = compiled([(refuse, (np.zeros(1),))])
    for _ in range(joined.RUNS):
        kernel(*args)
    with pytest.raises(RuntimeError if COMPILED else ValueError):  # whose text has no place in machine code
        kernel(*args)


def _network():
    layers = [
        Conv2d(5, 3, padding=1), BatchNorm2d(), ReLU(), MaxPool2d(2), Conv2d(7, 3), ReLU(), Flatten(),
        Affine(6), ReLU(), Affine(3),
    ]  # fmt: skip
    return Sequential(layers, input_shape=(2, 10, 9), seed=3)


def test_trainings_and_predictions_have_the_same_bits(monkeypatch, rng):
    x, labels = rng.random((4, 2, 10, 9), dtype=np.float32), np.array([0, 1, 2, 1])
    answers = []
    for runs in (joined.RUNS, 10**9):
        monkeypatch.setattr(joined, "RUNS", runs)
        network = _network()
        trainer = Trainer(network, Adam(0.01))
        losses = [float(trainer.step(x, labels)) for _ in range(TIMES)]
        logits = [network.forward(x).tobytes() for _ in range(TIMES)]
        assert len(set(logits)) == 1
        answers.append((losses, logits[0], network.values.tobytes()))
    assert answers[0] == answers[1]
