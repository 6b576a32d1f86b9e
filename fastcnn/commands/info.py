"""The command `info`: versions, processor, threads, kernel cache and backends."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastcnn import __version__
from fastcnn.commands.outputs import check_outputs, json_output, write_json

PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "Pillow", "safetensors", "PyQt5")

# The instruction sets that decide which vectors and products the kernels compile to.
FEATURES = ("avx512f", "avx512vl", "avx512bf16", "amx-tile", "amx-bf16", "avx2", "fma", "neon", "sve")


def version_of(package: str) -> str:
    """The version of a package that is installed, or that it is not."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory_bytes() -> int | None:
    """Memory of the machine, or of its container."""
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        return min(machine, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):
        return machine


def _or_reason(fact: Callable[[], object]) -> object:
    """The result of the function, or the reason why it failed: this command helps to find faults."""
    try:
        return fact()
    except (RuntimeError, ValueError) as error:
        return f"none ({error})"


def _numba_details() -> dict[str, Any]:
    """Facts that only the imported CPU backend knows."""
    import llvmlite.binding as llvm
    import numba

    from fastcnn.kernels.cpu.toolchain import bfloat16, vector
    from fastcnn.kernels.cpu.toolchain.cache import store

    present = llvm.get_host_cpu_features()
    try:
        numba.get_num_threads()  # starts the threading layer
        layer = numba.threading_layer()
    except ValueError as error:
        layer = f"none ({str(error).splitlines()[0]})"
    return {
        "cpu_name": llvm.get_host_cpu_name(),
        "cpu_features": [name for name in FEATURES if present.get(name)],
        "vector_bytes": vector.VECTOR_BYTES,
        "bfloat16": bfloat16.describe(),
        "threading_layer": layer,
        "kernel_cache_folder": str(store.folder) if store.folder else None,
        "kernel_cache": store.describe(),
    }


def collect() -> dict[str, Any]:
    """Facts about this installation and machine, ready for JSON. Starts Numba's threads if the CPU backend can run."""
    from fastcnn import kernels
    from fastcnn.kernels.threads import physical_cores, source, threads

    backends = kernels.available()
    return {
        "fastcnn": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        **{package.lower(): version_of(package) for package in PACKAGES},
        "processor": _processor(),
        "physical_cores": physical_cores(),
        "threads": _or_reason(threads),
        "threads_from": _or_reason(source),
        "memory_bytes": _memory_bytes(),
        **(_numba_details() if backends["cpu"] == "" else {}),
        "backend": _or_reason(kernels.backend),
        "backends": backends,
    }


def render(info: dict[str, Any]) -> str:
    """The facts of `collect` as lines of text."""
    rows = []
    for name, value in info.items():
        if name == "backends":
            rows += [(f"backend {each}", reason or "available") for each, reason in value.items()]
        elif name == "memory_bytes" and value is not None:
            rows.append(("memory", f"{value / 2**30:.1f} GiB"))
        elif isinstance(value, list):
            rows.append((name.replace("_", " "), ", ".join(value) or "none"))
        else:
            rows.append((name.replace("_", " "), "unknown" if value is None else str(value)))
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in rows)


def info(args: argparse.Namespace) -> None:
    """Say what a bug report needs."""
    check_outputs(json_output(args.json))
    facts = collect()
    write_json(args.json, facts)
    print(render(facts))
