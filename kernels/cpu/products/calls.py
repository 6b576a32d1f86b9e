"""How a sum of products becomes a call, and what is held while calls run."""

from contextlib import AbstractContextManager, nullcontext

from fastcnn.kernels.cpu.products.geometry import Tables
from fastcnn.kernels.cpu.products.layout import block_width
from fastcnn.kernels.cpu.products.loops import sum_products
from fastcnn.kernels.cpu.toolchain.jit import parallel_lock
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_PRODUCTS, alone, chooser
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array
from fastcnn.kernels.threads import threads


def without_twins(calls: list[Call]) -> list[Call]:
    """The same calls, with no kernel both in its parallel and its serial form, so that none is compiled twice."""
    parallel = {id(kernel.serial): kernel for kernel, _ in calls if hasattr(kernel, "serial")}
    return [(alone(parallel[id(kernel)]) if id(kernel) in parallel else kernel, args) for kernel, args in calls]


def compiled(calls: list[Call]) -> list[Call]:
    """The calls as they are."""
    return calls


def entry(calls: list[Call]) -> AbstractContextManager[None]:
    """What is held while calls run: the lock of parallel kernels, unless all of them are serial."""
    return parallel_lock if any(hasattr(kernel, "serial") for kernel, _ in calls) else nullcontext()


def sums(out: Array, x: Array, w: Array, bias: Array, floor: float, tables: Tables) -> Call:
    """sum_products with the work shared by pictures or, where these are few, by rows or blocks of filters."""
    walk = tables.walk
    rows_count = len(tables.x_rows)
    blocks = -(-walk.filters // block_width(out.dtype))
    products = walk.images * rows_count * walk.columns * walk.filters * walk.taps_step * walk.length
    row_parts, block_parts = 1, 1
    if walk.images < 4 * threads():
        row_parts = rows_count
        if walk.images * rows_count < 4 * threads():
            block_parts = blocks
    kernel = chooser(sum_products, products >= PARALLEL_PRODUCTS)
    args = (out, x, w, bias, floor, *tables, row_parts, block_parts)
    return kernel, args
