"""`fastcnn check`: right kernels pass; a broken one is named, with the shape that it is wrong on."""

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import fastcnn
from fastcnn import kernels
from fastcnn.__main__ import main
from fastcnn.checking import ahead, bounds, check, networks, others, random_cases, table
from fastcnn.kernels import backends, cpu, reference
from fastcnn.kernels.cpu.toolchain.cache import store
from fastcnn.kernels.threads import threads
from tests.kernels.checks import running

# Of the table, where each of BUGS is wrong on one of them.
FEW = ("plain", "stride that divides", "asymmetric padding", "groups", "depthwise", "empty batch")
FEW_POOLS = ("the paper's pool", "kernel that does not divide", "overlapping", "one pixel")


@pytest.fixture
def corners(monkeypatch, one_thread):
    """Few corners of the table in float32, on the CPU, by one process and thread: each other kernel compiles long."""
    for name in ("LAYERS", "GROUPED", "POOLS"):
        monkeypatch.setattr(table, name, ())
    for name, kept in (("CORNERS", FEW), ("POOL_CORNERS", FEW_POOLS)):
        monkeypatch.setattr(table, name, [case for case in getattr(table, name) if case.name in kept])
    for module, count in ((table, 1), (others, 1), (check, 2)):  # the last one chooses between two
        monkeypatch.setattr(module, "DTYPES", (np.float32,) * count)
    monkeypatch.setattr(ahead, "physical_cores", lambda: 1)
    monkeypatch.setattr(check, "TIMED", set())
    monkeypatch.setattr(check, "networks", tuple)
    with running("cpu"):
        yield


def forgets_the_last_row(x, weight, bias, stride, padding, dilation, groups):
    out = reference.conv2d(x, weight, bias, stride, padding, dilation, groups)
    if stride[0] > 1:
        out[:, :, -1:] = 0
    return out


def takes_the_bottom_for_the_top(grad_out, weight, shape, stride, padding, dilation, groups):
    turned = padding if groups > 1 else (padding[0][::-1], padding[1])
    return reference.conv2d_grad_input(grad_out, weight, shape, stride, turned, dilation, groups)


