"""`bench --backend cuda` where no GPU is: our half, in the simulator."""

from __future__ import annotations

import os

import pytest

from fastcnn import kernels
from fastcnn.bench.cuda import device
from fastcnn.bench.harness.settings import Settings
from fastcnn.layers import Affine, Conv2d, Flatten, MaxPool2d, ReLU
from fastcnn.network.sequential import Sequential
from tests.kernels.checks import running

simulated = pytest.mark.skipif(
    os.environ.get("NUMBA_ENABLE_CUDASIM", "0") != "1", reason="needs Numba's CUDA simulator: NUMBA_ENABLE_CUDASIM=1"
)
NAMES = ["train, without transfers", "train, with transfers", "infer, with transfers"]


class Event:
    """Two microseconds between any two."""

    def record(self) -> None: ...

    def synchronize(self) -> None: ...

    def elapsed_time(self, last: Event) -> float:
        assert isinstance(last, Event)
        return 2e-3


def small_network(*, seed: int) -> Sequential:
    """Of pictures as large as MNIST's: the simulator would take minutes for the paper's."""
    layers = [MaxPool2d(7), Conv2d(2, 3), ReLU(), Flatten(), Affine(10)]
    return Sequential(layers, seed=seed)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastcnn.kernels.cuda.toolchain import compiler

    monkeypatch.setattr(device, "paper_network", small_network)
    monkeypatch.setattr(device, "BATCHES", (2,))
    monkeypatch.setattr(device, "WARM", 1)
    monkeypatch.setattr(compiler.cuda, "event", Event)


@simulated
@pytest.mark.usefixtures("small")
def test_our_half_runs_and_is_checked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.kernels.cuda import simulator

    simulator.install()
    monkeypatch.setattr(device, "_theirs", lambda images, labels: None)
    monkeypatch.setattr(device, "QUEUED", 2)
    with running("cuda"):
        result = device.run(Settings(quick=True))
    (row,) = result["rows"]
    others = [f"cpu, {name}" for name in NAMES[1:]] + ["ours, first call"]
    assert list(row) == ["batch", *others, *(f"ours, {name}" for name in NAMES)]
    assert [row[f"ours, {name}"]["device_s"] for name in NAMES] == [1e-6, 2e-6, 2e-6]  # two are queued, or one
    assert all(row[f"ours, {name}"]["wall_s"] > 0 for name in NAMES)
    assert result["gpu"]["compiler"].startswith("numba")
    table = device.tabulate(result)
    assert table.count("\n") == 2 + len(NAMES) + 2
    assert len(capsys.readouterr().out.splitlines()) == 3


@simulated
@pytest.mark.usefixtures("small")
def test_wrong_loss_has_no_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = device.Side({name: lambda: 9.0 for name in NAMES}, Event, lambda first, last: 1.0, lambda: None)
    monkeypatch.setattr(device, "_ours", lambda images, labels: wrong)
    with running("cuda"), pytest.raises(RuntimeError, match=r"^the loss of ours on the GPU is 9.0, on the CPU "):
        device.run(Settings(quick=True))


def test_time_is_the_median_and_warm_calls_do_not_count() -> None:
    seen: list[str] = []
    times = iter([5.0, 1.0, 9.0])
    side = device.Side(
        {"call": lambda: seen.append("call")}, Event, lambda first, last: next(times), lambda: seen.append("idle")
    )
    assert side.time("call", 3)["device_s"] == 5.0
    assert seen == ["idle", "call"] * (device.WARM + 3)


def test_without_a_gpu_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def use(name: str) -> None:
        raise RuntimeError(f"backend {name!r} is not available")

    monkeypatch.setattr(kernels, "use", use)
    with pytest.raises(RuntimeError, match=r"^backend 'cuda' is not available$"):
        device.run(Settings())
