"""The command's arguments and errors, what is kept, and the processes that measure."""

import ast
import json
import subprocess
import sys
from contextlib import contextmanager

import pytest

from fastcnn.__main__ import main
from fastcnn.bench import command, options
from fastcnn.bench.harness import processes, record
from fastcnn.bench.harness.benchmarks import BENCHMARKS
from fastcnn.bench.harness.timing import Rival
from fastcnn.bench.harness.worker import Worker
from fastcnn.bench.speed.neighbour import busy_process, measure
from fastcnn.bench.speed.scaling import crossover
from fastcnn.errors import FastcnnError
from fastcnn.zoo.networks import NAMED
from fastcnn.zoo.recipes import RECIPES
from tests.test_house import SOURCES


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bench", "nonsense"], "there is no benchmark 'nonsense'; fastcnn bench --help names them"),
        (["bench", "layers", "--threads", "9999"], "--threads must be at most"),
    ],
)
def test_wrong_arguments_are_one_line(arguments, message, capsys):
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1


def test_a_frozen_program_has_no_python_to_measure_with(monkeypatch, capsys):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(command, "measure", lambda *_: pytest.fail("measured in vain"))
    assert main(["bench", "profile", "--quick"]) == 1
    err = capsys.readouterr().err
    assert "run them where fastcnn is installed" in err and err.count("\n") == 1


@pytest.mark.parametrize("text", ["0", "1,", "a", "-1", "1.5"])
def test_wrong_thread_counts_are_refused(text, capsys):
    with pytest.raises(SystemExit) as error:
        main(["bench", f"--threads={text}"])
    assert error.value.code == 2 and "whole numbers from 1" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["layers"], ["refusal", "--quick"], ["tables"]])
