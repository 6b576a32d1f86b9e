"""Turn the body of a parallel loop into machine code once, not four times.

Numba makes four libraries of a kernel with `prange`: the loop's body, two wrappers of it, and the function that starts
the threads. It links each into the next one, and makes machine code of each. Only that of the last one ever runs, and
only that is kept on disk. Machine code of register tiles takes most of the time of a compilation.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

LINKED = "__numba_parfor_gufunc", "_GufuncWrapper", "parallelgufuncwrapper"  # in the names of these libraries
FROM_PYTHON = "wrapper", "cfunc_wrapper"  # modules by which Python and C would call a body


class _Linked(JITCodeLibrary):  # type: ignore[misc]  # Numba is not typed
    """Code that is only linked into another library, which optimises it: it has no addresses."""

    def add_ir_module(self, ir_module: Any) -> None:
        if ir_module.name not in FROM_PYTHON:
            super().add_ir_module(ir_module)

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


@contextmanager
def compiled_once() -> Iterator[None]:
    """While kernels are compiled inside, Numba makes no machine code of bodies and of their wrappers.

    The compiler is locked meanwhile, so that nothing changes for code that other threads compile.
    """
    with global_compiler_lock:
        codegen = cpu_target.target_context.codegen()
        make, place = codegen.create_library, codegen.set_env
        waiting: list[tuple[str, Any]] = []

        def create_library(name: str, **options: Any) -> Any:
            linked = any(part in name for part in LINKED)
            return _Linked(codegen, name, **options) if linked else make(name, **options)

        def set_env(name: str, env: Any) -> None:
            if codegen._engine.is_symbol_defined(name):
                place(name, env)
            else:  # of a body: it has a place as soon as its kernel has machine code
                waiting.append((name, env))

        codegen.create_library, codegen.set_env = create_library, set_env
        try:
            yield
        finally:
            codegen.create_library, codegen.set_env = make, place
            for name, env in waiting:
                if codegen._engine.is_symbol_defined(name):
                    place(name, env)
