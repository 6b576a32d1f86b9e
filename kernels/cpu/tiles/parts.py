"""Code that all tiles use: it makes one function of a twin and its vector code, and the loop over all products."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import llvmlite.ir as ir
import numpy as np
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT64, REGISTERS, VECTOR_BYTES, at, const


class Arguments:
    """A tile's arguments by name: a pointer to the elements of an array, or a number."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the tile has no argument {name}")


def tile(twin: Callable[..., None]) -> Callable[[Callable[..., None]], Any]:
    """Make a function that kernels can call from a twin in NumPy and its vector code. It has the twin's arguments.

    The decorated function gets (builder, arguments, vector type) and emits the code. An argument named `floor` has the
    dtype of the first array, or float32 where that holds bfloat16's bits. The other numbers are int64.
    """
    names = twin.__code__.co_varnames[: twin.__code__.co_argcount]

    def decorate(emit: Callable[..., None]) -> Any:
        if config.DISABLE_JIT:
            return twin

        def typed(_context: Any, *kinds: Any) -> Any:
            dtype = types.float32 if kinds[0].dtype == types.uint16 else kinds[0].dtype
            exact = [
                kind if isinstance(kind, types.Array) else dtype if name == "floor" else types.int64
                for name, kind in zip(names, kinds, strict=True)
            ]

            def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
                pairs = zip(signature.args, values, strict=True)
                plain = [
                    vector.data_pointer(context, builder, kind, value) if isinstance(kind, types.Array) else value
                    for kind, value in pairs
                ]
                emit(builder, Arguments(**dict(zip(names, plain, strict=True))), vector.vector_type(dtype))
                return context.get_dummy_value()

            return types.void(*exact), code

        # Numba reads the names and the number of arguments from here.
        parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("context", *names)]
        typed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        typed.__name__ = emit.__name__
        return intrinsic(typed)

    return decorate


def action(emit: Callable[[Any], None]) -> Any:
    """Make a function without arguments for kernels, from the code that emit(builder) emits.

    It does nothing when Numba's compiler is off.
    """
    if config.DISABLE_JIT:
        return lambda: None

    def typed(_context: Any) -> Any:
        def code(context: Any, builder: Any, _signature: Any, _values: Any) -> Any:
            emit(builder)
            return context.get_dummy_value()

        return types.void(), code

    typed.__name__ = emit.__name__
    return intrinsic(typed)


@action
def nothing(_builder: Any) -> None:
    """What most tiles need before and after a task."""


def twin_lanes(array: Any) -> int:
    """Elements of an array in one vector register, where bfloat16's bits become float32 numbers."""
    return VECTOR_BYTES // max(4, int(array.itemsize))


