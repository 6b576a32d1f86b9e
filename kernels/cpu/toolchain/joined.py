"""Calls of compiled kernels as one native function.

A plan calls the same kernels with the same arguments again and again. Each call from Python takes 1 to 3 us, because
Numba looks at each argument: as long as a small kernel. In the function made here the arguments are constants. Making
it takes a few milliseconds, so calls are joined when they have run often.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import llvmlite.binding as llvm
import llvmlite.ir as ir
import numpy as np
from numba.core.cgutils import alloca_once
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

from fastcnn.kernels.cpu.toolchain.vector import INT32, const
from fastcnn.kernels.protocols import Call

RUNS = 20  # of calls, before they are joined
DONE = (0, -2)  # what a function of Numba returns where it has raised nothing

_numbers = count()


class Joined:
    """Calls of compiled kernels, as one call. Their arguments must be the same objects for ever."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = calls
        self._made = [_overload(kernel, args) for kernel, args in calls]
        self._runs = 0
        self._function: Callable[[], int] | None = None

    def __call__(self) -> None:
        if self._function is not None:
            if self._function() != 0:
                raise RuntimeError("a kernel stopped with an error; run it under NUMBA_DISABLE_JIT=1 to see which")
            return
        for made, (_, args) in zip(self._made, self._calls, strict=True):
            made.entry_point(*args)
        self._runs += 1
        if self._runs == RUNS:
            self._function = _function([(made, args) for made, (_, args) in zip(self._made, self._calls, strict=True)])


def is_compiled(call: Call) -> bool:
    """Whether a call is one of Numba's functions; others are NumPy's, or Python's where nothing is compiled."""
    return hasattr(call[0], "typeof_pyval")


def _overload(kernel: Any, args: tuple[Any, ...]) -> Any:
    """What Numba has compiled, or loaded, for these arguments."""
    signature = tuple(map(kernel.typeof_pyval, args))
    kernel.compile(signature)
    return kernel.overloads[signature]


def _function(calls: list[tuple[Any, tuple[Any, ...]]]) -> Callable[[], int]:
    target = cpu_target.target_context
    with global_compiler_lock:
        codegen, name = target.codegen(), f"fastcnn_joined_{next(_numbers)}"
        module = codegen._create_empty_module(name)
        builder = ir.IRBuilder(ir.Function(module, ir.FunctionType(INT32, []), name).append_basic_block("entry"))
        for made, args in calls:
            described = made.fndesc
            kind = target.call_conv.get_function_type(described.restype, described.argtypes)
            known = module.globals.get(described.llvm_func_name)
            kernel = ir.Function(module, kind, described.llvm_func_name) if known is None else known
            places = [alloca_once(builder, each.pointee) for each in kind.args[:2]]  # of its result and its error
            numbers = [_constant(*pair) for pair in zip(kind.args[2:], _flat(args), strict=True)]
            code = builder.call(kernel, [*places, *numbers])
            wrong = [builder.icmp_signed("!=", code, ir.Constant(INT32, done)) for done in DONE]
            with builder.if_then(builder.and_(*wrong), likely=False):
                builder.ret(code)
        builder.ret(ir.Constant(INT32, 0))
        codegen._engine.add_module(llvm.parse_assembly(str(module)))
        codegen._engine.finalize_object()
        return ctypes.CFUNCTYPE(ctypes.c_int32)(codegen._engine.get_function_address(name))


def _flat(value: Any) -> Iterator[Any]:
    """The numbers that Numba hands over for an argument. Who owns an array is left out: it is kept alive elsewhere."""
    if isinstance(value, np.ndarray):
        yield from (0, 0, value.size, value.itemsize, value.ctypes.data, *value.shape, *value.strides)
    elif isinstance(value, tuple):
        for each in value:
            yield from _flat(each)
    else:
        yield 0 if value is None else value


def _constant(kind: ir.Type, value: Any) -> Any:
    if isinstance(kind, ir.PointerType):
        return const(value).inttoptr(kind)
    return ir.Constant(kind, int(value) if isinstance(kind, ir.IntType) else float(value))
