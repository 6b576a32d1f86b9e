"""Which instructions this CPU has for products of bfloat16 numbers, and the system's leave to use them.

LLVM's name of the CPU can be wrong in a virtual machine. So only its features count.
"""

import ctypes
import errno
import os
import platform
import sys
from functools import cache

from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES, cpu_features

# From the fastest. Only the first two are instructions of a CPU for this; the last one widens numbers to float32.
UNITS = {
    "amx": "AMX (tdpbf16ps)",
    "avx512": "AVX512-BF16 (vdpbf16ps)",
    "plain": "none: neither AMX nor AVX512-BF16",
}
# arch_prctl of Linux on x86-64, what it is asked for, and the registers: the data of AMX's tiles.
ARCH_PRCTL, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA = 158, 0x1023, 18
# What Linux means where its own words mislead: a signal saves the registers on the stack that sigaltstack has set.
REASONS = {errno.ENOSPC: "a thread's signal stack is too small", errno.ENOMEM: "no memory is left for them"}
WAYS_OUT = {
    REASONS[errno.ENOSPC]: "give sigaltstack at least getauxval(AT_MINSIGSTKSZ) bytes",
    REASONS[errno.ENOMEM]: "end other programs, or raise the limit of memory",
}


def has_amx(features: set[str]) -> bool:
    """Whether the CPU has AMX for bfloat16."""
    return {"amx-tile", "amx-bf16", "avx512f"} <= features and VECTOR_BYTES == 64


@cache
def amx_refusal() -> str:
    """Ask the operating system for AMX's registers; why it refuses them, or "". It is asked once in a process.

    Call it before the first tile, on a CPU that has AMX: without leave the first instruction ends the process.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return f"{platform.system()} on {platform.machine()} has no call for it"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ARCH_PRCTL, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0:
        return ""
    number = ctypes.get_errno()
    return REASONS.get(number) or os.strerror(number)


def refusal() -> str:
    """Why the system refuses AMX's registers where the CPU has AMX, or ""."""
    return amx_refusal() if has_amx(cpu_features()) else ""


def unit() -> str:
    """The fastest of `UNITS` that can run here."""
    features = cpu_features()
    if has_amx(features) and not amx_refusal():
        return "amx"
    return "avx512" if "avx512bf16" in features and VECTOR_BYTES == 64 else "plain"


def describe() -> str:
    """One sentence part for people: the unit, and why AMX is not it where the CPU has AMX."""
    refused = refusal()
    if not refused:
        return UNITS[unit()]
    way_out = WAYS_OUT.get(refused, "it takes Linux 5.16, and a container that allows arch_prctl")
    return f"{UNITS[unit()]}; the CPU has AMX, but the system refuses its registers ({refused}): {way_out}"
