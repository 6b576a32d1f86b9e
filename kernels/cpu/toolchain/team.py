"""One native function for a list of calls that a team of threads works through together.

Each step is cut into parts. A thread takes its own parts first, which read what it has written in the step before, and
then what others have not taken. When none is left it waits until the others have finished theirs, and goes on to the
next step. So threads are started once for the whole list. A thread that starts late, or not at all, costs nothing but
its help: the others take its parts.
"""

from __future__ import annotations

import ctypes
import sys
import time
from typing import Any

import llvmlite.ir as ir
import numpy as np
from numba import prange
from numba.core import types
from numba.extending import intrinsic

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.toolchain.jit import kernel, parallel_lock
from fastcnn.kernels.cpu.toolchain.program import (
    ADDRESS,
    OK,
    STATUS,
    Compiled,
    Native,
    call_constant,
    no_memory,
    result_places,
)
from fastcnn.kernels.cpu.toolchain.trial import Trial
from fastcnn.kernels.cpu.toolchain.vector import X86
from fastcnn.kernels.protocols import Call

LINE = 8  # 64-bit numbers of a cache line
SPINS = 1000  # 20 to 50 us; then the core is offered to others, perhaps to the thread that is waited for
COUNT = ir.IntType(64)


class Team:
    """Steps that run one after the other, each in parts that threads share.

    Where other programs have the cores, a team is slow: it waits for its last thread. So a `Trial` says which runs are
    left to the calls without it. So is a run while another thread of this program computes.

    steps : for each the calls of its parts, with what Numba has compiled for the arguments
    without : calls that do the same without a team
    """

    def __init__(self, steps: list[list[tuple[Compiled, tuple[Any, ...]]]], threads: int, without: list[Call]) -> None:
        # For each step a line with how many parts are finished, and lines with whether each part is taken.
        self._numbers = aligned_zeros(sum(map(_numbers_of, steps)), np.int64)
        module = _module(steps, threads, self._numbers.ctypes.data)
        self._native = Native(module, [args for parts in steps for _, args in parts])
        args = self._numbers, np.zeros(threads, np.int64), self._native.address
        together: Any = run_together
        signature = tuple(map(together.typeof_pyval, args))
        together.compile(signature)
        self._run, self._args, self._without = together.overloads[signature].entry_point, args, without
        self._trial = Trial()

    def __call__(self) -> None:
        start_s = time.perf_counter()
        if not self._trial.has_turn(start_s) or not parallel_lock.enter_now():
            for run, args in self._without:
                run(*args)
            self._trial.ran_without(start_s, time.perf_counter())
            return
        try:
            status = self._run(*self._args)
        finally:
            parallel_lock.leave()
        if status != OK:
            raise no_memory()
        self._trial.ran(start_s, time.perf_counter())


@intrinsic
def call(context, address, number):
    """Run the native function at an address with a number; its status."""

    def code(context, builder, signature, args):
        function = builder.inttoptr(args[0], ir.FunctionType(STATUS, [COUNT]).as_pointer())
        return builder.sext(builder.call(function, [args[1]]), COUNT)

    return types.int64(types.int64, types.int64), code


@kernel
def run_together(numbers, statuses, address):
    """Run a team's function on as many threads as there are statuses; one of the statuses that is not OK, or OK."""
    for i in range(len(numbers)):
        numbers[i] = 0
    for thread in prange(len(statuses)):
        statuses[thread] = call(address, np.int64(thread))
    found = OK
    for status in statuses:
        if status != OK:
            found = status
    return found


def _numbers_of(parts: list[Any]) -> int:
    return LINE * (1 + -(-len(parts) // LINE))


def _module(steps: list[list[tuple[Compiled, tuple[Any, ...]]]], threads: int, numbers: int) -> ir.Module:
    """The function `run`, for a thread of the team, by its number.

    A failed part counts as finished: nobody waits for ever.
    """
    module = ir.Module()
    run = ir.Function(module, ir.FunctionType(STATUS, [COUNT]), "run")
    builder = ir.IRBuilder(run.append_basic_block())
    places = result_places(builder)
    failed = builder.alloca(STATUS)
    builder.store(STATUS(OK), failed)
    for parts in steps:
        count = len(parts)
        finished = builder.inttoptr(ADDRESS(numbers), COUNT.as_pointer())
        taken = builder.inttoptr(ADDRESS(numbers + 8 * LINE), COUNT.as_pointer())
        numbers += 8 * _numbers_of(parts)
        own = builder.udiv(builder.mul(run.args[0], COUNT(count)), COUNT(threads))  # the first of its own parts
        start, look, take, done, again, wait, after = builder.block, *(run.append_basic_block() for _ in range(6))
        builder.branch(look)
        builder.position_at_end(look)
        tried = builder.phi(COUNT)
        tried.add_incoming(COUNT(0), start)
        part = builder.urem(builder.add(own, tried), COUNT(count))
        was_taken = builder.atomic_rmw("xchg", builder.gep(taken, [part]), COUNT(1), "monotonic")
        builder.cbranch(builder.icmp_unsigned("==", was_taken, COUNT(0)), take, again)
        builder.position_at_end(take)
        which = builder.switch(part, done)
        for number, (compiled, args) in enumerate(parts):
            block = run.append_basic_block()
            which.add_case(COUNT(number), block)
            builder.position_at_end(block)
            status = call_constant(builder, compiled, args, places)
            with builder.if_then(builder.icmp_signed("!=", status, STATUS(OK))):
                builder.store(status, failed)
            builder.branch(done)
        builder.position_at_end(done)
        builder.atomic_rmw("add", finished, COUNT(1), "release")
        builder.branch(again)
        builder.position_at_end(again)
        more = builder.add(tried, COUNT(1))
        tried.add_incoming(more, again)
        builder.cbranch(builder.icmp_unsigned("<", more, COUNT(count)), look, wait)
        builder.position_at_end(wait)
        _wait(module, builder, finished, count, after)
        builder.position_at_end(after)
    builder.ret(builder.load(failed))
    return module


def _wait(module: ir.Module, builder: ir.IRBuilder, finished: Any, count: int, after: ir.Block) -> None:
    """Wait until all parts are finished, then go on at `after`."""
    start, run = builder.block, builder.function
    check, spin, offer = (run.append_basic_block() for _ in range(3))
    builder.branch(check)
    builder.position_at_end(check)
    spins = builder.phi(COUNT)
    spins.add_incoming(COUNT(1), start)
    ready = builder.icmp_signed(">=", builder.load_atomic(finished, "acquire", 8), COUNT(count))
    builder.cbranch(ready, after, spin)
    builder.position_at_end(spin)
    if X86:
        builder.call(module.declare_intrinsic("llvm.x86.sse2.pause", fnty=ir.FunctionType(ir.VoidType(), [])), [])
    more = builder.add(spins, COUNT(1))
    spins.add_incoming(more, spin)
    builder.cbranch(builder.icmp_signed("<", spins, COUNT(SPINS)), check, offer)
    builder.position_at_end(offer)
    builder.call(builder.inttoptr(ADDRESS(_offer_core()), ir.FunctionType(STATUS, []).as_pointer()), [])
    spins.add_incoming(COUNT(1), offer)
    builder.branch(check)


def _offer_core() -> int:
    """The address of the system's function that lets another thread have this core."""
    if sys.platform == "win32":
        function = ctypes.windll.kernel32.SwitchToThread
    else:
        function = ctypes.CDLL(None).sched_yield
    return ctypes.cast(function, ctypes.c_void_p).value or 0
