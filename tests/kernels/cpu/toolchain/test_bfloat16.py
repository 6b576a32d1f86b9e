"""Which of the three units a CPU has, by its features, and what is said where the system refuses AMX."""

import ctypes
import errno

import pytest

from fastcnn.kernels.cpu.toolchain import bfloat16

AVX512 = {"avx512f", "avx512bf16"}
AMX = AVX512 | {"amx-tile", "amx-bf16"}


@pytest.fixture
def cpu(monkeypatch):
    """A CPU with these features and vectors of 64 bytes; refusal is the system's answer."""

    def features(names, refusal="", vector_bytes=64):
        monkeypatch.setattr(bfloat16, "cpu_features", lambda: set(names))
        monkeypatch.setattr(bfloat16, "amx_refusal", lambda: refusal)
        monkeypatch.setattr(bfloat16, "VECTOR_BYTES", vector_bytes)

    return features


@pytest.mark.parametrize(
    ("names", "unit"),
    [
        (AMX, "amx"),
        (AVX512, "avx512"),
        ({"avx512f"}, "plain"),
        ({"avx2", "fma"}, "plain"),
        (AMX - {"amx-bf16"}, "avx512"),  # tiles for 8-bit numbers only
    ],
)
def test_the_unit_follows_the_features(cpu, names, unit):
    cpu(names)
    assert bfloat16.unit() == unit
    assert bfloat16.describe() == bfloat16.UNITS[unit]


def test_kernels_of_narrow_vectors_have_no_unit(cpu):
    """As where NUMBA_CPU_FEATURES leaves out AVX-512."""
    cpu(AMX, vector_bytes=32)
    assert bfloat16.unit() == "plain"


def test_a_refused_amx_is_said_and_is_not_used(cpu):
    cpu(AMX, refusal="Operation not permitted")
    assert bfloat16.unit() == "avx512"
    said = bfloat16.describe()
    assert said.startswith(bfloat16.UNITS["avx512"])
    assert "the CPU has AMX, but the system refuses its registers (Operation not permitted)" in said
    assert len(said) <= 200 and "\n" not in said


@pytest.mark.parametrize(
    ("refusal", "way_out"),
    [
        ("a thread's signal stack is too small", "give sigaltstack at least"),
        ("no memory is left for them", "end other"),
    ],
)
def test_a_refusal_for_want_of_room_says_what_helps(cpu, refusal, way_out):
    cpu(AMX, refusal=refusal)
    said = bfloat16.describe()
    assert f"refuses its registers ({refusal}): {way_out}" in said
    assert len(said) <= 200 and "arch_prctl" not in said


class Libc:
    """C's library whose system call fails with this number, or does not."""

    def __init__(self, number):
        self.number, self.calls = number, []

    def syscall(self, *arguments):
        self.calls.append(arguments)
        ctypes.set_errno(self.number)
        return -1 if self.number else 0


@pytest.mark.parametrize(
    ("number", "refusal"),
    [
        (0, ""),
        (errno.EPERM, "Operation not permitted"),
        (errno.EINVAL, "Invalid argument"),
        (errno.ENOSPC, "a thread's signal stack is too small"),  # Linux would say that a device has no space left
        (errno.ENOMEM, "no memory is left for them"),
    ],
)
def test_leave_is_asked_once(monkeypatch, number, refusal):
    libc = Libc(number)
    monkeypatch.setattr(bfloat16.sys, "platform", "linux")
    monkeypatch.setattr(bfloat16.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(bfloat16.ctypes, "CDLL", lambda name, use_errno: libc)
    bfloat16.amx_refusal.cache_clear()
    try:
        assert [bfloat16.amx_refusal(), bfloat16.amx_refusal()] == [refusal, refusal]
    finally:
        bfloat16.amx_refusal.cache_clear()
    # arch_prctl on x86-64, ARCH_REQ_XCOMP_PERM, and the number of the tiles' data in the register XCR0
    assert libc.calls == [(158, 0x1023, 18)]


def test_other_systems_have_no_leave_to_give(monkeypatch):
    monkeypatch.setattr(bfloat16.sys, "platform", "darwin")
    bfloat16.amx_refusal.cache_clear()
    try:
        assert "no call" in bfloat16.amx_refusal()
    finally:
        bfloat16.amx_refusal.cache_clear()
