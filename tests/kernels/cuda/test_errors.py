"""What an owner of a GPU, or of none, is told: one sentence that says what to do, whatever the driver raises."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from fastcnn.kernels.cuda.toolchain import compiler, memory

FULL = r"^the GPU's memory is full; a smaller batch, or closing what else uses it, may help$"
OLD = r"^the GPU's driver is older than the CUDA toolkit; update the driver$"

# As Numba's and numba-cuda-mlir's drivers, which no machine without a GPU can be made to raise, spell them.
RAISED = [
    ("CudaAPIError", "[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY", FULL),
    ("CudaAPIError", "[CUresult.CUDA_ERROR_OUT_OF_MEMORY] Call to cuMemAlloc results in out of memory", FULL),
    (
        "CUDAError",
        "CUDA_ERROR_OUT_OF_MEMORY: The API call failed because it was unable to allocate enough memory",
        FULL,
    ),
    ("LinkerError", "[222] Call to cuLinkAddData results in CUDA_ERROR_UNSUPPORTED_PTX_VERSION", OLD),
    ("CudaAPIError", "the provided PTX was compiled with an unsupported toolchain.", OLD),
    (
        "CudaAPIError",
        "[700] Call to cuMemcpyDtoH results in\n CUDA_ERROR_ILLEGAL_ADDRESS",
        r"^the GPU's driver reports: \[700\] Call to cuMemcpyDtoH results in CUDA_ERROR_ILLEGAL_ADDRESS; "
        r"`nvidia-smi` shows its state$",
    ),
]


@pytest.mark.parametrize(("kind", "text", "sentence"), RAISED)
def test_what_the_driver_raises_becomes_a_sentence(kind: str, text: str, sentence: str) -> None:
    with pytest.raises(RuntimeError, match=sentence) as caught, compiler.told():
        raise type(kind, (Exception,), {})(text)
    assert "\n" not in str(caught.value)


def test_our_own_mistakes_are_not_the_drivers() -> None:
    with pytest.raises(TypeError, match=r"^ours$"), compiler.told():
        raise TypeError("ours")


@pytest.mark.parametrize(
    "use",
    [
        lambda: memory.upload(np.ones(3, np.float32)),
        lambda: memory.empty(3, np.float32),
        lambda: memory.fill(Broken(), np.ones(3, np.float32)),
        lambda: memory.download(Broken(), (3,)),
    ],
)
def test_every_use_of_memory_is_told(use, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    broken = SimpleNamespace(to_device=Broken.copy_to_device, device_array=Broken.copy_to_device)
    monkeypatch.setattr(memory, "cuda", broken)
    with pytest.raises(RuntimeError, match=FULL):
        use()


class Broken:
    """An array on a GPU whose memory is full."""

    dtype = np.dtype(np.float32)

    def __getitem__(self, index: object) -> Broken:
        return self

    @staticmethod
    def copy_to_device(*args: object, **kwargs: object) -> None:
        raise type("CudaAPIError", (Exception,), {})("[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY")

    copy_to_host = copy_to_device


def device(capability: tuple[int, int]) -> SimpleNamespace:
    return SimpleNamespace(
        is_available=lambda: True,
        gpus=[0],
        get_current_device=lambda: SimpleNamespace(compute_capability=capability),
    )


def no_driver() -> bool:
    raise RuntimeError("CUDA driver version is insufficient\n for CUDA runtime version")


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (SimpleNamespace(is_available=lambda: False), "no NVIDIA GPU with a working driver was found"),
        (SimpleNamespace(is_available=lambda: True, gpus=[]), "no NVIDIA GPU with a working driver was found"),
        (device((7, 0)), "the GPU is older than compute capability 7.5"),
        (
            SimpleNamespace(is_available=no_driver),
            "the CUDA driver does not work (CUDA driver version is insufficient for CUDA runtime version)",
        ),
    ],
)
def test_missing_device_is_told(found: SimpleNamespace, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "SIMULATED", False)
    monkeypatch.setattr(compiler, "cuda", found)
    with pytest.raises(ImportError) as caught:
        compiler.require_device()
    assert str(caught.value) == reason


def test_device_of_the_oldest_capability_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "SIMULATED", False)
    monkeypatch.setattr(compiler, "cuda", device((7, 5)))
    compiler.require_device()


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--epochs", "1"],
        *(pytest.param(each, marks=pytest.mark.slow) for each in (["evaluate"], ["bench", "--backend", "cuda"])),
    ],
)
def test_command_line_without_a_device_says_one_sentence_and_ends_with_1(arguments: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_ENABLE_CUDASIM"}
    environment |= {"CUDA_VISIBLE_DEVICES": "", "FASTCNN_BACKEND": "cuda"}
    done = subprocess.run(
        [sys.executable, "-m", "fastcnn", *arguments], env=environment, capture_output=True, text=True, timeout=120
    )
    (line,) = done.stderr.strip().splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert line.startswith("fastcnn: backend 'cuda' is not available: ")
    assert line.endswith("; kernels.use('cpu') works on this machine")
