"""`python -m fastcnn.bench.cuda.kernels`: compile every CUDA kernel without a GPU, and make a table of its registers.

Each kernel, for float32 and float64, becomes PTX, and `ptxas -v` assembles it. Registers, shared memory and spills are
compared with the committed table of the installed compiler. It is an error if one of them is larger.

Numba's own compiler compiles for seven compute capabilities. It knows none above 9.0. It gives the PTX of 9.0 to the
driver of a newer GPU, so that PTX is assembled for 10.0 and 12.0 too. numba-cuda-mlir compiles for these directly; it
compiles for the oldest capability, for that of the H100, and for these two.

The toolkit comes from the wheels nvidia-cuda-nvcc (which numba-cuda-mlir installs) or nvidia-cuda-nvcc-cu12 if one is
installed, or else from CUDA_HOME or the path.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import importlib.util
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

CAPABILITIES = ((7, 5), (8, 0), (8, 6), (8, 9), (9, 0), (10, 0), (12, 0))
MLIR_CAPABILITIES = ((7, 5), (9, 0), (10, 0), (12, 0))
DTYPES = ("float32", "float64")
TABLE = Path(__file__).with_name("kernels.json")
MLIR_TABLE = Path(__file__).with_name("kernels_mlir.json")
WHEEL = "nvidia-cuda-nvcc-cu12"
PLACES = (("nvvm", "lib64"), ("nvvm", "bin"), ("lib64",), ("lib",))

Row = dict[str, int]


def mlir() -> bool:
    """Whether numba-cuda-mlir compiles, and not Numba itself."""
    return importlib.util.find_spec("numba_cuda_mlir") is not None


def toolkit() -> Path | None:
    """The folder of a CUDA toolkit with ptxas and the files for Numba's own compiler, or None if there is none."""
    spec = importlib.util.find_spec("nvidia")
    places = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    wheels = [place / ("cu13" if mlir() else "cuda_nvcc") for place in places]
    compiler = shutil.which("ptxas")
    near = [Path(compiler).resolve().parent.parent] if compiler else []
    named = [Path(os.environ["CUDA_HOME"])] if os.environ.get("CUDA_HOME") else []
    for folder in [*wheels, *named, *near]:
        if (folder / "bin" / "ptxas").is_file() and (mlir() or (_nvvm(folder) and _libdevice(folder).is_file())):
            return folder
    return None


def _nvvm(folder: Path) -> Path | None:
    found = [file for place in PLACES for file in sorted(folder.joinpath(*place).glob("libnvvm.so*"))]
    return found[0] if found else None


def _libdevice(folder: Path) -> Path:
    return folder / "nvvm" / "libdevice" / "libdevice.10.bc"


@contextmanager
def _home(folder: Path) -> Iterator[str]:
    """A CUDA_HOME with the file names that Numba needs. Those of the wheel differ. numba-cuda-mlir finds its files."""
    if mlir():
        yield str(folder)
        return
    library = _nvvm(folder)
    assert library is not None
    with tempfile.TemporaryDirectory() as home:
        for link, target in (("lib64/libnvvm.so.4.0.0", library), ("libdevice/libdevice.10.bc", _libdevice(folder))):
            place = Path(home, "nvvm", link)
            place.parent.mkdir(parents=True)
            place.symlink_to(target.resolve())
        yield home


def release(folder: Path) -> str:
    """The version of ptxas, such as 12.9.86."""
    text = subprocess.run([folder / "bin" / "ptxas", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"V(\d+\.\d+\.\d+)", text)
    assert found, text
    return found[1]


def kernels() -> dict[str, Any]:
    """All kernels by name. This imports Numba."""
    from fastcnn.kernels import cuda
    from fastcnn.kernels.cuda.toolchain.compiler import KERNELS

    for module in pkgutil.walk_packages(cuda.__path__, f"{cuda.__name__}."):
        importlib.import_module(module.name)
    return KERNELS


def _arguments(types: str, dtype: str) -> tuple[Any, ...]:
    numba = importlib.import_module("numba_cuda_mlir.types" if mlir() else "numba.types")
    number = getattr(numba, dtype)
    letters = {
        "F": number[::1], "D": numba.float64[::1], "S": numba.float32[::1], "B": numba.uint8[::1],
        "I": numba.int32[::1], "U": numba.uint64[::1], "f": number, "d": numba.float64, "i": numba.int32,
        "u": numba.uint64,
    }  # fmt: skip
    return tuple(
        letters[each] if each in letters else numba.UniTuple(numba.int32, int(each[1:])) for each in types.split()
    )


def _compile(kernel: Any, dtype: str, capability: tuple[int, int]) -> str:
    if mlir():
        from fastcnn.kernels.cuda.toolchain import compiler as toolchain

        # It always compiles for the GPU of the machine, and remembers it. Here there is none.
        tools: Any = importlib.import_module("numba_cuda_mlir.tools")
        tools._cached_cc = capability
        text, _ = toolchain.cuda.compile_ptx(kernel.function, _arguments(kernel.types, dtype), cc=capability)
        return str(text).rstrip("\0")
    from numba import cuda
    from numba.cuda import dispatcher

    # A function that a kernel calls is compiled for the GPU of the machine. There is none, and any one is right: the
    # code that is linked into the kernel does not depend on the GPU yet.
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=(7, 5))
    text, _ = cuda.compile_ptx(kernel.function, _arguments(kernel.types, dtype), cc=capability)
    return str(text)


