"""A plan's kernels as CUDA graphs: on a GPU, or under the simulator with a driver that keeps what is launched."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastcnn.network.sequential import Sequential
from fastcnn.optim import Adam
from fastcnn.training.trainer import Trainer
from tests.kernels.cases import SIMULATED
from tests.kernels.cuda.test_layers import own
from tests.kernels.cuda.test_training import batches, everything, paper_like

pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("on_cuda")]
simulated = pytest.mark.skipif(not SIMULATED, reason="needs Numba's CUDA simulator: NUMBA_ENABLE_CUDASIM=1")


class Driver:
    """What `cuda.bindings.driver` does with graphs. A graph holds launches with the numbers they were recorded with."""

    CUstream = staticmethod(int)
    CUstream_flags = SimpleNamespace(CU_STREAM_NON_BLOCKING=1)
    CUstreamCaptureMode = SimpleNamespace(CU_STREAM_CAPTURE_MODE_RELAXED=2)
    status = 0

    def __init__(self) -> None:
        self.capturing: list[Callable[[], None]] | None = None
        self.started: list[tuple[int, int]] = []  # launches in the graph, and the stream
        self.destroyed = 0

    def cuStreamCreate(self, flags: int) -> tuple[int, int]:  # noqa: N802
        return 0, 77

    def cuStreamBeginCapture(self, stream: int, mode: int) -> tuple[int]:  # noqa: N802
        self.capturing = []
        return (0,)

    def cuStreamEndCapture(self, stream: int) -> tuple[int, Any]:  # noqa: N802
        graph, self.capturing = self.capturing, None
        return self.status, graph

    def cuGraphInstantiate(self, graph: Any, flags: int) -> tuple[int, Any]:  # noqa: N802
        return 0, graph

    def cuGraphLaunch(self, graph: Any, stream: int) -> tuple[int]:  # noqa: N802
        self.started.append((len(graph), stream))
        for launch in graph:
            launch()
        return (0,)

    def cuGraphExecDestroy(self, graph: Any) -> tuple[int]:  # noqa: N802
        self.destroyed += 1
        return (0,)

    def cuGraphDestroy(self, graph: Any) -> tuple[int]:  # noqa: N802
        return (0,)

    cuStreamDestroy = cuGraphDestroy  # noqa: N815


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The real one on a GPU."""
    from fastcnn.kernels.cuda.toolchain import compiler, graphs

    if not SIMULATED:
        return graphs.driver
    fake, launch = Driver(), compiler.Kernel.__call__

    def call(self: Any, *args: Any) -> None:
        if fake.capturing is None:
            launch(self, *args)
        else:
            fake.capturing.append(lambda: launch(self, *args))

    monkeypatch.setattr(compiler.Kernel, "__call__", call)
    monkeypatch.setattr(compiler.cuda, "external_stream", int, raising=False)
    monkeypatch.setattr(graphs, "driver", fake)
    return fake


def trained(network: Sequential, rng: np.random.Generator) -> tuple[list[float], np.ndarray, np.ndarray]:
    """Losses, values and logits of seven steps, of two sizes in turn."""
    data = [(images, labels % network.output_shape[0]) for images, labels in batches(rng, network.input_shape, 2)]
    trainer = Trainer(network, Adam(0.01), clip_norm=1.0)
    losses = [trainer.step(*data[number % 2]) for number in range(7)]
    logits = [network.forward(data[0][0]) for _ in range(3)]
    np.testing.assert_array_equal(logits[0], logits[2])
    return losses, network.values.copy(), logits[2]


@pytest.mark.parametrize("network", [paper_like, everything, own])
def test_trainings_by_graphs_give_the_same_bits(network, driver, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """With dropout, whose number is new in each step, and with layers that run on the host, between two graphs."""
    from fastcnn.kernels.cuda.toolchain import graphs

    assert driver is not None, "this compiler comes without the functions that graphs need"
    by_graphs = trained(network(), np.random.default_rng(1))
    if SIMULATED:
        assert driver.started
    monkeypatch.setattr(graphs, "driver", None)
    by_launches = trained(network(), np.random.default_rng(1))
    assert by_graphs[0] == by_launches[0]
    for ours, theirs in zip(by_graphs[1:], by_launches[1:], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def doubling() -> tuple[Any, list[Any]]:
    """An array of ones on the GPU, and two calls that double it."""
    from fastcnn.kernels.cuda.steps.clip import scale
    from fastcnn.kernels.cuda.toolchain.memory import upload

    array, factor = upload(np.ones(5)), upload(np.array([0.0, 2.0]))
    return array, [(scale, ((1,), (8,), array, factor, 5))] * 2


@simulated
def test_it_is_launched_then_recorded_then_started_in_the_stream_at_hand(driver: Driver) -> None:
    from fastcnn.kernels.cuda.toolchain.compiler import launching_in
    from fastcnn.kernels.cuda.toolchain.graphs import graphs

    array, calls = doubling()
    ((graph, nothing),) = graphs(calls)
    assert nothing == ()
    seen = []
    for stream in (0, 0, SimpleNamespace(handle=5)):
        with launching_in(stream):
            graph()
        seen.append((array.copy_to_host()[0], list(driver.started)))
    assert seen == [(4, []), (16, [(2, 0)]), (64, [(2, 0), (2, 5)])]
    del graph
    assert driver.destroyed == 1


@simulated
def test_what_is_no_kernel_stays_between_graphs(driver: Driver) -> None:
    from fastcnn.kernels.cuda.toolchain.graphs import Graph, graphs

    _, (first, second) = doubling()
    other = (print, ())
    found = graphs([other, first, second, other, first, other, other, second, first])
    kinds = [type(kernel) is Graph for kernel, _ in found]
    assert kinds == [False, True, False, False, False, False, True]
    assert found[3] is first


@simulated
def test_without_the_drivers_functions_every_call_is_launched(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastcnn.kernels.cuda.toolchain import graphs

    monkeypatch.setattr(graphs, "driver", None)
    _, calls = doubling()
    assert graphs.graphs(calls) is calls


@simulated
def test_a_recording_that_fails_is_told_in_a_sentence(driver: Driver) -> None:
    from fastcnn.kernels.cuda.toolchain.graphs import graphs

    driver.status = 901
    ((graph, _),) = graphs(doubling()[1])
    graph()
    with pytest.raises(RuntimeError, match=r"^the GPU's driver reports: 901; `nvidia-smi` shows its state$"):
        graph()
