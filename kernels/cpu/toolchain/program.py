"""One native function for a list of calls, with their arguments as constants.

A call from Python takes 1 to 3 us: each array, and each number of a tuple, is turned into what the kernel reads. For
one picture this would be a fifth of the time.
"""

from __future__ import annotations

import ctypes
from typing import Any

import llvmlite.binding as llvm
import llvmlite.ir as ir
from numba.core import types

OK = 0  # what a kernel returns
STATUS, ADDRESS = ir.IntType(32), ir.IntType(64)  # of a pointer, too: it is passed as a number of this size is


class Program:
    """Calls of compiled kernels that run one after the other.

    calls : with what Numba has compiled for the arguments; these stay where they are in memory
    """

    def __init__(self, calls: list[tuple[Any, tuple[Any, ...]]]) -> None:
        self._arguments = [args for _, args in calls]  # the code has only their addresses
        machine = llvm.Target.from_default_triple().create_target_machine(opt=0)  # a tenth of the time
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(_module(calls))), machine)
        self._engine.finalize_object()
        self._run = ctypes.CFUNCTYPE(ctypes.c_int)(self._engine.get_function_address("run"))

    def __call__(self) -> None:
        if self._run() != OK:  # kernels allocate a little memory; nothing else in them can fail
            raise MemoryError("a kernel found no memory; close other programs, or use smaller batches")


def _module(calls: list[tuple[Any, tuple[Any, ...]]]) -> ir.Module:
    """The function `run`, which returns the status of the first call that failed."""
    module = ir.Module()
    builder = ir.IRBuilder(ir.Function(module, ir.FunctionType(STATUS, []), "run").append_basic_block())
    # A kernel writes its result and its error to memory. Here both are pointers that nobody reads.
    places = [builder.ptrtoint(builder.alloca(ADDRESS), ADDRESS) for _ in range(2)]
    for compiled, args in calls:
        constants = [word for pair in zip(compiled.signature.args, args, strict=True) for word in _words(*pair)]
        kind = ir.FunctionType(STATUS, [ADDRESS] * len(places) + [word.type for word in constants])
        address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
        kernel = builder.inttoptr(ADDRESS(address), kind.as_pointer())
        status = builder.call(kernel, [*places, *constants])
        with builder.if_then(builder.icmp_signed("!=", status, STATUS(OK))):
            builder.ret(status)
    builder.ret(STATUS(OK))
    return module


def _words(kind, value):
    """A value as Numba's functions take it: an array without an owner, and the members of a tuple one by one."""
    if isinstance(kind, types.Array):
        numbers = (0, 0, value.size, value.itemsize, value.ctypes.data, *value.shape, *value.strides)
        yield from map(ADDRESS, numbers)
    elif isinstance(value, tuple):
        for pair in zip(kind, value, strict=True):
            yield from _words(*pair)
    elif isinstance(kind, types.Float):
        yield (ir.FloatType() if _bits(kind) == 32 else ir.DoubleType())(float(value))
    elif isinstance(kind, types.Boolean):
        yield ir.IntType(8)(int(value))
    elif isinstance(kind, types.Integer):
        yield ir.IntType(_bits(kind))(int(value))
    elif value is None:
        yield ADDRESS(0)
    else:
        raise TypeError(f"a kernel takes no {kind}")


def _bits(kind: Any) -> int:
    return int(kind.bitwidth)