def _assemble(folder: Path, text: str, capability: tuple[int, int]) -> Row:
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "kernel.ptx")
        source.write_text(text)
        arch = f"-arch=sm_{capability[0]}{capability[1]}"
        done = subprocess.run(
            [folder / "bin" / "ptxas", "-v", arch, source, "-o", Path(scratch, "out")], capture_output=True, text=True
        )
    if done.returncode != 0:
        raise RuntimeError(f"ptxas {arch}: {done.stderr}")

    def number(pattern: str) -> int:
        return sum(int(found) for found in re.findall(pattern, done.stderr))

    return {
        "registers": number(r"Used (\d+) registers"),
        "shared_bytes": number(r"(\d+) bytes smem"),
        "spill_bytes": number(r"(\d+) bytes spill") + number(r"(\d+) bytes stack frame"),
    }


def _measure_some(folder: Path, home: str, names: Sequence[str]) -> dict[str, dict[str, Row]]:
    os.environ["CUDA_HOME"] = home
    warnings.simplefilter("ignore")
    found = kernels()
    rows: dict[str, dict[str, Row]] = {}
    for name in names:
        for dtype in DTYPES:
            row = rows[f"{name} {dtype}"] = {}
            texts: dict[tuple[int, int], str] = {}
            for capability in MLIR_CAPABILITIES if mlir() else CAPABILITIES:
                target = capability if mlir() else min(capability, (9, 0))
                if target not in texts:
                    texts[target] = _compile(found[name], dtype, target)
                row["{}.{}".format(*capability)] = _assemble(folder, texts[target], capability)
    return rows


def measure(folder: Path, workers: int = 2) -> dict[str, dict[str, Row]]:
    """Registers, shared memory and spills by kernel and dtype, then by compute capability."""
    import multiprocessing

    names = list(kernels())
    shares = [names[i::workers] for i in range(workers)]
    spawn = multiprocessing.get_context("spawn")
    with _home(folder) as home, ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        rows: dict[str, dict[str, Row]] = {}
        for part in pool.map(_measure_some, [folder] * workers, [home] * workers, shares):
            rows |= part
    return dict(sorted(rows.items()))


def worse(measured: dict[str, dict[str, Row]], table: dict[str, dict[str, Row]]) -> list[str]:
    """One line for each value that is larger than in the table, that is missing in one of them, or that is a spill."""
    lines = [f"{name}: in the table, but there is no such kernel" for name in sorted(set(table) - set(measured))]
    for name, row in measured.items():
        for capability, numbers in row.items():
            allowed = table.get(name, {}).get(capability)
            if numbers["spill_bytes"]:
                lines.append(f"{name}, {capability}: {numbers['spill_bytes']} bytes of registers spill to memory")
            if allowed is None:
                lines.append(f"{name}, {capability}: not in the table")
                continue
            for key in ("registers", "shared_bytes"):
                if numbers[key] > allowed[key]:
                    lines.append(f"{name}, {capability}: {numbers[key]} {key}, the table has {allowed[key]}")
    return lines


def _text(versions: dict[str, str], measured: dict[str, dict[str, Row]]) -> str:
    """JSON with one line for each kernel and dtype, so that a diff shows each change."""
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in measured.items())
    return f'{{\n "versions": {json.dumps(versions)},\n "kernels": {{\n{rows}\n }}\n}}\n'


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m fastcnn.bench.cuda.kernels", description=__doc__)
    parser.add_argument("--write", action="store_true", help="replace the table")
    given = parser.parse_args(arguments)
    folder = toolkit()
    if folder is None:
        print(f"NOT CHECKED: there is no CUDA toolkit here; pip install {WHEEL} brings one", file=sys.stderr)
        return 1
    compiler, file = ("numba-cuda-mlir", MLIR_TABLE) if mlir() else ("numba", TABLE)
    measured = measure(folder)
    if given.write:
        versions = {"ptxas": release(folder), compiler: importlib.metadata.version(compiler)}
        file.write_text(_text(versions, measured))
        print(f"{file.name}: {len(measured)} rows written")
        return 0
    lines = worse(measured, json.loads(file.read_text())["kernels"])
    architectures = len(next(iter(measured.values())))
    print(
        "\n".join([*lines, f"{compiler}: {len(measured)} kernels, {architectures} architectures, {len(lines)} worse"])
    )
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
