"""Thread counts are obeyed everywhere, and kernels survive several Python threads on each of Numba's layers."""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from pathlib import Path

import pytest
import threadpoolctl

from fastcnn.commands.info import collect, render
from fastcnn.kernels import threads as implementation
from fastcnn.kernels.threads import limit, physical_cores, set_threads, threads

PROGRAMS = Path(__file__).parent / "programs"
CLEAN = {
    "FASTCNN_NUM_THREADS": None, "OMP_NUM_THREADS": None, "NUMBA_NUM_THREADS": None, "OPENBLAS_NUM_THREADS": None,
}  # fmt: skip

REPORT_COUNTS = """
import json, sys
import numpy, scipy.linalg, threadpoolctl
import fastcnn.kernels as kernels
from fastcnn.threads import set_threads, threads
if len(sys.argv) > 1:
    set_threads(int(sys.argv[1]))
kernels.backend()
from fastcnn.kernels.cpu.toolchain.jit import parallel_lock
import numba
with parallel_lock:
    inside = numba.get_num_threads()
blas = [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
print(json.dumps({"threads": threads(), "numba": inside, "blas": blas}))
"""


def _tbb_library() -> Path:
    files = importlib.metadata.files("tbb") or []
    return next(Path(file.locate()).resolve() for file in files if file.name == "libtbb.so.12")


@pytest.fixture
def default_threads():
    """Leave the number of threads as it was found."""
    yield
    implementation._in_force = None
    implementation._limit_blas(physical_cores())


@pytest.fixture(params=["omp", "workqueue", "tbb"])
def layer(request):
    """Each of Numba's threading layers: its name, and the environment that chooses it."""
    env = {**CLEAN, "NUMBA_THREADING_LAYER": request.param}
    if request.param == "tbb":
        if sys.platform != "linux":
            pytest.skip("the library is preloaded as Linux does it")
        env["LD_PRELOAD"] = str(_tbb_library())
    return request.param, env


@pytest.mark.slow
def test_python_threads_may_run_kernels_at_once(layer, run_python):
    name, env = layer
    result = json.loads(run_python(PROGRAMS / "concurrent_kernels.py", env=env).stdout)
    assert result == {"layer": name, "right": 4 * 50, "counts": [2]}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not fork beside threads, or have another OpenMP")
def test_fork_beside_running_kernels_computes_or_is_refused_but_never_hangs(layer, run_python):
    name, env = layer
    # On its own account TBB prints a warning at each fork, before or after the program's line.
    lines = run_python(PROGRAMS / "forked_kernels.py", env=env).stdout.splitlines()
    results = json.loads(next(line for line in lines if line.startswith("{")))
    if name != "workqueue":
        ((said, count),) = results.items()
        assert count == 5
        assert "cannot run in a process forked" in said
        assert "'spawn'" in said
    else:
        assert results == {"right": 5}


