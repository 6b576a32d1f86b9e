"""`bench bfloat16`: the tiles for bfloat16 against that for float32, on one core.

Three measurements: products in registers and nothing else; sums of products as layers and affine layers make them, with
operands packed; and the assembly of each tile. Times are those that one thread had a processor, and the shortest ones,
so that other programs count little. A tile whose instructions this CPU lacks is not measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.bench.harness.peak import CLOCK, fma_flop_per_s
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import median_s
from fastcnn.bench.report import markdown
from fastcnn.bench.speed import pair_assembly
from fastcnn.checking.bounds import require_equal
from fastcnn.checking.calls import whole_numbers
from fastcnn.checking.cases import LAYERS, Convolution
from fastcnn.kernels.threads import set_threads, threads

FLOAT32 = "float32"
ROUNDS_OF_LOOP = 1 << 18
BATCH = 4
ROWS, PRODUCT_CALLS = 128, 9  # of a product of matrices: rows of a task, and how often it is timed
# Affine layers: pictures, inputs, outputs. The operands of the first stay in the second cache.
PRODUCTS = ((96, 288, 64), (256, 1152, 256), (1024, 1024, 1024))
CASES = (
    *(
        Convolution(f"affine {inputs}->{outputs}, batch {n}", (n, inputs, 1, 1), outputs, (1, 1), bias=False)
        for n, inputs, outputs in PRODUCTS
    ),
    *(layer.with_batch(BATCH) for layer in LAYERS if layer.family == "VGG" and layer.input_shape[1] in (32, 64, 128)),
)


def units() -> tuple[str, ...]:
    """The tiles for bfloat16 whose instructions this CPU has."""
    from fastcnn.kernels.cpu.toolchain import bfloat16

    best = bfloat16.unit()
    return {"amx": ("amx", "avx512", "plain"), "avx512": ("avx512", "plain"), "plain": ("plain",)}[best]


def _fastest(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The shortest time of each call; they take turns."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            start = CLOCK()
            call()
            best[name] = min(best[name], CLOCK() - start)
    return best


def register_loops(names: Iterable[str], rounds: int) -> dict[str, float]:
    """FLOP/s of products in registers, by tile."""
    import numba

    from fastcnn.kernels.cpu.tiles import pair_peaks

    def with_amx(out: Any, rounds: int) -> None:
        pair_peaks.amx_peak_tile(out, rounds)

    def with_avx512(out: Any, numbers: Any, rounds: int) -> None:
        pair_peaks.avx512_peak_tile(out, numbers, rounds)

    out = np.zeros(256, np.float32)
    numbers = np.array([0x3F00, 0x3E80, 0x3F80, 0xC000], np.uint16)  # 0.5 * 1 - 0.25 * 2: the sums stay as they are
    found = {FLOAT32: fma_flop_per_s(1)}
    if "avx512" in names:
        loop = numba.njit(nogil=True)(with_avx512)
        loop(out, numbers, 1)
        seconds = _fastest({"": lambda: loop(out, numbers, ROUNDS_OF_LOOP)}, rounds)[""]
        found["avx512"] = ROUNDS_OF_LOOP * pair_peaks.AVX512_FLOP / seconds
    if "amx" in names:
        tiles = numba.njit(nogil=True)(with_amx)
        tiles(out, 1)
        seconds = _fastest({"": lambda: tiles(out, ROUNDS_OF_LOOP)}, rounds)[""]
        found["amx"] = ROUNDS_OF_LOOP * pair_peaks.AMX_FLOP / seconds
    return found


def forward(case: Convolution, x: Array, weight: Array, unit: str) -> tuple[Callable[[], None], Array]:
    """A call of the tiles on operands that are ready, and its result (N, P, Q, K), flat."""
    from fastcnn.kernels.arrays import aligned_zeros
    from fastcnn.kernels.cpu.products import layout, pairs, weights
    from fastcnn.kernels.cpu.products.calls import sums
    from fastcnn.kernels.cpu.products.geometry import Convolution as Geometry
    from fastcnn.kernels.cpu.products.geometry import frame
    from fastcnn.kernels.cpu.products.loops import sum_products
    from fastcnn.kernels.cpu.tiles.sums import TILE_PIXELS

    N, K = case.batch, case.out_channels
    border = ((case.padding, case.padding),) * 2
    one = (1, 1)
    pixels = pairs.PIXELS.get(unit, TILE_PIXELS)
    shape = Geometry(case.input_shape[1:], weight.shape, one, border, one, 1, pairs.WIDTH, False, tile_pixels=pixels)
    out, bias = aligned_zeros(int(np.prod(case.output_shape)), np.float32), aligned_zeros(K + pairs.WIDTH, np.float32)
    tables = shape.forward(N, 0, frame(K, shape.P, shape.Q))
    if unit == FLOAT32:
        pictures = aligned_zeros(N * shape.x.image, np.float32)
        rows = np.arange(shape.C) * (shape.H * shape.W)
        layout.to_channels_last.serial(pictures, shape.x, x.reshape(-1), rows)
        packed = aligned_zeros(layout.packed_count(K, weight[0].size, x.dtype), np.float32)
        pack, args = weights.pack(packed, weight, shape, 0)
        pack.serial(*args)  # type: ignore[attr-defined]
        kernel = sum_products
    else:
        pictures = aligned_zeros(N * shape.x.image, np.uint16)
        pairs.to_pictures.serial(pictures, shape.x, pairs.as_bits(x))
        tables = pairs.over_pairs(tables)
        packed, kernel = pairs.packed(tables, weight), pairs.PRODUCTS[unit]
    run, ready = sums(out, pictures, packed, bias, -np.inf, tables, products_kernel=kernel)
    return lambda: run(*ready), out


def product_flop_per_s(unit: str, count: int, side: int) -> float:
    """FLOP/s of a product of two matrices by a unit's tile on so many threads, once its answer was right.

    Its operands are packed before, and nothing is blocked for a cache: a task multiplies 128 rows by all columns.
    """
    draw = whole_numbers(np.random.default_rng(0))
    case = Convolution("a product of matrices", (side // ROWS, side, 1, ROWS), side, (1, 1), bias=False)
    x, weight = draw(case.input_shape), draw(case.weight_shape)
    set_threads(count)
    call, out = forward(case, x, weight, unit)
    call()
    rows = x.transpose(0, 2, 3, 1).reshape(side, side)
    require_equal(f"{case.name}, {unit}", out, (rows @ weight.reshape(side, side).T).reshape(-1))
    return case.flop / median_s(call, PRODUCT_CALLS)


def measure(case: Convolution, names: Iterable[str], rounds: int) -> dict[str, Any]:
    """Check each tile against the reference on whole numbers, which are exact in bfloat16, then time them."""
    from fastcnn.kernels.reference import convolution as reference

    draw = whole_numbers(np.random.default_rng(0))
    x, weight = draw(case.input_shape), draw(case.weight_shape)
    border = ((case.padding, case.padding),) * 2
    expected = reference.conv2d(x, weight, None, (1, 1), border, (1, 1), 1).transpose(0, 2, 3, 1).reshape(-1)
    calls = {}
    for name in (FLOAT32, *names):
        calls[name], out = forward(case, x, weight, name)
        calls[name]()
        require_equal(f"{case.name}, {name}", out, expected)
    return {"case": case.name} | {name: case.flop / seconds for name, seconds in _fastest(calls, rounds).items()}


def run(settings: Settings) -> dict[str, Any]:
    from fastcnn.kernels.cpu.bfloat16.units import LEAST_GAIN
    from fastcnn.kernels.cpu.toolchain import bfloat16

    before, names, rounds = threads(), units(), 5 * settings.rounds
    set_threads(1)
    try:
        loops = register_loops(names, rounds)
        settings.say(f"bfloat16 here: {bfloat16.describe()}")
        rows: list[dict[str, Any]] = [{"case": "products in registers", **loops}]
        for case in CASES:
            rows.append(measure(case, names, rounds))
            settings.say(", ".join(f"{name} {_cell(value)}" for name, value in rows[-1].items()))
    finally:
        set_threads(before)
    gain = min(row[names[0]] / row[FLOAT32] for row in rows[1:]) if names[0] != "plain" else 0.0
    settings.say(f"{names[0]} is at least {gain:.2f} times as fast as float32; {LEAST_GAIN} is wanted")
    return {"unit": bfloat16.describe(), "rows": rows, "gain": gain, "assembly": pair_assembly.rows()}


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else f"{value / 1e9:.0f} GFLOP/s"


def tabulate(result: Any) -> str:
    """The documentation's tables."""
    names = ("amx", "avx512", "plain")
    rows = [
        (
            row["case"], f"{row[FLOAT32] / 1e9:.0f}",
            *(f"{row[name] / 1e9:.0f} ({row[name] / row[FLOAT32]:.2f})" if name in row else "-" for name in names),
        )
        for row in result["rows"]
    ]  # fmt: skip
    measured = {name for row in result["rows"] for name in row}
    rows = [(first, own, *("not measured" if n not in measured else cell for n, cell in zip(names, cells, strict=True)))
            for first, own, *cells in rows]  # fmt: skip
    header = ("GFLOP/s of one core (over float32's)", FLOAT32, "AMX", "`vdpbf16ps`", "plain")
    counted = [tuple(map(str, row.values())) for row in result["assembly"]]
    columns = ("tile", "instruction", "registers", "products in the loop", "loads", "spills")
    return f"{markdown.table(header, rows)}\n{markdown.table(columns, counted)}\nThis CPU: {result['unit']}.\n"
