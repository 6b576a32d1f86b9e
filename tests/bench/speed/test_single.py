"""`bench network`, `bench conv2d` and `profile`: what they take, measure and print."""

import json
import threading

import numpy as np
import pytest

from fastcnn import Sequential, kernels, layers
from fastcnn.__main__ import main
from fastcnn.bench import profiling
from fastcnn.bench.harness import peak, room
from fastcnn.bench.harness.record import machine
from fastcnn.bench.rivals import team
from fastcnn.bench.speed import one_convolution, one_network, rivals
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from fastcnn.network.profiling import Profile, ProfileRow

CEILING = {"fma_gflop_per_s": 100.0, "sgemm_gflop_per_s": 80.0}


@pytest.fixture(autouse=True)
def known_peak(monkeypatch):
    for module in (rivals, one_convolution):
        monkeypatch.setattr(module, "peaks", lambda threads: CEILING)
    kernels.use("cpu")


@pytest.fixture
def described(tmp_path):
    """A small network's description in a file."""
    network = Sequential([layers.Conv2d(2, 3), layers.Flatten(), layers.Affine(3)], input_shape=(1, 6, 6), seed=0)
    path = tmp_path / "small.json"
    path.write_text(json.dumps({**network.describe(), "name": "small"}))
    return path


def test_network_is_measured_with_the_missing_named(described, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(team, "ENGINES", (team.Engine("JAX", "with_nothing"),))
    monkeypatch.setattr(team.Team.__init__, "__defaults__", (team.ENGINES,))
    out = tmp_path / "found.json"
    assert main(["bench", "network", str(described), "--quick", "--threads", "1", "--json", str(out)]) == 0
    found = json.loads(out.read_text())["network"]
    assert [(row["mode"], row["batch"]) for row in found["result"]["rows"]] == [
        ("training", 64), ("inference", 1), ("inference", 32),
    ]  # fmt: skip
    assert list(found["result"]["missing"]) == ["JAX"]
    shown = capsys.readouterr().out
    assert "**JAX: missing**" in shown and f" on {machine()['processor']} (" in shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no json", "is no JSON"),
        ('{"layers": []}', "names no input_shape"),
        ('{"layers": [{"type": "Nope"}], "input_shape": [1, 6, 6]}', "there is no layer 'Nope'"),
    ],
)
def test_a_wrong_description_is_one_sentence(text, says, tmp_path, capsys):
    path = tmp_path / "wrong.json"
    path.write_text(text)
    for command in (["bench", "network"], ["profile"]):
        assert main([*command, str(path)]) == 2
        err = capsys.readouterr().err
        assert says in err and err.count("\n") == 1


def test_what_needs_too_much_memory_is_one_sentence(described, monkeypatch, capsys):
    monkeypatch.setattr(room, "free_bytes", lambda: room.KEPT_BYTES + 1000)
    shape = ["--shape", "2,4,7,6", "--filters", "6", "--kernel", "3"]
    for command in (["bench", "conv2d", *shape], ["bench", "network", str(described)], ["profile", str(described)]):
        assert main([*command, "--threads", "1"]) == 1
        err = capsys.readouterr().err
        assert "of memory, more than is free; choose smaller numbers" in err and err.count("\n") == 1


def test_a_network_in_float64_is_compared_in_float32(tmp_path):
    parts = [layers.Flatten(), layers.Affine(3)]
    network = Sequential(parts, input_shape=(1, 6, 6), dtype=np.float64, seed=0)
    network.save(tmp_path / "wide.safetensors")
    assert one_network.find(str(tmp_path / "wide.safetensors")).dtype == np.float32


def test_convolution_is_checked_timed_and_named(capsys, tmp_path, monkeypatch):
    real = one_convolution.Worker.build
    monkeypatch.setattr(one_convolution.Worker, "build", lambda self, target, **k: real(self, "speed.nothing.x"))
    shape = ["--shape", "2,4,7,6", "--filters", "6", "--kernel", "3,2", "--padding", "1,0", "--groups", "2"]
    out = tmp_path / "found.json"
    assert main(["bench", "conv2d", *shape, "--quick", "--threads", "1", "--json", str(out)]) == 0
    result = json.loads(out.read_text())["conv2d"]["result"]
    assert [row["function"] for row in result["rows"]] == ["conv2d", "conv2d_grad_input", "conv2d_grad_weight"]
    assert result["flop"] == 2 * (2 * 6 * 7 * 5) * (2 * 3 * 2)  # outputs, and products of each
    shown = capsys.readouterr().out
    assert list(result["missing"]) == ["PyTorch"] and "PyTorch: missing" in shown
    assert f" on {machine()['processor']} (" in shown
    found = result["rows"][0]["1"]
    assert found["share_of_peak"] == pytest.approx(result["flop"] / found["median_s"] / 100e9)


