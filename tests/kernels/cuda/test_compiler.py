"""What is asked of a compiler's package: no warning reaches users, and a launch is looked up once."""

import sys
import warnings
from types import SimpleNamespace
from typing import Any

import pytest

from fastcnn.kernels.cuda.toolchain import compiler

CONFIGS = ("numba_cuda_mlir.numba_cuda.core.config", "numba.cuda.core.config", "numba.core.config")


@pytest.mark.parametrize("package", ["numba_cuda_mlir", "numba_cuda"])
def test_no_compiler_warns_at_its_import_or_of_small_grids(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """numba-cuda-mlir 0.6 warns with NumPy 2.5 when it is imported; each warns of any grid of under 128 blocks."""
    imported: list[str] = []

    def import_module(name: str) -> str:
        warnings.warn("NumPy deprecates it", DeprecationWarning, stacklevel=2)
        imported.append(name)
        return "cuda"

    configs = [SimpleNamespace(CUDA_LOW_OCCUPANCY_WARNINGS=1) for _ in CONFIGS]
    for name, config in zip(CONFIGS, configs, strict=True):
        monkeypatch.setitem(sys.modules, name, config)
    monkeypatch.setattr(compiler, "SIMULATED", False)
    monkeypatch.setattr(
        compiler,
        "importlib",
        SimpleNamespace(
            import_module=import_module, util=SimpleNamespace(find_spec=lambda name: True if name == package else None)
        ),
    )
    assert compiler._import() == "cuda"
    assert imported == ["numba_cuda_mlir.cuda" if package == "numba_cuda_mlir" else "numba.cuda"]
    assert [config.CUDA_LOW_OCCUPANCY_WARNINGS for config in configs] == [0, 0, 0]


def test_a_launch_is_looked_up_once_for_each_grid_and_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    class Compiled:
        def __getitem__(self, where: tuple[Any, ...]) -> Any:
            looked_up.append(where)
            return lambda *args: launched.append((*where, *args))

    looked_up: list[tuple[Any, ...]] = []
    launched: list[tuple[Any, ...]] = []
    kernel = compiler.Kernel(lambda out: None, "F")
    monkeypatch.setattr(kernel, "compiled", Compiled())
    for grid in (1, 2, 1):
        kernel._at((grid,), (8,))(3)
    with compiler.launching_in("a stream"), compiler.launching_in("another"):
        kernel._at((1,), (8,))(3)
    kernel._at((1,), (8,))(4)
    assert looked_up == [((1,), (8,), 0), ((2,), (8,), 0), ((1,), (8,), "another")]
    assert launched[-2:] == [((1,), (8,), "another", 3), ((1,), (8,), 0, 4)]
    for grid in range(200):
        kernel._at((grid,), (8,))
    assert len(kernel._ready) <= 64


def test_the_simulator_launches_each_grid_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba's simulator has one object for all grids, which keeps the grid that was asked for last."""

    class Compiled:
        def __getitem__(self, where: tuple[Any, ...]) -> Any:
            self.where = where
            return self

        def __call__(self, arg: int) -> None:
            launched.append((self.where[0], arg))

    launched: list[tuple[Any, int]] = []
    kernel = compiler.Kernel(lambda out: None, "F")
    monkeypatch.setattr(kernel, "compiled", Compiled())
    monkeypatch.setattr(compiler, "SIMULATED", True)
    for number, grid in enumerate((1, 2, 1)):
        kernel._at((grid,), (8,))(number)
    assert launched == [((1,), 0), ((2,), 1), ((1,), 2)]
