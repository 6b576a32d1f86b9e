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

Compiled = Any  # what Numba has compiled of a kernel for some types; it stays where it is in memory


class Native:
    """The machine code of a module's function `run`, and the arguments whose addresses it has."""

    def __init__(self, module: ir.Module, arguments: Any) -> None:
        self._arguments = arguments
        machine = llvm.Target.from_default_triple().create_target_machine(opt=0)  # a tenth of the time
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(module)), machine)
        self._engine.finalize_object()
        self.address = self._engine.get_function_address("run")


class Program:
    """Calls of compiled kernels that run one after the other."""

    def __init__(self, calls: list[tuple[Compiled, tuple[Any, ...]]]) -> None:
        self._native = Native(_module(calls), [args for _, args in calls])
        self._run = ctypes.CFUNCTYPE(ctypes.c_int)(self._native.address)

    def __call__(self) -> None:
        if self._run() != OK:
            raise no_memory()


def _module(calls: list[tuple[Compiled, tuple[Any, ...]]]) -> ir.Module:
    """The function `run`, which returns the status of the first call that failed."""
    module = ir.Module()
    builder = ir.IRBuilder(ir.Function(module, ir.FunctionType(STATUS, []), "run").append_basic_block())
    places = result_places(builder)
    for compiled, args in calls:
        status = call_constant(builder, compiled, args, places)
        with builder.if_then(builder.icmp_signed("!=", status, STATUS(OK))):
            builder.ret(status)
    builder.ret(STATUS(OK))
    return module


def no_memory() -> MemoryError:
    """The error of a status that is not OK: kernels allocate a little memory, and nothing else in them can fail."""
    return MemoryError("a kernel found no memory; close other programs, or use smaller batches")


def result_places(builder: ir.IRBuilder) -> list[Any]:
    """Where kernels write their result and their error: two pointers that nobody reads."""
    return [builder.ptrtoint(builder.alloca(ADDRESS), ADDRESS) for _ in range(2)]


def call_constant(builder: ir.IRBuilder, compiled: Compiled, args: tuple[Any, ...], places: list[Any]) -> Any:
    """A call with these arguments as constants; its status."""
    constants = [word for pair in zip(compiled.signature.args, args, strict=True) for word in _words(*pair)]
    kind = ir.FunctionType(STATUS, [ADDRESS] * len(places) + [word.type for word in constants])
    address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    return builder.call(builder.inttoptr(ADDRESS(address), kind.as_pointer()), [*places, *constants])


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
