"""`python -m fastcnn.bench.cuda.model`: the expected cost of each CUDA kernel of a training step, without a GPU.

For each launch of a training step of the paper's network the model computes three numbers: the bytes that must move,
the FLOP (with the parts of tiles outside the array), and the threads that fit on a processor, by registers and shared
memory from the committed table. The time is the largest of three: bytes at the GPU's bandwidth, FLOP at the rate that
reads of shared memory allow, and the time of a launch. Shares are of the GPU's limit for the useful work. This is a
model and no measurement: it has no cache, no latency and no clock. It shows a slow kernel before it runs.
An H200 took 2.5 to 3 times as long: see the page of the CUDA backend.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastcnn.bench.cuda.kernels import TABLE
from fastcnn.kernels.cuda.toolchain import sizes


@dataclass(frozen=True)
class Gpu:
    """The data sheet of a GPU. `capability` selects the row of the table of registers."""

    name: str
    capability: str
    processors: int
    bytes_per_s: float
    flop_per_s: float
    threads: int  # the most on one processor; registers and shared memory likewise
    registers: int = 65536
    shared_bytes: int = 100 * 1024


# H200 and H100 SXM (data sheets 2023) and the laptop's RTX 4060 (Ada, 115 W); float32 without tensor cores.
GPUS = (
    Gpu("H200", "9.0", 132, 4.8e12, 67e12, 2048, shared_bytes=228 * 1024),
    Gpu("H100", "9.0", 132, 3.35e12, 67e12, 2048, shared_bytes=228 * 1024),
    Gpu("RTX 4060 laptop", "8.9", 24, 256e9, 11.6e12, 1536),
)
LAUNCH_S = 2e-6  # between two queued kernels; in a CUDA graph on an H200, 1 us

# A thread of a tiled product reads 4 + 2 floats of shared memory for 8 multiply-adds. In one clock a processor does the
# multiply-adds of four warps and the reads of one warp. So there are six clocks of reads for two of arithmetic.
PRODUCT_SHARE = (sizes.SUMS / 4) / (sizes.THREAD_ROWS + sizes.THREAD_COLUMNS)


@dataclass(frozen=True)
class Launch:
    """One kernel of a step. flop: useful FLOP; computed: all FLOP of the tiles; `blocks` of `threads` share them."""

    step: str
    kernel: str
    bytes: int
    flop: int
    computed: int
    blocks: int
    threads: int

    @property
    def tiled(self) -> bool:
        return self.computed > 0


def _line(step: str, kernel: str, elements: int, floats: float) -> Launch:
    """A kernel with one thread for each element, which moves `floats` floats for each."""
    return Launch(step, kernel, round(4 * floats * elements), 0, 0, sizes.tiles(elements, sizes.LINE), sizes.LINE)


def _product(step: str, kernel: str, rows: int, columns: int, depth: int, floats: int, *, parts: int = 1) -> Launch:
    tiles = sizes.tiles(rows, sizes.ROWS) * sizes.tiles(columns, sizes.COLUMNS)
    padded = tiles * sizes.ROWS * sizes.COLUMNS * sizes.tiles(depth, sizes.DEPTH) * sizes.DEPTH
    return Launch(step, kernel, 4 * floats, 2 * rows * columns * depth, 2 * padded, tiles * parts, sizes.SIDE**2)


def _affine(name: str, n: int, rows: int, columns: int, depth: int) -> list[Launch]:
    """A product that is split along its depth, and the sum of its parts."""
    parts, _ = sizes.shares(rows, columns, depth)
    out = rows * columns
    floats = rows * depth + columns * depth + parts * out
    return [
        _product(name, "product", rows, columns, depth, floats, parts=parts),
        _line(name, "fold", out, parts + 1),
    ]


def library_s(gpu: Gpu, n: int) -> tuple[float, float]:
    """Seconds of the first affine layer's three products: ours, and those of a library at the GPU's limit.

    Such a library reads each operand once and does all arithmetic at the full rate in one launch. No library is better.
    """
    hidden, flat = 100, 4320
    ours = best = 0.0
    for rows, columns, depth in ((n, hidden, flat), (n, flat, hidden), (hidden, flat, n)):
        ours += sum(seconds(gpu, launch) for launch in _affine("", n, rows, columns, depth))
        moved = 4 * (rows * depth + columns * depth + rows * columns)
        best += max(moved / gpu.bytes_per_s, 2 * rows * columns * depth / gpu.flop_per_s, LAUNCH_S)
    return ours, best


def paper_step(n: int) -> list[Launch]:
    """The important launches of a training step on n pictures. Those on a few hundred floats are left out."""
    filters, terms, side, half, hidden, classes = 30, 25, 24, 12, 100, 10
    pixels, flat = n * side * side, filters * half * half
    parts, _ = sizes.shares(filters, terms, pixels)
    inputs, pooled, outputs, weight = n * 784, n * flat, pixels * filters, filters * terms
    return [
        _line("pictures", "load_bytes", inputs, 1.25),
        _product("conv forward", "conv2d_pooled", pixels, filters, terms, inputs + pooled + pooled // 4 + weight),
        *_affine("affine 1 forward", n, n, hidden, flat),
        *_affine("affine 2 forward", n, n, classes, hidden),
        *_affine("affine 2 grad", n, n, hidden, classes),
        *_affine("affine 1 grad_input", n, n, flat, hidden),
        *_affine("affine 1 grad_weight", n, hidden, flat, n),
        _line("conv grad", "unpool_gradient", pooled, 4 + 1.25),
        _line("conv grad", "column_sums", outputs, 1),
        _product(
            "conv grad_weight", "conv2d_grad_weight", filters, terms, pixels, outputs + inputs + parts * weight,
            parts=parts,
        ),
        _line("conv grad_weight", "fold", weight, parts + 1),
        _line("optimizer", "adam", hidden * flat + 1000, 7),
    ]  # fmt: skip


def occupancy(gpu: Gpu, row: dict[str, int], threads: int) -> float:
    """The share of a processor's threads that can run, by registers (eight at a time for a warp) and shared memory."""
    per_thread = -(-row["registers"] // 8) * 8
    blocks = min(
        gpu.threads // threads,
        gpu.registers // (per_thread * threads),
        gpu.shared_bytes // (row["shared_bytes"] + 1024),
    )
    return blocks * threads / gpu.threads


def seconds(gpu: Gpu, launch: Launch) -> float:
    """The largest of the three limits. If there are fewer blocks than processors, the arithmetic uses only these."""
    busy = min(1.0, launch.blocks / gpu.processors)
    compute = launch.computed / (gpu.flop_per_s * PRODUCT_SHARE * busy) if launch.tiled else 0.0
    return max(launch.bytes / gpu.bytes_per_s, compute, LAUNCH_S)


def model(gpu: Gpu, n: int, table: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each launch, ready for JSON."""
    rows = []
    for launch in paper_step(n):
        time_s = seconds(gpu, launch)
        ideal_s = max(launch.bytes / gpu.bytes_per_s, launch.flop / gpu.flop_per_s)
        numbers = table[f"{launch.kernel} float32"][gpu.capability]
        rows.append(
            {
                "step": launch.step,
                "kernel": launch.kernel,
                "bytes": launch.bytes,
                "flop": launch.flop,
                "blocks": launch.blocks,
                "occupancy": occupancy(gpu, numbers, launch.threads),
                "seconds": time_s,
                "share_of_limit": ideal_s / time_s,
            }
        )
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m fastcnn.bench.cuda.model", description=__doc__.splitlines()[0])
    parser.add_argument("--batch-size", type=int, default=100, metavar="N", help="pictures a step (default: 100)")
    parser.add_argument("--json", metavar="FILE", help="also write the rows to FILE")
    given = parser.parse_args(arguments)
    if given.batch_size < 1:
        parser.error("--batch-size must be at least 1")
    table = json.loads(TABLE.read_text())["kernels"]
    found = {}
    for gpu in GPUS:
        rows = found[gpu.name] = model(gpu, given.batch_size, table)
        print(f"\n{gpu.name}, batch {given.batch_size}")
        print(f"{'step':22}{'kernel':20}{'MB':>8}{'MFLOP':>9}{'blocks':>8}{'threads':>9}{'us':>8}{'of limit':>10}")
        for row in rows:
            print(
                f"{row['step']:22}{row['kernel']:20}{row['bytes'] / 1e6:8.2f}{row['flop'] / 1e6:9.1f}{row['blocks']:8d}"
                f"{row['occupancy']:9.0%}{row['seconds'] * 1e6:8.1f}{row['share_of_limit']:10.0%}"
            )
        total = sum(row["seconds"] for row in rows)
        print(f"a step: {total * 1e6:.0f} us, {given.batch_size / total:,.0f} pictures/s at best")
        ours, best = (each * 1e6 for each in library_s(gpu, given.batch_size))
        print(f"affine 1, three products: ours {ours:.0f} us, a library at the GPU's limit {best:.0f} us")
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
