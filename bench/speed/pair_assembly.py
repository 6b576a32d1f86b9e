"""The bfloat16 tiles as assembly of a CPU that has their instructions. Nothing of it runs, so any CPU will do.

`python -m fastcnn.bench.speed.pair_assembly` prints the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from fastcnn.bench.report import markdown
from fastcnn.bench.speed.cross import assemble

TRIPLE, CPU = "x86_64-unknown-linux-gnu", "x86-64"
FEATURES = "+avx512f,+avx512bw,+avx512dq,+avx512vl,+avx512bf16,+amx-tile,+amx-bf16"
# What a tile's arguments are; the others are int64.
POINTERS = {
    "out": "float",
    "bias": "float",
    "addend": "float",
    "x": "pair",
    "w": "pair",
    "x_taps": "int",
    "w_taps": "int",
}
LABEL = re.compile(r"^(\.?\w+):", re.MULTILINE)
JUMP = re.compile(r"\bj\w+\s+(\.?\w+)")


@dataclass(frozen=True)
class Row:
    """What was counted in the assembly of one tile of the largest size. LLVM may have unrolled the loop."""

    tile: str
    instruction: str  # of the products
    registers: str  # of the kind that holds the sums
    products: int  # instructions in the innermost loop
    loads: int  # of such registers in the same loop, those that are operands of other instructions too
    spills: int  # moves of whole registers to or from the stack in that loop


def _module(emit: Callable[[Any, Any], None]) -> str:
    """A function with a tile's arguments, in LLVM's language."""
    import llvmlite.ir as ir

    from fastcnn.kernels.cpu.tiles.pairs import twin
    from fastcnn.kernels.cpu.tiles.parts import Arguments

    elements = {"float": ir.FloatType(), "pair": ir.IntType(16), "int": ir.IntType(64)}
    names = twin.__code__.co_varnames[: twin.__code__.co_argcount]
    kinds = [
        elements[POINTERS[name]].as_pointer() if name in POINTERS else elements["float" if name == "floor" else "int"]
        for name in names
    ]
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), "tile")
    builder = ir.IRBuilder(function.append_basic_block())
    emit(builder, Arguments(**dict(zip(names, function.args, strict=True))))
    builder.ret_void()
    return str(module)


def assembly(emit: Callable[[Any, Any], None]) -> str:
    """The assembly of the tile that emit(builder, arguments) emits."""
    return assemble([_module(emit)], TRIPLE, CPU, FEATURES)


def innermost_loop(text: str, instruction: str) -> list[str]:
    """The lines of the shortest loop with the most of an instruction, of the loops that hold no other loop."""
    lines = text.splitlines()
    labels = {match[1]: i for i, line in enumerate(lines) if (match := LABEL.match(line))}
    jumps = [(labels.get(match[1], i), i) for i, line in enumerate(lines) if (match := JUMP.search(line))]
    loops = [(start, end) for start, end in jumps if start < end]
    inner = [
        lines[start : end + 1]
        for start, end in loops
        if not any(start <= first and last < end for first, last in loops)
    ]
    return max(inner, key=lambda loop: (sum(instruction in line for line in loop), -len(loop)))


def _row(tile: str, instruction: str, kind: str, emit: Callable[[Any, Any], None]) -> Row:
    text = assembly(emit)
    loop = innermost_loop(text, instruction)
    used = {int(number) for number in re.findall(rf"%{kind}(\d+)", text)}
    return Row(
        tile,
        instruction,
        f"{len(used)} of {32 if kind == 'zmm' else 8} {kind}",
        sum(instruction in line for line in loop),
        sum(kind in line and "(" in line for line in loop),
        sum(kind in line and "(%rsp)" in line for line in loop),
    )


def rows() -> list[dict[str, Any]]:
    """One `Row` for each tile, as a dictionary."""
    import llvmlite.ir as ir

    from fastcnn.kernels.cpu.tiles import amx, pairs, sums

    vtype = ir.VectorType(ir.FloatType(), 16)
    size = [(12, sums.TILE_VECTORS)]

    def amx_task(builder: Any, a: Any) -> None:
        amx.INSTRUCTIONS.configure(builder)
        amx.emit(builder, a, amx.INSTRUCTIONS)
        amx.INSTRUCTIONS.release(builder)

    tiles = (
        _row("amx", "tdpbf16ps", "tmm", amx_task),
        _row("avx512", "vdpbf16ps", "zmm", lambda b, a: sums.code(b, a, vtype, size, pairs.AVX512_TERMS)),
        _row("plain", "vfmadd", "zmm", lambda b, a: sums.code(b, a, vtype, size, pairs.PLAIN_TERMS)),
    )
    return [asdict(row) for row in tiles]


def table(counted: list[dict[str, Any]]) -> str:
    """A line for each tile."""
    columns = ("tile", "instruction", "registers", "products in the loop", "loads", "spills")
    return markdown.table(columns, [tuple(map(str, row.values())) for row in counted])


if __name__ == "__main__":
    print(table(rows()), end="")