def values(bits: Any) -> Any:
    """The float32 numbers of bfloat16's bits, for twins."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def twin_numbers(array: Any) -> Any:
    """What a tile's load makes of an array: bfloat16's bits become float32 numbers."""
    return values(array) if array.dtype == np.uint16 else array


def twin_stored(numbers: Any, out: Any) -> Any:
    """What a tile's store writes into out: it rounds to bfloat16's bits if out holds these."""
    if out.dtype != np.uint16:
        return numbers
    bits = numbers.view(np.uint32)
    upper = bits >> 16
    return np.where(np.isnan(numbers), upper | 0x40, (bits + 0x7FFF + (upper & 1)) >> 16).astype(np.uint16)


def twin_load(array: Any, start: int, count: int) -> Any:
    """What a tile loads: `count` elements, with zeros for those after the end of the array."""
    values = array[start : start + count]
    return values if len(values) == count else np.concatenate((values, np.zeros(count - len(values), array.dtype)))


def accumulators(builder: Any, vtype: Any, rows: int, columns: int) -> dict[tuple[int, int], Any]:
    """Stack slots that LLVM turns into registers, not yet set."""
    return {(m, v): cgutils.alloca_once(builder, vtype) for m in range(rows) for v in range(columns)}


def start_with_bias(builder: Any, a: Arguments, vtype: Any, acc: dict[tuple[int, int], Any], step: Any = None) -> None:
    """Every sum of filter vector v starts with that vector of the bias.

    step : the distance of each row's biases from those of the row before; None if all rows have the same ones
    """
    for (m, v), total in acc.items():
        row = const(0) if step is None else builder.mul(step, const(m))
        bias = vector.load(builder, at(builder, a.bias, a.bias_at, row, const(v * vtype.count)), vtype)
        builder.store(bias, total)


class Terms(NamedTuple):
    """How a tile multiplies one term of a pixel by that of a vector of filters."""

    size: int  # elements of w for each filter
    pixel: Callable[[Any, Any, Any], Any]  # from (builder, pointer, vector type): a term of x in each lane
    weights: Callable[[Any, Any, Any], Any]  # from the same: the terms of w, one in each lane
    add: Callable[[Any, Any, Any, Any], Any]  # from (builder, pixel, weights, sum): the sum with their product


NUMBERS = Terms(
    1,
    lambda builder, pointer, vtype: vector.splat(builder, vtype, builder.load(pointer)),
    vector.load,
    vector.multiply_add,
)


def sum_over_taps(
    builder: Any, a: Arguments, vtype: Any, acc: dict[tuple[int, int], Any], offsets: Sequence[Any], x_term: Any,
    terms: Terms = NUMBERS,
) -> None:  # fmt: skip
    """acc[m, v] += x[offsets[m] + tap + k * x_term] * w[tap + k * w_term, v], for all taps and their `length` terms.

    The loop over taps stays a loop: unrolled, LLVM hoists the broadcasts and spills (docs/tried.md).
    """
    with cgutils.for_range(builder, a.taps, intp=INT64) as tap:
        x_row = at(builder, a.x, a.x_at, builder.load(at(builder, a.x_taps, tap.index)))
        w_row = at(builder, a.w, a.w_at, builder.load(at(builder, a.w_taps, tap.index)))
        with _terms(builder, a, x_row, w_row, x_term) as (x, w):
            add_term(builder, vtype, acc, offsets, x, w, terms)


def add_term(
    builder: Any, vtype: Any, acc: dict[tuple[int, int], Any], offsets: Sequence[Any], x: Any, w: Any,
    terms: Terms = NUMBERS,
) -> None:  # fmt: skip
    """acc[m, v] += x[offsets[m]] * w[v], for one term."""
    vectors = 1 + max(v for _, v in acc)
    starts = [at(builder, w, const(v * vtype.count * terms.size)) for v in range(vectors)]
    weights = [terms.weights(builder, start, vtype) for start in starts]
    for m, offset in enumerate(offsets):
        pixel = terms.pixel(builder, at(builder, x, offset), vtype)
        for v in range(vectors):
            builder.store(terms.add(builder, pixel, weights[v], builder.load(acc[m, v])), acc[m, v])


@contextmanager
def _terms(builder: Any, a: Arguments, x_row: Any, w_row: Any, x_term: Any) -> Iterator[tuple[Any, Any]]:
    """Run the code between for each term: gives where its pixels and its weights are."""
    if REGISTERS > 16:
        with cgutils.for_range(builder, a.length, intp=INT64) as k:
            yield at(builder, x_row, builder.mul(k.index, x_term)), at(builder, w_row, builder.mul(k.index, a.w_term))
        return
    # LLVM would unroll the loop and step one pointer for each pixel: twelve of them are in memory, and a tile of 6 x 2
    # takes 20 cycles for two terms, not 12.
    slots = [cgutils.alloca_once(builder, row.type) for row in (x_row, w_row)]
    for slot, row in zip(slots, (x_row, w_row), strict=True):
        builder.store(row, slot)
    with cgutils.for_range(builder, a.length, intp=INT64):
        x, w = vector.opaque(builder, builder.load(slots[0])), builder.load(slots[1])
        yield x, w
        for slot, moved in zip(slots, (at(builder, x, x_term), at(builder, w, a.w_term)), strict=True):
            builder.store(moved, slot)


def store_filters(builder: Any, value: Any, target: Any, a: Arguments, v: int, last: bool) -> None:
    """Write filter vector v of a tile; from the last vector only the filters that are among the first `valid`."""
    if last:
        vector.store_first(builder, value, target, builder.sub(a.valid, const(v * value.type.count)))
    else:
        vector.store(builder, value, target)


def switch(
    builder: Any, first: Any, second: Any, cases: Iterable[tuple[int, int]], emit: Callable[[int, int], None]
) -> None:
    """Run the code of emit(i, j), where i and j are the values of `first` and `second` at run time.

    Nothing runs where the pair is not among the cases.
    """
    end = builder.append_basic_block("tile_end")
    chosen = builder.switch(builder.add(builder.mul(first, const(64)), second), end)
    for i, j in cases:
        block = builder.append_basic_block(f"tile_{i}_{j}")
        chosen.add_case(ir.Constant(INT64, 64 * i + j), block)
        builder.position_at_end(block)
        emit(i, j)
        builder.branch(end)
    builder.position_at_end(end)