def takes_the_first_group_for_all(grad_out, x, size, stride, padding, dilation, groups):
    out = reference.conv2d_grad_weight(grad_out, x, size, stride, padding, dilation, groups)
    return np.concatenate([out[: len(out) // groups]] * groups)


def takes_the_last_of_equal_maxima(x, size, stride, padding, dilation):
    if (x.shape, size) != ((2, 3, 7, 8), (2, 3)):
        return reference.max_pool2d(x, size, stride, padding, dilation)
    turned = np.ascontiguousarray(x[..., ::-1, ::-1])
    out, argmax = reference.max_pool2d(turned, size, stride, padding, dilation)
    return out, x.shape[2] * x.shape[3] - 1 - argmax


def keeps_one_of_overlapping_gradients(grad_out, argmax, shape):
    out = np.zeros(shape, grad_out.dtype)
    np.put_along_axis(out.reshape(*shape[:2], -1), argmax.reshape(*shape[:2], -1), grad_out.reshape(*shape[:2], -1), 2)
    return out


def rounds_to_half(cols, shape, size, stride, padding, dilation):
    return reference.col2im(cols.astype(np.float16).astype(cols.dtype), shape, size, stride, padding, dilation)


def leaves_the_rest_of_a_vector(rule, arrays, numbers):
    whole = arrays[0].size // 4 * 4 if rule == "adam" else arrays[0].size
    reference.update(rule, [array[:whole] for array in arrays], numbers)


BUGS = [
    ("conv2d", forgets_the_last_row, "conv2d", "stride=(2, 3)"),
    ("conv2d_grad_input", takes_the_bottom_for_the_top, "conv2d_grad_input", "padding=((2, 0), (1, 3))"),
    ("conv2d_grad_weight", takes_the_first_group_for_all, "conv2d_grad_weight", "grad_out (2, 9, 3, 6)"),
    ("max_pool2d", takes_the_last_of_equal_maxima, "max_pool2d", "'kernel that does not divide': x (2, 3, 7, 8)"),
    ("max_pool2d_grad", keeps_one_of_overlapping_gradients, "max_pool2d_grad", "input_shape=(2, 3, 9, 7)"),
    ("col2im", rounds_to_half, "col2im", "input_shape=(2, 3, 7, 6)"),
    ("update", leaves_the_rest_of_a_vector, "update adam", "values (37,), float32"),
]


@pytest.mark.parametrize(("function", "broken", "kernel", "shape"), BUGS, ids=[bug[1].__name__ for bug in BUGS])
def test_a_broken_kernel_is_named_with_its_shape(function, broken, kernel, shape, corners, monkeypatch):
    monkeypatch.setattr(cpu, function, broken)
    report = fastcnn.check(0)
    assert not report.passed
    assert {miss.kernel for miss in report.misses} == {kernel}
    assert any(shape in miss.case for miss in report.misses)
    assert "WRONG by" in str(report) and f"{len(report.misses)} of them WRONG" in str(report)
    assert all(miss.error > 1 for miss in report.misses)


STEP_BUGS = {
    "Dropout": (lambda x, out, *, threshold, rate: {"threshold": threshold, "rate": rate / 2}, "depthwise and grouped"),
    "AvgPool2d": (
        lambda x, out, *, divisors, **options: {**options, "divisors": divisors * 1.01},
        "activations, pools",
    ),
    "BatchNorm2d": (lambda x, out, *arrays, eps, **options: {**options, "eps": 2 * eps}, "batch normalization"),
}


@pytest.mark.slow  # compiles the steps of float64
@pytest.mark.parametrize("step", STEP_BUGS)
def test_a_broken_step_is_named_with_its_network(step, corners, monkeypatch):
    change, network = STEP_BUGS[step]
    real = getattr(cpu.steps, step)

    def broken(x, out, *arrays, **options):
        return real(x, out, *arrays, **change(x, out, *arrays, **options))

    named = [each for each in networks.networks() if each[0].startswith(network)]  # the others compile in vain
    monkeypatch.setattr(check, "networks", lambda: named)
    monkeypatch.setattr(check, "table", tuple)
    assert fastcnn.check(0).passed
    monkeypatch.setattr(cpu.steps, step, broken)
    report = fastcnn.check(0)
    assert any(miss.kernel.startswith(f"steps: {network}") for miss in report.misses)
    assert any(miss.case.startswith("logits") for miss in report.misses) or step == "Dropout"
    assert backends._mine.choice is None
    assert any("gradient of " in miss.case and "images (5, 2, 11, 9)" in miss.case for miss in report.misses)


def test_a_kernel_that_raises_is_a_miss(corners, monkeypatch):
    def fails(*arguments):
        raise IndexError("out of\nbounds")

    monkeypatch.setattr(cpu, "im2col", fails)
    report = fastcnn.check(0)
    assert {(miss.kernel, miss.reason) for miss in report.misses} == {("im2col", "(IndexError: out of bounds)")}


def test_right_kernels_pass_and_random_shapes_are_added(corners):
    before = fastcnn.check(0)
    assert before.passed and "all right" in str(before)
    assert before.random_calls == 0 and ", 0 on random shapes, all right" in str(before)
    assert ", 0 on random shapes, all right" in before._repr_html_()
    longer = fastcnn.check(0.5)
    calls = [sum(row.cases for row in report.kernels) for report in (before, longer)]
    assert longer.passed and longer.random_calls == calls[1] - calls[0] > 0
    functions = {name for name in kernels.__all__ if name not in ("active", "available", "backend", "use")}
    assert functions <= {row.name for row in before.kernels}
    assert {f"update {rule}" for rule in ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")} <= {
        row.name for row in before.kernels
    }
    assert all(0 <= row.error <= 1 and row.worst for row in before.kernels)


def test_the_backend_in_use_is_the_same_after_a_check(corners):
    fastcnn.check(0)
    assert kernels.backend() == "cpu" and backends._mine.choice is None


def test_another_backend_is_that_of_one_thread_only():
    from threading import Thread

    with running("cpu"), backends.using("reference"):
        assert kernels.backend() == "reference"
        seen = []
        thread = Thread(target=lambda: seen.append(kernels.backend()))
        thread.start()
        thread.join()
        assert seen == ["cpu"]


def test_share_of_the_bound_of_hand_made_errors():
    expected, magnitude = np.array([1.0, 2.0]), np.array([1.0, 4.0])
    eps = np.finfo(np.float64).eps
    assert bounds.share_of_bound(expected + np.array([0, 16 * eps]), expected, magnitude) == 0.5
    assert bounds.share_of_bound(expected + np.array([32 * eps, 0]), expected, magnitude) == 4
    for wrong in (expected[:1], np.array([1.0, np.nan]), np.array([np.inf, 2.0])):
        assert bounds.share_of_bound(wrong, expected, magnitude) == np.inf
    assert bounds.share_of_bound(expected, expected, 0 * magnitude) == 0
    assert bounds.share_of_bound(expected + np.array([eps, 0]), expected, 0 * magnitude) == np.inf
    assert bounds.share_of_bound(expected[:0], expected[:0], magnitude[:0]) == 0


def test_random_cases_are_valid_and_vary():
    rng = np.random.default_rng(0)
    shapes = {random_cases.random_convolution(rng).output_shape for _ in range(300)}
    pools = {random_cases.random_pooling(rng).output_shape for _ in range(300)}
    assert len(shapes) > 250 and len(pools) > 200
    assert all(min(shape[1:]) >= 1 for shape in shapes | pools)


@pytest.mark.parametrize("broken", [False, True])
def test_the_command_prints_a_table_and_its_status_says_whether_all_is_right(broken, corners, monkeypatch, capsys):
    if broken:
        monkeypatch.setattr(cpu, "conv2d", forgets_the_last_row)
    assert main(["check", "--seconds", "0", "--json", "-"]) == int(broken)
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["passed"] is not broken and found["backend"] == "cpu" and "processor" in found["info"]
    assert bool(found["misses"]) == broken
    assert [row["kernel"] for row in found["kernels"]][:2] == ["conv2d", "conv2d_grad_input"]
    assert err.startswith("kernel") and ("WRONG" in err) == broken


def test_the_help_says_what_is_compared(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["check", "--help"])
    assert stop.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "Compare every kernel of the backend in use with the reference" in text and "--seconds N" in text


@pytest.mark.parametrize("seconds", [-1, "1", float("nan"), True])
def test_wrong_seconds_are_one_sentence(seconds):
    with pytest.raises((TypeError, ValueError), match=r"^seconds must be"):
        fastcnn.check(seconds)


@pytest.mark.parametrize(("taken", "left"), [(5, 20), (35, 20), (47, 8), (55, 0), (90, 0)])
def test_without_a_time_all_ends_within_a_minute(taken, left, monkeypatch):
    clock = iter(range(1000))
    times = [0, taken]  # at the beginning, after the table; then a second for each random shape
    read = SimpleNamespace(perf_counter=lambda: times.pop(0) if times else taken + next(clock))
    monkeypatch.setattr(check, "time", read)  # not in the module itself, whose clock compilers read too
    for name in ("table", "networks"):
        monkeypatch.setattr(check, name, tuple)
    monkeypatch.setattr(check, "other_calls", lambda rng: ())
    monkeypatch.setattr(check, "DTYPES", (np.float32,) * 2)
    monkeypatch.setattr(check, "random_convolution", lambda rng: table.CORNERS[2])
    monkeypatch.setattr(check, "random_pooling", lambda rng: table.POOL_CORNERS[4])
    report = fastcnn.check()
    assert report.passed and 2 * left <= report.random_calls <= 5 * left
    assert taken <= report.seconds <= max(taken, 55) + 1


class Started:
    """What Ahead starts instead of a process."""

    def __init__(self, command, **options):
        self.command, self.ended = command, []
        Started.all.append(self)

    def kill(self):
        self.ended.append("killed")

    def wait(self):
        self.ended.append("waited for")


@pytest.fixture
def started(corners, monkeypatch):
    """The second processes that a check starts, on a machine with two cores whose cache can be written."""
    Started.all = []
    monkeypatch.setattr(ahead.subprocess, "Popen", Started)
    monkeypatch.setattr(ahead, "physical_cores", lambda: 2)
    monkeypatch.setattr(store, "writable", True)
    return Started.all


def compiles(*arguments):
    store.compiled += 1
    return reference.conv2d(*arguments)


def test_a_check_that_compiles_starts_one_second_process_and_ends_it(started, monkeypatch):
    monkeypatch.setattr(store, "compiled", store.compiled)
    monkeypatch.setattr(cpu, "conv2d", compiles)
    assert fastcnn.check(0).passed
    (process,) = started
    assert process.command[:2] == [sys.executable, "-c"] and process.ended == ["killed", "waited for"]


def test_the_second_process_ends_when_the_check_is_interrupted(started, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "compiled", store.compiled)
    monkeypatch.setattr(cpu, "conv2d", compiles)
    monkeypatch.setattr(cpu, "col2im", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fastcnn.check(0)
    assert [process.ended for process in started] == [["killed", "waited for"]]


@pytest.mark.parametrize("reason", ["one core", "a closed cache", "a frozen program", "the random part", "reference"])
def test_no_second_process_starts_where_it_would_be_of_no_use(reason, started, monkeypatch):
    monkeypatch.setattr(store, "compiled", store.compiled)
    monkeypatch.setattr(cpu, "conv2d", compiles)
    if reason == "one core":
        monkeypatch.setattr(ahead, "physical_cores", lambda: 1)
    elif reason == "a closed cache":
        monkeypatch.setattr(store, "writable", False)
    elif reason == "a frozen program":
        monkeypatch.setattr(sys, "frozen", True, raising=False)
    elif reason == "the random part":
        monkeypatch.setattr(check, "table", tuple)
        monkeypatch.setattr(check, "other_calls", lambda rng: ())
    else:
        monkeypatch.setattr(kernels, "backend", lambda: "reference")
    fastcnn.check(0.2 if reason == "the random part" else 0)
    assert started == []


def test_the_second_process_calls_each_kernel_of_the_check(started, monkeypatch):
    monkeypatch.setattr(ahead, "table", lambda: [(table.CORNERS[0], np.float32), (table.POOL_CORNERS[0], np.float32)])
    monkeypatch.setattr(ahead, "networks", tuple)
    monkeypatch.setattr(ahead, "set_threads", lambda count: None)
    called = []
    for name in ("conv2d", "conv2d_grad_input", "conv2d_grad_weight", "im2col", "col2im", "max_pool2d", "update"):
        real = getattr(cpu, name)
        monkeypatch.setattr(cpu, name, lambda *a, name=name, real=real: called.append(name) or real(*a))
    ahead.compile_all(1)
    assert called[-6:] == ["max_pool2d", "col2im", "im2col", "conv2d_grad_weight", "conv2d_grad_input", "conv2d"]
    assert called[0] == "update"


# The same few cases in either program; `calls` of the second process are those of the check.
SHORTER = """
import sys
from fastcnn.checking import {name} as program
few = list(program.table())[:2]
program.table, program.networks = lambda: few, tuple
"""
SECOND = SHORTER.format(name="ahead") + "program.compile_all(int(sys.argv[1]))"
CHECK = (
    SHORTER.format(name="check")
    + """
from fastcnn.__main__ import main
sys.exit(main(["check", "--seconds", "0", "--json", "-"]))
"""
)


@pytest.mark.slow  # compiles many kernels
def test_the_check_finds_in_the_cache_what_the_second_process_compiled(tmp_path):
    """The second process ends before the check starts: how far it comes during a check depends on the machine."""
    settings = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    settings.pop("NUMBA_DISABLE_JIT", None)
    subprocess.run([sys.executable, "-c", SECOND, str(threads())], env=settings, check=True)
    ran = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, env=settings)
    found = json.loads(ran.stdout)
    assert ran.returncode == 0 and found["passed"] and found["random_calls"] == 0
    loaded, saved = map(int, re.search(r"\((\d+) loaded, (\d+) compiled", found["info"]["kernel_cache"]).groups())
    assert loaded > 5 and saved == 0


@pytest.mark.slow  # the whole table
def test_the_whole_table_is_right_and_timed():
    with running("cpu"):
        report = fastcnn.check(0)
    assert report.passed, str(report)
    assert all(row.speed and row.speed > 0 for row in report.kernels[:7])
