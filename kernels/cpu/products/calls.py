"""Make a call of a kernel from a sum of products, and say which lock calls need."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby
from typing import Any

from fastcnn.kernels.cpu.products.cuts import ENOUGH, SECOND_CACHE_BYTES, cut, few
from fastcnn.kernels.cpu.products.geometry import Tables
from fastcnn.kernels.cpu.products.layout import block_width
from fastcnn.kernels.cpu.products.loops import Addend, Walk, sum_products
from fastcnn.kernels.cpu.toolchain.jit import parallel_lock
from fastcnn.kernels.cpu.toolchain.program import Program
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_PRODUCTS, alone, chooser
from fastcnn.kernels.cpu.toolchain.team import Team
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array, Pair
from fastcnn.kernels.threads import threads

# Multiply-adds of a run of kernels, from which on threads share it as a team: see docs/tried.md.
TEAM_PRODUCTS = 1 << 19


def without_twins(calls: list[Call]) -> list[Call]:
    """The same calls, where no kernel is used in both its parallel and its serial form: it would be compiled twice."""
    parallel = {id(kernel.serial): kernel for kernel, _ in calls if hasattr(kernel, "serial")}
    return [(alone(parallel[id(kernel)]) if id(kernel) in parallel else kernel, args) for kernel, args in calls]


def compiled(calls: list[Call], *, joined: bool = False) -> list[Call]:
    """The same calls of compiled code, which saves 0.2 to 2 us a call: Numba no longer looks at the arguments.

    A call's arguments are of the same types for ever, as they are the same objects. joined: whether to make one call of
    each run of kernels, which saves 1 to 2 us for each of them, and more where threads share it. Making it takes 2 to
    10 ms.
    """
    if not joined:
        return [(entry_point(kernel, args), args) for kernel, args in calls]
    found: list[Call] = []
    for is_kernel, group in groupby(calls, lambda call: _is_compiled(_serial(call[0]))):
        run = list(group)
        team = _team(run) if is_kernel else None
        found += _programs(run) if team is None else [(team, ())]
    return found


def _programs(calls: list[Call]) -> list[Call]:
    found: list[Call] = []
    for is_kernel, group in groupby(calls, lambda call: _is_compiled(call[0])):
        run = list(group)
        found += [(Program([(_overload(*call), call[1]) for call in run]), ())] if is_kernel else run
    return found


def _serial(kernel: Any) -> Any:
    return getattr(kernel, "serial", kernel)


def _team(calls: list[Call]) -> Team | None:
    """The calls as steps that threads share, or None where that does not pay, or a kernel is shared in its own way."""
    if threads() == 1:
        return None
    cuts = [cut(_serial(kernel), args, threads()) for kernel, args in calls]
    own = any(found is None and hasattr(kernel, "serial") for found, (kernel, _) in zip(cuts, calls, strict=True))
    if own or sum(found.products for found in cuts if found) < TEAM_PRODUCTS:
        return None
    steps = [
        [(_overload(_serial(kernel), part), part) for part in (found.parts if found else [args])]
        for found, (kernel, args) in zip(cuts, calls, strict=True)
    ]
    return Team(steps, threads(), _programs(calls))


def entry_point(kernel: Any, args: tuple[Any, ...]) -> Callable[..., Any]:
    """A kernel for arguments of these types."""
    return _overload(kernel, args).entry_point if _is_compiled(kernel) else kernel  # type: ignore[no-any-return]


def _is_compiled(kernel: Any) -> bool:
    """Whether it is Numba's: not NumPy's, or Python's where nothing is compiled."""
    return hasattr(kernel, "typeof_pyval")


def _overload(kernel: Any, args: tuple[Any, ...]) -> Any:
    """What Numba has compiled of a kernel for such arguments."""
    signature = tuple(map(kernel.typeof_pyval, args))
    kernel.compile(signature)
    return kernel.overloads[signature]


def entry(calls: list[Call]) -> AbstractContextManager[None]:
    """The context to enter while calls run: the lock of parallel kernels, or nothing if all calls are serial."""
    return parallel_lock if any(hasattr(kernel, "serial") for kernel, _ in calls) else nullcontext()


def sums(
    out: Array, x: Array, w: Array, bias: Array, floor: float, tables: Tables, addend: Addend | None = None,
    products_kernel: Any = sum_products,
) -> Call:  # fmt: skip
    """A call of sum_products. Threads share the pictures or, if these are few, the rows or the blocks of filters.

    Weights that do not stay in the second cache are then read once for each block, not once for each row. Where out
    holds bfloat16's bits, each sum is rounded once: all its taps are added first.
    """
    walk = tables.walk
    rows_count = len(tables.x_rows)
    products = walk.images * rows_count * walk.columns * walk.filters * walk.taps_step * walk.length
    row_parts, block_parts = _parts(walk, rows_count, bias.itemsize, -(-walk.filters // block_width(bias.dtype)))
    kernel = chooser(products_kernel, products >= PARALLEL_PRODUCTS)
    added = Addend(out, tables.out_rows, 0, 0, 0, 0) if addend is None else addend
    assert out.dtype == bias.dtype or walk.taps_part >= walk.taps_step
    args = (out, out if out.dtype == bias.dtype else bias, x, w, bias, floor, added, *tables, row_parts, block_parts)
    return kernel, args


def _parts(walk: Walk, rows: int, itemsize: int, blocks: int) -> Pair:
    """Into how many parts the rows and the blocks of filters of each picture are cut: enough tasks for the threads.

    A picture that one task reads whole stays in the cache of its core, and cut weights stay in each core's. So what is
    larger is not read by all. Large weights are read once for all pictures, block after block, where a picture, which
    each block then reads again, is less than half as much in all (docs/tried.md).
    """
    weights = walk.filters * walk.taps_step * walk.length
    large = weights * itemsize > SECOND_CACHE_BYTES // 2
    together = large and not walk.w_image and weights > 2 * blocks * walk.x_image
    if together and not few(walk.images * blocks, threads()):
        return 1, blocks
    few_weights = walk.w_image or weights <= walk.images * walk.x_image
    if not few(walk.images, threads()) or (walk.images % threads() == 0 and few_weights):
        return 1, 1
    wanted = -(-ENOUGH * threads() // max(1, walk.images))
    if walk.w_image:  # sums over blocks of pictures: each task reads all pictures of a block
        block_parts = next((parts for parts in range(wanted, blocks) if blocks % parts == 0), blocks)
    else:
        block_parts = blocks if rows < wanted or large else 1
    return min(rows, -(-wanted // block_parts)), block_parts
