"""Choosing a backend: by name, by environment, and never silently another; all of them share names and signatures."""

import importlib
import inspect
import os
import re
import subprocess
import sys
from types import FunctionType, ModuleType, SimpleNamespace
from typing import get_type_hints

import pytest

from fastcnn import kernels
from fastcnn.kernels import backends, protocols, reference
from fastcnn.kernels.cuda.toolchain import compiler
from tests.kernels.cases import BACKENDS

FUNCTIONS = [name for name in kernels.__all__ if name not in ("active", "available", "backend", "use")]


@pytest.fixture
def undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has not used a kernel yet."""
    monkeypatch.setattr(backends, "_chosen", None)
    monkeypatch.delenv("FASTCNN_BACKEND", raising=False)


def parameters(function: object) -> list[tuple[str, object, object]]:
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]  # type: ignore[arg-type]


def output_of(program: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    inherited = {name: value for name, value in os.environ.items() if name != "FASTCNN_BACKEND"}
    return subprocess.run(
        [sys.executable, "-c", program], env={**inherited, **environment}, text=True, capture_output=True, check=True
    ).stdout.strip()


def without(monkeypatch: pytest.MonkeyPatch, missing: str, error: Exception) -> None:
    """Let the import of one backend fail."""
    import_module = importlib.import_module

    def fail_or_import(name: str) -> ModuleType:
        if name == f"fastcnn.kernels.{missing}":
            raise error
        return import_module(name)

    monkeypatch.setattr(backends, "importlib", SimpleNamespace(import_module=fail_or_import, util=importlib.util))


def promised(protocol: type) -> dict[str, object]:
    """The members of a protocol that have a definition, those of the protocols before it too."""
    kinds = reversed(protocol.__mro__)
    return {name: member for kind in kinds for name, member in vars(kind).items() if not name.startswith("_")}


def differences(offered: object, protocol: type, where: str) -> list[str]:
    """Where a backend's module, or a class of one, differs from its protocol: names, parameters and their defaults."""
    members, found = promised(protocol), []
    if isinstance(offered, ModuleType):
        found += [f"{where}: {name} is in one alone" for name in members.keys() ^ set(offered.__all__)]
    for name, member in members.items():
        here = f"{where}.{name}"
        if not hasattr(offered, name):
            found.append(f"{here} is missing")
            continue
        own = getattr(offered, name)
        if not isinstance(member, FunctionType):  # a property: of a module, its attribute; None where it has none
            inner = INNER.get((protocol, name))
            found += differences(own, inner, here) if inner is not None and own is not None else []
            continue
        # A function of a module, or a class that is called like one, has no self; a method of a class has.
        expected = parameters(member)[0 if isinstance(offered, type) else 1 :]
        found += [f"{here}: {parameters(own)}, not {expected}"] if parameters(own) != expected else []
        made = get_type_hints(member).get("return")
        if isinstance(own, type) and getattr(made, "_is_protocol", False):
            found += differences(own, made, here)  # type: ignore[arg-type]
    return found


INNER: dict[tuple[type, str], type] = {
    (protocols.Backend, "steps"): protocols.Steps,
    (protocols.Steps, "device"): protocols.Device,
}


def module_of(name: str) -> ModuleType:
    """The CUDA one can be imported where there is no GPU."""
    return importlib.import_module(f"fastcnn.kernels.{name}")


@pytest.mark.parametrize("name", backends.NAMES)
def test_backends_offer_what_the_protocols_say_and_nothing_else(name: str) -> None:
    """With all steps, what they do, and the memory of a device."""
    assert differences(module_of(name), protocols.Backend, name) == []


def test_what_a_backend_has_of_steps_and_of_a_device() -> None:
    """Else the test above would compare nothing there."""
    steps = {name: module_of(name).steps for name in backends.NAMES}
    assert steps["reference"] is None
    assert (steps["cpu"].device, type(steps["cuda"].device)) == (None, ModuleType)


def longer(self: object, n: int, extra: int = 0) -> None:
    """Not what a protocol says."""