def test_missing_plots_are_told_before_anything_is_measured(arguments, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(command, "PLOTTING", "no_such_module")
    monkeypatch.setattr(command, "measure", lambda *_: pytest.fail("measured in vain"))
    assert main(["bench", *arguments, "--out", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert "no_such_module is missing; install the extra" in err and err.count("\n") == 1


def test_tables_of_no_results_are_an_error(tmp_path, capsys):
    assert main(["bench", "tables", "--out", str(tmp_path / "none")]) == 1
    assert "there are no results" in capsys.readouterr().err


@pytest.mark.parametrize("text", ['{"a', "[1]", "3", '{"rows": []}'])
def test_a_damaged_record_is_named(text, tmp_path, capsys):
    path = tmp_path / "rivals.json"
    path.write_text(text)
    assert main(["bench", "tables", "--out", str(tmp_path)]) in (1, 2)
    err = capsys.readouterr().err
    assert "rivals.json" in err and err.count("\n") == 1
    with pytest.raises(FastcnnError, match=r"rivals.json is no record of a benchmark; remove it, or measure again"):
        record.read(tmp_path)


def _recorded(monkeypatch, tmp_path):
    """Run `bench profile` without measuring, into a folder of the test; the names of what is kept."""
    monkeypatch.setattr(command, "measure", lambda name, settings: {"benchmark": name, "elapsed_s": 1.0})
    monkeypatch.setattr(command, "_publish", lambda folder: None)
    monkeypatch.setattr(record, "results_folder", lambda: tmp_path / "results")
    return lambda: sorted(path.name for path in (tmp_path / "results").glob("*"))


@pytest.mark.parametrize(
    "options", [["profile", "--quick"], ["layers", "--only=28"], ["kernels", "--cpu-name=haswell"]]
)
def test_a_partial_run_keeps_nothing(options, monkeypatch, tmp_path):
    kept = _recorded(monkeypatch, tmp_path)
    assert main(["bench", *options]) == 0
    assert kept() == []


def test_a_full_run_is_kept_and_given_as_json(monkeypatch, tmp_path):
    kept = _recorded(monkeypatch, tmp_path)
    assert main(["bench", "profile", "--json", str(tmp_path / "all.json")]) == 0
    assert kept() == ["profile.json"]
    assert list(json.loads((tmp_path / "all.json").read_text())) == ["profile"]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_has_a_module_that_measures_and_tabulates(name):
    module = BENCHMARKS[name].load()
    assert callable(module.run) and callable(module.tabulate)
    assert ("only" in BENCHMARKS[name].takes) == hasattr(module, "case_names")
    assert set(BENCHMARKS[name].takes) <= set(options.OPTIONS)


def test_no_code_spells_out_a_second_list_of_benchmarks():
    found = [
        f"{path.name}:{node.lineno}"
        for path in SOURCES
        if path.name not in ("benchmarks.py", "plots.py")  # most have no plot
        for code in [path.read_text(encoding="utf-8")]
        if sum(f'"{name}"' in code for name in BENCHMARKS) > 2  # most have few, which is seen without parsing them
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict)
        and len({each.value for each in ast.iter_child_nodes(node) if isinstance(each, ast.Constant)} & {*BENCHMARKS})
        > 2
    ]
    assert found == []


def test_record_holds_what_the_numbers_depend_on():
    machine = record.machine()
    assert {"processor", "physical_cores", "numpy", "numba", "torch", "commit", "threading_layer"} <= set(machine)
    assert "kernel_cache_folder" not in machine  # a user's folder


def test_records_come_back_as_they_were_written(tmp_path):
    record.write(tmp_path / "new", "layers", {"result": [1, 2.5, "µs"]})
    assert record.read(tmp_path / "new") == {"layers": {"result": [1, 2.5, "µs"]}}


def test_a_program_that_fails_says_why():
    with pytest.raises(FastcnnError, match="status 3: the reason"):
        processes.run_python(["-c", "import sys; print('the reason', file=sys.stderr); sys.exit(3)"])


def test_a_program_is_timed_from_start_to_exit():
    ended = processes.run_python(["-c", "import time; time.sleep(0.3); print('done')"])
    assert ended.stdout == "done\n" and 0.3 < ended.elapsed_s < 5


def test_own_settings_do_not_reach_programs(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")
    found = processes.environment(FASTCNN_NUM_THREADS="2")
    assert "OPENBLAS_NUM_THREADS" not in found and "NUMBA_NUM_THREADS" not in found
    assert found["FASTCNN_NUM_THREADS"] == "2"


def test_worker_times_in_its_own_process_and_reports_errors():
    with Worker() as worker:
        (rival,) = worker.build("speed.neighbour.entries", threads=(1,))
        assert rival.name == "fastcnn, 1"
        assert all(sample > 0 for sample in rival.turn(0.01))
        with pytest.raises(FastcnnError, match="AttributeError on the other side"):
            worker.build("speed.neighbour.nonsense")
        with pytest.raises(FastcnnError, match="nonsense is missing"):
            worker.build("nonsense.entries")


def test_neighbour_is_there_in_every_second_turn(monkeypatch):
    running = []

    @contextmanager
    def neighbour():
        running.append("busy")
        yield
        running.pop()

    seen = []
    monkeypatch.setattr("fastcnn.bench.speed.neighbour.busy_process", neighbour)
    found = measure([Rival("r", lambda turn_s: seen.append(len(running)) or [1.0 + len(running)])], 2, 0.0)
    assert seen == [0, 1, 0, 1]
    assert (found["r"]["alone"].samples, found["r"]["beside"].samples) == ((1.0, 1.0), (2.0, 2.0))


def test_busy_process_runs_and_ends(monkeypatch):
    started = []
    original = subprocess.Popen

    def popen(*args, **options):
        started.append(original(*args, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", popen)
    with busy_process():
        assert started[0].poll() is None
    assert started[0].poll() is not None


def test_crossover_is_where_two_threads_stay_faster():
    def row(size, one, two):
        return {"size": size, "training, 1": {"median_s": one}, "training, 2": {"median_s": two}}

    rows = [row(1, 1, 2), row(2, 2, 1), row(4, 1, 2), row(8, 2, 1), row(16, 2, 1)]
    assert crossover(rows, "training") == 8
    assert crossover(rows[:3], "training") is None


def test_speedrun_is_a_recipe_of_the_paper_network():
    assert NAMED["speedrun"].make is NAMED["paper"].make
    assert RECIPES["speedrun"].epochs < RECIPES["paper"].epochs
