"""Gradients between steps share arrays: as many as are needed at once, and with the same bits as separate ones."""

from collections.abc import Callable

import numpy as np
import pytest

from fastcnn.kernels.cpu.steps.base import Memory
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Flatten, GlobalAvgPool, Layer, MaxPool2d, ReLU
from fastcnn.network.plan import Plan
from fastcnn.network.sequential import Sequential
from tests.fastcnn.network import branched, test_plan
from tests.fastcnn.network.branched import block
from tests.kernels.checks import running

NETWORKS = test_plan.NETWORKS | branched.NETWORKS
# Convolutions with one frame: the max-pool after the last one leaves a row and a column of an odd picture out.
NETWORKS["alike, the last one pooled"] = (
    (2, 9, 7),
    lambda: [
        *[layer for _ in range(3) for layer in (Conv2d(4, 3, padding=1), ReLU())],
        *[MaxPool2d(2), Flatten(), Affine(6)],
    ],
)


# In bfloat16, other steps take and give back arrays of other types; compiling them is slow.
PRECISIONS = ["float32", pytest.param("bfloat16-plain", marks=pytest.mark.slow)]


def network(name: str, precision: str) -> Sequential:
    shape, layers = NETWORKS[name]
    return Sequential(layers(), input_shape=shape, seed=4, precision=precision)


def gradients(net: Sequential) -> np.ndarray:
    rng = np.random.default_rng(7)
    images = rng.random((9, *net.input_shape), np.float32)
    net.loss_and_gradients(images, rng.integers(0, 6, 9), step=3)
    return net.gradients.copy()


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", NETWORKS)
def test_bits_are_those_of_separate_arrays(name: str, precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with running("cpu"):
        shared, separate = network(name, precision), network(name, precision)
        values = shared.values.copy()
        shared.values[:] = np.nan
        assert np.isnan(gradients(shared)).any()  # the next batch finds NaN in the arrays
        shared.values[:] = values
        got = gradients(shared)
        monkeypatch.setattr(Memory, "give_back", lambda *_: None)
        want = gradients(separate)
    assert np.isfinite(want).all()
    assert got.tobytes() == want.tobytes()


def plan(layers: Callable[[], list[Layer]], count: int) -> Plan:
    """The plan for trainings of a network that has these layers so many times."""
    repeated = [each for _ in range(count) for each in layers()]
    with running("cpu"):
        net = Sequential(
            [Conv2d(8, 3, padding=1), *repeated, GlobalAvgPool(), Affine(6)], input_shape=(3, 16, 12), seed=0
        )
        found = net._plan_for(8, training=True)
    assert found is not None
    return found


def normalized() -> list[Layer]:
    return [Conv2d(8, 3, padding=1, bias=False), BatchNorm2d(), ReLU()]


def gradient_bytes(made: Plan) -> int:
    """Of the gradients between its steps."""
    arrays = [each for step, _, _ in made._nodes for each in (step.out.grad, getattr(step, "grad_out", None))]
    return sum({each.ctypes.data: each.nbytes for each in arrays if each is not None}.values())


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [Conv2d(8, 3, padding=1), ReLU()],
        normalized,
        lambda: block(8),
    ],
    ids=["convolution", "with batch norm", "residual"],
)
def test_a_deeper_network_needs_no_more_memory_for_gradients(layers: Callable[[], list[Layer]]) -> None:
    assert gradient_bytes(plan(layers, 3)) == gradient_bytes(plan(layers, 9))


def test_the_total_of_a_plan_counts_a_shared_array_once() -> None:
    def total(made: Plan) -> float:
        return float(made.table()[-1][3].replace(",", ""))

    short, long = plan(normalized, 3), plan(normalized, 9)
    # The outputs of six convolutions and of six batch norms, which have a border: 8 pictures of 8 float32 channels.
    outputs = 6 * 8 * 8 * 4 * (16 * 12 + 18 * 14) / 1e3
    own = sum(sum(step.arrays.values()) for step, _, _ in long._nodes) / 1e3
    assert outputs <= total(long) - total(short) < 1.5 * outputs
    assert own > 1.5 * total(long)
