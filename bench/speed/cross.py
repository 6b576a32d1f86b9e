"""Compile the kernels of a training to AArch64 assembly. They do not run on that processor.

Run this program in a new process with an empty kernel cache: `python -m fastcnn.bench.speed.cross`. The kernels use the
16-byte registers of NEON. They run one training step on this machine, so Numba compiles the needed signatures. Then
LLVM compiles the same code again, for AArch64. The program prints JSON.
"""

from __future__ import annotations

import json
import re
from typing import Any
from unittest import mock

TRIPLE = "aarch64-unknown-linux-gnu"
CPU, FEATURES = "generic", "+neon"
# The instruction of a register tile there, and one that must not occur: a call of C's fma for each element.
VECTOR_FMA = re.compile(r"\bfmla\s+v\d+\.(?:4s|2d)")
SCALAR_CALL = re.compile(r"\bbl\s+fmaf?\b")


def _import_with_neon() -> None:
    import platform

    import numba  # noqa: F401  # asks for the machine too, and must be told the truth

    with mock.patch.object(platform, "machine", lambda: "aarch64"):
        from fastcnn.kernels.cpu.toolchain import vector
    assert (vector.VECTOR_BYTES, vector.REGISTERS) == (16, 32)


def _train_one_step() -> None:
    from fastcnn import Trainer, kernels, load_mnist, optim, paper_network
    from fastcnn.kernels.threads import set_threads

    set_threads(1)
    kernels.use("cpu")
    (images, labels), _ = load_mnist(normalize=False)
    Trainer(paper_network(seed=0), optim.Adam()).step(images[:32], labels[:32])


def _keep_modules(kept: dict[str, list[str]]) -> None:
    """From now on keep each module that Numba gives to LLVM, before it is optimised for this processor."""
    from numba.core.codegen import CPUCodeLibrary

    add = CPUCodeLibrary.add_ir_module

    def keep_and_add(library: Any, module: Any) -> None:
        kept.setdefault(library.name, []).append(str(module))
        add(library, module)

    CPUCodeLibrary.add_ir_module = keep_and_add


def assemble(texts: list[str], triple: str = TRIPLE, cpu: str = CPU, features: str = FEATURES) -> str:
    """Optimised assembly, of AArch64 if nothing else is named, of modules in LLVM's language, linked into one."""
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu=cpu, features=features, opt=3)
    parsed = []
    for text in texts:
        own = [line for line in text.splitlines() if not line.startswith(("target triple", "target datalayout"))]
        parsed.append(llvm.parse_assembly("\n".join(own)))
        parsed[-1].triple, parsed[-1].data_layout = triple, str(machine.target_data)
    module = parsed[0]
    for other in parsed[1:]:
        module.link_in(other)
    module.verify()
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(module, passes)
    return str(machine.emit_assembly(module))


def main() -> None:
    modules: dict[str, list[str]] = {}
    _import_with_neon()
    _keep_modules(modules)
    _train_one_step()
    rows = []
    for name, texts in modules.items():
        if not name.isidentifier() or "gufunc" in name or name == "nrt":
            continue  # a module of Numba
        assembly = assemble(texts)
        rows.append(
            {
                "kernel": name,
                "lines": assembly.count("\n"),
                "vector_fma": len(VECTOR_FMA.findall(assembly)),
                "calls_of_fma": len(SCALAR_CALL.findall(assembly)),
            }
        )
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