@pytest.mark.parametrize("n", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_argument_is_obeyed_by_numba_and_both_blas(n, run_python):
    result = json.loads(run_python(REPORT_COUNTS, str(n), env=CLEAN).stdout)
    assert result["threads"] == result["numba"] == n
    assert len(result["blas"]) == 2  # NumPy's copy and SciPy's
    assert set(result["blas"]) == {n}


def test_environment_is_obeyed_by_numba_and_both_blas(run_python):
    result = json.loads(run_python(REPORT_COUNTS, env={**CLEAN, "FASTCNN_NUM_THREADS": "3"}).stdout)
    assert result == {"threads": 3, "numba": 3, "blas": [3, 3]}


@pytest.fixture
def undecided(monkeypatch, default_threads):
    """As in a process that has not asked for the number of threads yet."""
    monkeypatch.setattr(implementation, "_in_force", None)
    for name in CLEAN:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.slow
def test_the_variable_of_openmp_is_obeyed_by_numba_and_both_blas(run_python):
    result = json.loads(run_python(REPORT_COUNTS, env={**CLEAN, "OMP_NUM_THREADS": "3,2"}).stdout)
    assert result == {"threads": 3, "numba": 3, "blas": [3, 3]}


@pytest.mark.parametrize(("value", "count"), [("3", 3), ("1", 1), (" 2 ", 2), ("3,2", 3), ("999", 4)])
def test_the_variable_of_openmp_counts_at_its_first_number_up_to_the_limit(value, count, undecided, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    monkeypatch.setattr(implementation, "limit", lambda: 4)
    assert threads() == count


@pytest.mark.slow
def test_own_variable_wins_over_that_of_openmp(run_python):
    env = {**CLEAN, "FASTCNN_NUM_THREADS": "2", "OMP_NUM_THREADS": "3"}
    assert json.loads(run_python(REPORT_COUNTS, env=env).stdout) == {"threads": 2, "numba": 2, "blas": [2, 2]}
    assert json.loads(run_python(REPORT_COUNTS, "1", env=env).stdout)["threads"] == 1


def test_nonsense_for_openmp_is_ignored_with_a_word(run_python):
    program = "from fastcnn.threads import source, threads; print(threads(), source()); threads()"
    done = run_python(program, env={**CLEAN, "OMP_NUM_THREADS": "two"})
    assert done.stdout == f"{physical_cores()} physical cores\n"
    assert done.stderr.count("OMP_NUM_THREADS is ignored: it must begin with a whole number from 1") == 1


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", ",2"])
def test_no_number_for_openmp_is_ignored_and_named_once(value, undecided, monkeypatch, caplog):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert threads() == threads() == physical_cores()
    (told,) = caplog.messages
    assert told.startswith("OMP_NUM_THREADS is ignored: it must begin with a whole number from 1") and value in told


@pytest.mark.parametrize(
    ("env", "source"),
    [
        ({"FASTCNN_NUM_THREADS": "2", "OMP_NUM_THREADS": "1"}, "FASTCNN_NUM_THREADS"),
        ({"OMP_NUM_THREADS": "2"}, "OMP_NUM_THREADS"),
        ({}, "physical cores"),
    ],
)
def test_info_says_where_the_number_comes_from(env, source, undecided, monkeypatch):
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    facts = collect()
    assert re.search(rf"^threads from +{source}$", render(facts), re.MULTILINE)
    assert facts["threads"] == (2 if env else physical_cores())


def test_a_blas_loaded_later_obeys_too(run_python):
    program = """
import fastcnn.threads, threadpoolctl
fastcnn.threads.set_threads(1)
import numpy, scipy.linalg
print([pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"])
"""
    assert run_python(program, env=CLEAN).stdout.split() == ["[1,", "1]"]


@pytest.mark.slow
def test_argument_wins_over_environment(run_python):
    result = json.loads(run_python(REPORT_COUNTS, "2", env={**CLEAN, "FASTCNN_NUM_THREADS": "1"}).stdout)
    assert result["threads"] == result["numba"] == 2


def test_the_callers_own_numba_threads_are_put_back(run_python):
    program = """
import numba
from fastcnn.threads import set_threads
from fastcnn.kernels.cpu.toolchain.jit import parallel_lock
set_threads(3)
numba.set_num_threads(2)
with parallel_lock:
    with parallel_lock:
        assert numba.get_num_threads() == 3
    assert numba.get_num_threads() == 3
print(numba.get_num_threads())
"""
    env = {**CLEAN, "NUMBA_NUM_THREADS": "4"}
    assert run_python(program, env=env).stdout.strip() == "2"


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", "100000"])
def test_bad_environment_is_one_sentence(value, monkeypatch, default_threads):
    monkeypatch.setattr(implementation, "_in_force", None)
    monkeypatch.setenv("FASTCNN_NUM_THREADS", value)
    with pytest.raises(ValueError, match=r"FASTCNN_NUM_THREADS must be a whole number from 1 to \d+, not "):
        threads()


@pytest.mark.parametrize("n", [0, -1, 1.0, True, "2", None, 100_000])
def test_bad_count_is_refused(n, default_threads):
    with pytest.raises(ValueError, match="threads must be a whole number from 1 to"):
        set_threads(n)


@pytest.mark.slow
def test_at_least_four_threads_may_be_asked_for_on_any_machine(run_python):
    program = "import fastcnn.kernels.cpu, numba; from fastcnn.threads import limit; print(limit())"
    assert int(run_python(program, env=CLEAN).stdout) >= 4


def test_users_numba_limit_is_respected(run_python):
    program = "from fastcnn.threads import limit, set_threads; print(limit()); set_threads(3)"
    done = run_python(program, env={**CLEAN, "NUMBA_NUM_THREADS": "2"}, check=False)
    assert done.stdout.strip() == "2"
    assert done.stderr.strip().splitlines()[-1].startswith("ValueError: threads must be a whole number from 1 to 2")


@pytest.mark.parametrize("value", ["0", "-1", "two"])
def test_bad_numba_limit_is_one_sentence(value, run_python):
    done = run_python("import fastcnn.kernels.cpu", env={**CLEAN, "NUMBA_NUM_THREADS": value}, check=False)
    assert done.stderr.strip().splitlines()[-1].startswith("ValueError: NUMBA_NUM_THREADS must be a whole number")


def test_default_is_the_physical_cores_in_reach(run_python):
    program = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from fastcnn.threads import threads
print(threads())
"""
    assert run_python(program, env=CLEAN).stdout.strip() == "1"


def test_hyper_threads_count_once(monkeypatch):
    siblings = {0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}
    monkeypatch.setattr(implementation, "_allowed_cpus", lambda: {0, 1, 2, 3})
    monkeypatch.setattr(implementation, "_siblings", siblings.__getitem__)
    monkeypatch.setattr(implementation, "_granted_cores", lambda: float("inf"))
    assert physical_cores() == 2


@pytest.mark.parametrize(("granted", "cores"), [(0.5, 1), (1.5, 1), (2.0, 2), (64.0, 4)])
def test_a_containers_limit_is_rounded_down(granted, cores, monkeypatch):
    monkeypatch.setattr(implementation, "_allowed_cpus", lambda: {0, 1, 2, 3})
    monkeypatch.setattr(implementation, "_siblings", str)
    monkeypatch.setattr(implementation, "_granted_cores", lambda: granted)
    assert physical_cores() == cores


def test_set_threads_in_this_process(default_threads):
    set_threads(1)
    assert threads() == 1
    assert all(pool["num_threads"] == 1 for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas")
    assert limit() >= 1


@pytest.mark.slow
def test_openmp_waits_briefly_unless_the_user_chose(run_python):
    program = """
import os
import fastcnn.kernels.cpu
print("GOMP_SPINCOUNT" in os.environ, "libgomp" in open("/proc/self/maps").read())
"""
    assert run_python(program, env={**CLEAN, "GOMP_SPINCOUNT": None, "OMP_WAIT_POLICY": None}).stdout == "False True\n"
    assert run_python(program, env={**CLEAN, "OMP_WAIT_POLICY": "passive"}).stdout.startswith("False")