def test_shapes_that_lose_come_first():
    def found(ratio):
        shares = {"gflop_per_s": 10.0, "share_of_peak": 0.1, "share_of_sgemm": 0.2}
        return {"median_s": 1.0, "rival_median_s": ratio, "numpy_median_s": 2.0, "ratio": ratio, **shares}

    rows = [{"function": "a", "1": found(2.0), "2": found(0.5)}, {"function": "b", "1": found(0.25)}]
    lines = one_convolution.tabulate({"rows": rows, "peaks": {}, "missing": {}}).splitlines()[2:5]
    assert [line.split(" | ")[:2] for line in lines] == [["| b", "1"], ["| a", "2"], ["| a", "1"]]
    assert "**0.25**" in lines[0]


@pytest.mark.torch
def test_convolution_against_pytorch(tmp_path):
    """Every option at once; a wrong answer on either side would be an error."""
    pytest.importorskip("torch")
    shape = ["--shape", "2,4,9,8", "--filters", "6", "--kernel", "3,2", "--padding", "1,2", "--stride", "2,1"]
    shape += ["--dilation", "1,2", "--groups", "2"]
    out = tmp_path / "found.json"
    assert main(["bench", "conv2d", *shape, "--quick", "--threads", "1", "--json", str(out)]) == 0
    rows = json.loads(out.read_text())["conv2d"]["result"]["rows"]
    assert all(row["1"]["ratio"] > 0 for row in rows)


def test_profile_of_a_network(described, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(peak, "peaks", lambda threads: CEILING)
    out = tmp_path / "found.json"
    assert main(["profile", str(described), "--batch", "5", "--threads", "1", "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    names = [step["name"] for step in found["steps"]]
    assert (found["batch"], found["threads"], found["fma_gflop_per_s"]) == (5, 1, 100.0)
    assert any("conv2d" in n and "forward" in n for n in names) and any("affine, backward" in n for n in names)
    assert sum(step["share"] for step in found["steps"]) == pytest.approx(1)
    assert all(step["bytes"] > 0 for step in found["steps"] if "affine" in step["name"])
    shown = capsys.readouterr().out
    assert "of the peak" in shown and f"Processor: {machine()['processor']}" in shown
    assert main(["profile", str(described), "--json", str(out)]) == 0  # it may replace its own result


def test_share_of_the_peak_by_hand():
    rows = (ProfileRow("a", 0.003, 0.75, 50.0, 2_000_000), ProfileRow("b", 0.001, 0.25, None))
    found = profiling.described(Profile(rows, 10, 3, "cpu", 1), "m", CEILING)
    assert [step["share_of_peak"] for step in found["steps"]] == [0.5, None]
    assert "a                                            3.000  75.0%" not in profiling.tabulate(found)
    line = next(line for line in profiling.tabulate(found).splitlines() if line.startswith("a "))
    assert line.split() == ["a", "3.000", "75.0%", "50.0", "0.50", "2.00"]


def test_peak_counts_all_lanes_on_all_threads(monkeypatch):
    """A turn of a known CPU time: rounds, twelve sums, two FLOP, and the lanes of a vector, for each thread."""
    counted, used = [], threading.local()

    def loop(out, numbers, rounds):
        counted.append(rounds)
        used.seconds += 0.05

    def clock():
        used.seconds = getattr(used, "seconds", 0.0)
        return used.seconds

    monkeypatch.setattr(peak, "_loop", lambda: loop)
    monkeypatch.setattr(peak, "CLOCK", clock)
    found = peak.fma_flop_per_s(2)
    assert found == pytest.approx(2 * counted[-1] * 12 * 2 * (VECTOR_BYTES // 4) / 0.05)
