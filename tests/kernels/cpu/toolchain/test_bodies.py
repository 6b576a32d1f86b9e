"""Only the last of the three libraries that Numba makes of a parallel kernel becomes machine code."""

import pytest

PROGRAM = """
import numba
import numpy as np
from numba.core.codegen import JITCodeLibrary
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel
from fastcnn.kernels.threads import set_threads

made = []
finalize = JITCodeLibrary._finalize_specific

def noted(library):
    made.append(library.name)
    finalize(library)

JITCodeLibrary._finalize_specific = noted

@inner
def twice(number):
    return 2 * number

def doubled(out, x):
    for i in numba.prange(len(x)):
        out[i] = twice(x[i])
    for i in numba.prange(len(x)):
        out[i] += 1

def names(run):
    made.clear()
    out = np.zeros(1000)
    run(out, np.arange(1000.0))
    assert (out == 2 * np.arange(1000) + 1).all()
    return "body" if any("__numba_parfor_gufunc" in name for name in made) else "", made.count("doubled")

set_threads(2)
print(*names(kernel(doubled)))
print(*names(numba.njit(parallel=True)(doubled)))
"""


@pytest.mark.slow
def test_a_body_has_no_machine_code_of_its_own_and_other_programs_kernels_are_compiled_as_ever(run_python, tmp_path):
    source = tmp_path / "bodies.py"
    source.write_text(PROGRAM)
    done = run_python(source, env={"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "NUMBA_DISABLE_JIT": None})
    assert done.stdout == " 1\nbody 1\n"