@pytest.mark.parametrize(
    ("owner", "name", "planted", "said"),
    [
        (lambda cuda: cuda, "update", longer, r"^cuda\.update: "),
        (lambda cuda: cuda, "__all__", ["update"], r"^cuda: conv2d is in one alone$"),
        (lambda cuda: cuda.steps, "read", longer, r"^cuda\.steps\.read: "),
        (lambda cuda: cuda.steps, "__all__", ["more"], r"^cuda\.steps: more is in one alone$"),
        (lambda cuda: cuda.steps.Relu, "backward_calls", longer, r"^cuda\.steps\.Relu\.backward_calls: "),
        (lambda cuda: cuda.steps.Conv2d, "__init__", longer, r"^cuda\.steps\.Conv2d: "),
        (lambda cuda: cuda.steps.Loss, "loss", longer, r"^cuda\.steps\.Loss\.loss: "),
        (lambda cuda: cuda.steps.device, "upload", longer, r"^cuda\.steps\.device\.upload: "),
        (lambda cuda: cuda.steps.device.TrainingSet, "batch", longer, r"^cuda\.steps\.device\.TrainingSet\.batch: "),
    ],
)
def test_a_planted_difference_is_found(  # type: ignore[no-untyped-def]
    owner, name: str, planted: object, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuda = module_of("cuda")
    monkeypatch.setattr(owner(cuda), name, planted)
    assert any(re.search(said, difference) for difference in differences(cuda, protocols.Backend, "cuda"))


def test_a_missing_method_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = module_of("cuda")
    monkeypatch.delattr(cuda.steps.device.Residence, "clip")
    assert differences(cuda, protocols.Backend, "cuda") == ["cuda.steps.device.Residence.clip is missing"]


def test_every_public_kernel_has_a_backend_function() -> None:
    assert set(FUNCTIONS) < set(reference.__all__)
    assert all(isinstance(getattr(kernels, name), FunctionType) for name in FUNCTIONS)


@pytest.mark.usefixtures("undecided")
def test_use_decides_and_backend_tells() -> None:
    for name in BACKENDS:
        kernels.use(name)
        assert kernels.backend() == name
        assert kernels.active().__name__ == f"fastcnn.kernels.{name}"


@pytest.mark.usefixtures("undecided")
def test_cpu_is_the_default() -> None:
    assert kernels.backend() == "cpu"


@pytest.mark.usefixtures("undecided")
def test_environment_is_read_at_first_use_and_only_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTCNN_BACKEND", "reference")
    assert kernels.backend() == "reference"
    monkeypatch.setenv("FASTCNN_BACKEND", "cpu")
    assert kernels.backend() == "reference"


@pytest.mark.usefixtures("undecided")
def test_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTCNN_BACKEND", "")
    assert kernels.backend() == "cpu"


@pytest.mark.usefixtures("undecided")
@pytest.mark.parametrize("name", ["numpy", "CPU", "", None, 3])
def test_unknown_name_is_refused(name: object) -> None:
    with pytest.raises(ValueError, match=r"^backend must be one of reference, cpu, cuda, got "):
        kernels.use(name)  # type: ignore[arg-type]


@pytest.mark.usefixtures("undecided")
def test_unknown_name_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTCNN_BACKEND", "gpu")
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^FASTCNN_BACKEND must be one of reference, cpu, cuda, got 'gpu'$"):
            kernels.backend()


@pytest.mark.usefixtures("undecided")
def test_unavailable_backend_is_an_error_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    kernels.use("reference")
    without(monkeypatch, "cpu", ImportError("Numba needs NumPy 2.3 or less.\nSecond line"))
    expected = (
        r"^backend 'cpu' is not available: Numba needs NumPy 2.3 or less; "
        r"kernels.use\('reference'\) works on this machine$"
    )
    with pytest.raises(RuntimeError, match=expected):
        kernels.use("cpu")
    assert kernels.backend() == "reference"
    assert kernels.available()["cpu"] == "Numba needs NumPy 2.3 or less"


@pytest.mark.usefixtures("undecided")
def test_unavailable_default_is_an_error_at_each_use(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "cpu", OSError())
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"^backend 'cpu' is not available: OSError; "):
            kernels.active()


@pytest.mark.usefixtures("undecided")
def test_cuda_without_a_device_says_what_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "SIMULATED", False)
    monkeypatch.setattr(compiler, "cuda", SimpleNamespace(is_available=lambda: False))
    monkeypatch.setenv("FASTCNN_BACKEND", "cuda")
    expected = (
        r"^backend 'cuda' is not available: no NVIDIA GPU with a working driver was found; "
        r"kernels.use\('cpu'\) works on this machine$"
    )
    with pytest.raises(RuntimeError, match=expected):
        kernels.backend()


def test_cpu_imports_nothing_of_cuda() -> None:
    program = """if True:
        import sys
        import numpy as np
        import fastcnn.kernels as kernels
        kernels.im2col(np.ones((1, 1, 2, 2)), 1)
        print([name for name in sys.modules if "cuda" in name])"""
    assert output_of(program, FASTCNN_BACKEND="cpu") == "[]"


def test_available_names_every_backend() -> None:
    reasons = kernels.available()
    assert tuple(reasons) == backends.NAMES
    assert all(reasons[name] == "" for name in BACKENDS)


def test_reference_does_not_import_numba() -> None:
    program = """if True:
        import sys
        import numpy as np
        import fastcnn.kernels as kernels
        imported = [name for name in ("numba", "scipy", "fastcnn.kernels.reference") if name in sys.modules]
        kernels.im2col(np.ones((1, 1, 2, 2)), 1)
        print(imported, kernels.backend(), "numba" in sys.modules, "fastcnn.kernels.cpu" in sys.modules)"""
    assert output_of(program, FASTCNN_BACKEND="reference") == "[] reference False False"
