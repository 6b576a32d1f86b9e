"""Ranks started by mpiexec: the same bits on 1 to 4 of them, with 1 and 2 threads, and after the death of one."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fastcnn.cluster import jobs, survivors
from fastcnn.commands.locks import held
from fastcnn.errors import FastcnnError
from tests.fastcnn.commands.test_cli import data_dir  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.mpi]

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "tests" / "programs" / "rank_training.py"
COMPILING = "fastcnn: compiling the kernels"  # where no test has done it
STEPS = 10  # of the program's training, 5 an epoch
ENVIRONMENT = {**os.environ, **jobs.AS_ROOT, "PYTHONPATH": str(ROOT)}
LIMIT_S = 60
RUNNING = []  # the programs that a test has started


@pytest.fixture(scope="module", autouse=True)
def mpi():
    pytest.importorskip("mpi4py")


@pytest.fixture(autouse=True)
def nothing_runs_on():
    """End what a test has left running, because it failed: a job ends with its starter."""
    yield
    while RUNNING:
        process = RUNNING.pop()
        if process.poll() is None:
            process.kill()
        process.wait(LIMIT_S)
        process.stdout.close()
        process.stderr.close()


def mpiexec(ranks, *arguments, options=(), timeout_s=300):
    launcher = jobs.mpiexec()
    command = [launcher, *jobs.options_of(launcher), *options, "-n", str(ranks), sys.executable, PROGRAM, *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=timeout_s)


def hashes(ranks, *arguments):
    done = mpiexec(ranks, *arguments)
    assert done.returncode == 0, done.stderr
    found = done.stdout.split()
    assert len(found) == len(arguments), done.stdout
    return found


@pytest.fixture(scope="module")
def whole():
    """The hash of the program's training by one rank with one thread."""
    (found,) = hashes(1, "1")
    return found


@pytest.mark.parametrize("ranks", [1, 2, 3, 4])
def test_ranks_and_threads_do_not_change_the_bits(ranks, whole):
    assert hashes(ranks, "1", "2") == [whole, whole]


def test_killed_at_ten_moments_it_resumes_on_another_number_of_ranks(whole, tmp_path):
    draw = random.Random(0)
    resumed = {1: [], 2: [], 3: []}
    for moment in range(10):
        ranks, path = 2 + moment % 2, tmp_path / str(moment)
        died = mpiexec(ranks, f"1:keep={path}:kill={draw.randrange(ranks)},{draw.randint(1, STEPS)}")
        assert died.returncode != 0 and whole not in died.stdout, died.stdout  # MPICH's report is there, too
        assert path.exists()
        resumed[1 + (ranks + moment // 2) % 3].append(f"1:resume={path}")
    for ranks, arguments in resumed.items():
        assert hashes(ranks, *arguments) == [whole] * len(arguments)


def running(command, environment):
    """A program that runs, whose output is read."""
    process = subprocess.Popen(
        list(map(str, command)), env={**ENVIRONMENT, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    RUNNING.append(process)
    return process


def fastcnn(*words, prefix=(), **environment):
    return running([*prefix, sys.executable, "-m", "fastcnn", *words], environment)


def train(data_dir, out, *words, **environment):  # noqa: F811
    options = ("--data-dir", data_dir, "--epochs", 2, "--batch-size", 60, "--out", out)
    return fastcnn("train", *options, *words, **environment)


def ended(process, timeout_s=200):
    out, err = process.communicate(timeout=timeout_s)
    return process.returncode, out, err


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_command_starts_ranks_that_write_once(data_dir, tmp_path):  # noqa: F811
    found = set()
    for ranks in (1, 3):
        out, results = tmp_path / f"{ranks}.safetensors", tmp_path / f"{ranks}.json"
        status, said, err = ended(train(data_dir, out, "--ranks", ranks, "--json", results))
        assert status == 0, err
        assert said.count("saved") == 1 and err.count("epoch 2/2") == 1, (said, err)
        found.add((sha256(out), json.loads(results.read_text())["test_accuracy"]))
    assert len(found) == 1, found
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*(f"{ranks}.safetensors" for ranks in (1, 3)), *(f"{ranks}.json" for ranks in (1, 3))]
    )


def rank_process(process, rank):
    """The process of a rank of a job that `fastcnn train --ranks` has started."""
    limit = time.monotonic() + LIMIT_S
    while time.monotonic() < limit:
        for each in Path("/proc").iterdir():
            try:
                words = dict(item.split("=", 1) for item in (each / "environ").read_text().split("\0") if "=" in item)
            except (OSError, ValueError):
                continue
            number = words.get("OMPI_COMM_WORLD_RANK", words.get("PMI_RANK"))
            if words.get(jobs.STARTER) == str(process.pid) and number == str(rank):
                command = (each / "cmdline").read_text().split("\0")
                if "fastcnn" in command and (Path(words[jobs.FOLDER]) / str(rank)).exists():
                    return int(each.name)
        time.sleep(0.1)
    raise AssertionError("the rank has not started")


def first_epoch(process, epochs):
    """Wait until a training has done its first epoch."""
    line = next((line for line in process.stderr if not line.startswith(COMPILING)), "nothing was said")
    assert line.startswith(f"epoch 1/{epochs}"), line


def started(data_dir, out, *words, **environment):  # noqa: F811
    """A training whose first epoch is done."""
    process = train(data_dir, out, "--epochs", 2000, *words, **environment)
    first_epoch(process, 2000)
    return process


def trouble(err):
    """What is said on stderr besides the progress."""
    return [line for line in err.splitlines() if not line.startswith(("epoch", COMPILING))]


def test_a_killed_rank_is_named(data_dir, tmp_path):  # noqa: F811
    process = started(data_dir, tmp_path / "out.safetensors", "--ranks", 3)
    killed = rank_process(process, 1)
    os.kill(killed, signal.SIGKILL)
    status, _, err = ended(process)
    lines = trouble(err)
    assert status == 1 and len(lines) == 1, err
    assert lines[0].startswith(f"fastcnn: rank 1 (process {killed} on "), lines
    assert "go on with fastcnn train --resume" in lines[0] and lines[0].endswith("--ranks 3"), lines


def test_a_killed_launcher_is_named(data_dir, tmp_path):  # noqa: F811
    process = started(data_dir, tmp_path / "out.safetensors", "--ranks", 2)
    (launcher,) = map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
    os.kill(launcher, signal.SIGKILL)
    status, _, err = ended(process)
    lines = [line for line in trouble(err) if line.startswith(jobs.TROUBLE)]  # MPI's library complains too
    assert status == 1 and len(lines) == 1, err
    assert lines[0].startswith(f"fastcnn: mpiexec (process {launcher} on "), err


def test_the_others_survive_ten_deaths_to_the_same_hash(whole):
    """One that dies at a time: the program's trainings go on with the ranks that are left, down to one."""
    draw = random.Random(1)
    for _ in range(5):
        first, second = draw.sample(range(4), 2)
        deaths = [f"1:kill={rank},{draw.randint(1, STEPS)}" for rank in (first, second)]
        done = mpiexec(4, "--survive", *deaths, "1", options=survivors.OPTIONS)
        assert done.stdout.split() == [whole] * 3, (deaths, done.stdout, done.stderr)


@pytest.mark.parametrize("dying", [[2], [0], [1, 0]])
def test_the_command_survives_to_the_same_file(dying, data_dir, tmp_path):  # noqa: F811
    whole, out = tmp_path / "whole.safetensors", tmp_path / "out.safetensors"
    epochs = ("--epochs", 20)  # the deaths come in the first few, even if this process is slow
    assert ended(train(data_dir, whole, *epochs, "--ranks", 2))[0] == 0
    process = train(data_dir, out, *epochs, "--ranks", 3, "--survive")
    found = {rank: rank_process(process, rank) for rank in dying}
    for at, rank in enumerate(dying):
        assert next(line for line in process.stderr if line.startswith("epoch"))
        os.kill(found[rank], signal.SIGKILL)
        told = next(line for line in process.stderr if not line.startswith(("epoch", COMPILING)))
        assert told == f"fastcnn: rank {rank} died; {2 - at} of the ranks go on\n"
        assert len(list(tmp_path.glob(".*.lock"))) == 2  # of the weights and of the checkpoint
        with pytest.raises(FastcnnError, match="is being written by process"), held([out]):
            pass
    status, said, err = ended(process)
    assert status == 0 and said.count("saved") == 1 and trouble(err) == [], (said, err)
    assert sha256(out) == sha256(whole)
    assert not (tmp_path / "out.checkpoint.safetensors").exists() and not list(tmp_path.glob(".*.lock"))


def test_without_help_of_mpi_nobody_survives(data_dir, tmp_path):  # noqa: F811
    """As with MPICH, or an mpiexec that was not told."""
    out = tmp_path / "out.safetensors"
    status, _, err = ended(train(data_dir, out, "--survive", OMPI_COMM_WORLD_SIZE="1"))
    assert (status, err.splitlines()[-1]) == (2, f"fastcnn: {survivors.NEEDED}"), err  # mpi4py may warn before


STOPS = """
import os, signal
if os.environ.get("OMPI_COMM_WORLD_RANK", os.environ.get("PMI_RANK")) == "{rank}":
    from fastcnn.optim.optimizers import Optimizer
    update, steps = Optimizer.update, []
    def stopping(*arrays):
        steps.append(1)
        if len(steps) == 3:
            os.kill(os.getpid(), signal.SIGSTOP)
        update(*arrays)
    Optimizer.update = stopping
"""


def state(process):
    """As /proc gives it: R, S, T for a stopped one, Z; X for one that is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


@pytest.mark.parametrize("hangs", [2, 0])
def test_a_rank_that_hangs_is_named_within_30_seconds(hangs, data_dir, tmp_path):  # noqa: F811
    """It hangs between two steps. While it may write a file, it is given more time."""
    (tmp_path / "sitecustomize.py").write_text(STOPS.format(rank=hangs))
    environment = {"FASTCNN_RANK_TIMEOUT": "10", "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    process = train(data_dir, tmp_path / "out.safetensors", "--ranks", 3, **environment)
    stopped, limit = rank_process(process, hangs), time.monotonic() + LIMIT_S
    while state(stopped) != "T":
        assert time.monotonic() < limit, "it does not stop"
        time.sleep(0.01)
    begun = time.monotonic()
    status, _, err = ended(process)
    took = time.monotonic() - begun
    lines = trouble(err)
    assert status == 1 and len(lines) == 1 and took < 30, (took, err)
    assert lines[0].startswith(f"fastcnn: rank {hangs} on ") and "has not answered" in lines[0], lines


@pytest.mark.parametrize("presses", [1, 3])
def test_ctrl_c_says_how_to_go_on(presses, data_dir, tmp_path):  # noqa: F811
    out = tmp_path / "out.safetensors"
    process = started(data_dir, out, "--ranks", 2)
    for _ in range(presses):
        process.send_signal(signal.SIGINT)
        time.sleep(0.01)  # as fast as a key repeats
    status, _, err = ended(process)
    lines = trouble(err)
    assert status == 1 and len(lines) == 1, err
    assert lines[0].startswith("fastcnn: training was interrupted; go on with fastcnn train --resume "), lines


@pytest.mark.parametrize(
    ("ending", "prefix", "epochs"),
    [
        (signal.SIGTERM, (), 2000),
        (signal.SIGTERM, ("env", "--ignore-signal=INT"), 2000),  # as a shell starts a job in its background
        (signal.SIGHUP, (), 2000),
        (signal.SIGKILL, ("env", "--ignore-signal=INT"), 20),
    ],
)
def test_a_job_ends_with_its_starter(ending, prefix, epochs, data_dir, tmp_path):  # noqa: F811
    out, checkpoint = tmp_path / "out.safetensors", tmp_path / "out.checkpoint.safetensors"
    process = train(data_dir, out, "--epochs", epochs, "--ranks", 3, prefix=prefix)
    ranks = [rank_process(process, rank) for rank in range(3)]
    words = Path(f"/proc/{ranks[0]}/environ").read_text().split("\0")
    (folder,) = (Path(word.partition("=")[2]) for word in words if word.startswith(f"{jobs.FOLDER}="))
    first_epoch(process, epochs)
    process.send_signal(ending)
    status, _, err = ended(process)
    assert status == (-ending if ending == signal.SIGKILL else 1)
    lines = trouble(err)
    assert len(lines) == 1 and lines[0].startswith("fastcnn: training was interrupted; go on with fastcnn train "), err
    limit = time.monotonic() + LIMIT_S
    while not {"X", "Z"}.issuperset(map(state, ranks)):
        assert time.monotonic() < limit, "a rank goes on"
        time.sleep(0.01)
    assert not folder.exists() and checkpoint.exists()
    if ending == signal.SIGKILL:
        whole = tmp_path / "whole.safetensors"
        for path, *more in ((out, "--resume", checkpoint, "--ranks", 2), (whole, "--ranks", 1)):
            assert ended(train(data_dir, path, "--epochs", epochs, *more))[0] == 0
        assert sha256(out) == sha256(whole)


def test_more_ranks_than_shards_are_refused_by_one_of_them(data_dir, tmp_path):  # noqa: F811
    launcher = jobs.mpiexec()
    words = ["train", "--data-dir", data_dir, "--out", tmp_path / "out.safetensors"]
    command = [launcher, *jobs.options_of(launcher), "-n", 17, sys.executable, "-m", "fastcnn", *words]
    status, _, err = ended(running(command, {"FASTCNN_NUM_THREADS": "1"}))
    said = [line for line in err.splitlines() if line.startswith(jobs.TROUBLE)]
    assert said == ["fastcnn: a batch is shared by at most 16 ranks, not 17; give each rank more --threads"], err
    assert status == 2 and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("before", "after", "status", "said"),
    [
        ([], ["--seed", 1], 2, "rank 1 was started with other arguments than rank 0; start all ranks alike"),
        (
            ["env", "FASTCNN_RANK_TIMEOUT=soon"], [], 1,
            f"rank 1 on {socket.gethostname()}: FASTCNN_RANK_TIMEOUT must be a number of seconds, not 'soon'",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_one_rank_is_said_once(before, after, status, said, data_dir, tmp_path):  # noqa: F811
    rank = [sys.executable, "-m", "fastcnn", "train", "--data-dir", data_dir, "--out", tmp_path / "out"]
    launcher = jobs.mpiexec()
    ranks = ["-n", 1, *rank, ":", "-n", 1, *before, *rank, *after]
    found, _, err = ended(running([launcher, *jobs.options_of(launcher), *ranks], {}))
    # Open MPI puts a zero byte before a line now and then, and ends rank 0 by the signal of a Ctrl-C.
    lines = [line.strip(" \0") for line in err.splitlines()]
    assert found == status and lines.count(f"{jobs.TROUBLE}{said}") == 1, err
    assert not (tmp_path / "out").exists()


def written(path, *words):
    """Exit status and stderr of a short training that writes to a file, and a word that is written there afterwards."""
    command = [sys.executable, "-m", "fastcnn", "train", "--epochs", "1", "--ranks", *map(str, words)]
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "PYTHONUNBUFFERED"}
    with path.open("w") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, env=environment, timeout=200)
        if path.is_file():
            out.write("then")
    return done.returncode, done.stderr


def test_who_writes_next_into_a_file_writes_after_the_ranks(data_dir, tmp_path):  # noqa: F811
    log = tmp_path / "log"
    status, err = written(log, 2, "--data-dir", data_dir, "--out", tmp_path / "out.safetensors")
    assert status == 0, err
    assert log.read_text().startswith("saved ") and log.read_text().endswith("then")


def test_a_full_output_is_said_once(data_dir, tmp_path):  # noqa: F811
    status, err = written(Path("/dev/full"), 2, "--data-dir", data_dir, "--out", tmp_path / "out.safetensors")
    said = "fastcnn: the device that the output goes to is full; make room or choose another place"
    assert (status, trouble(err)) == (1, [said])


SLEEPS = """
import os, time
if os.environ.get("OMPI_COMM_WORLD_RANK", os.environ.get("PMI_RANK")) == "1":
    from fastcnn.optim.optimizers import Optimizer
    update = Optimizer.update
    Optimizer.update = lambda *arrays: (time.sleep(0.2), update(*arrays))
"""


def test_a_slow_rank_is_named(data_dir, tmp_path):  # noqa: F811
    (tmp_path / "sitecustomize.py").write_text(SLEEPS)
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    status, _, err = ended(train(data_dir, tmp_path / "out.safetensors", "--ranks", 3, "--profile", PYTHONPATH=path))
    said = [line for line in trouble(err) if "computing in" in line]
    assert status == 0 and len(said) == 2, err
    assert "; the others wait for rank 1 on " in said[1], err  # in the first epoch kernels are loaded


def test_a_wrong_argument_is_said_once(data_dir, tmp_path):  # noqa: F811
    out = tmp_path / "out.safetensors"
    out.write_bytes(b"not ours")
    status, _, err = ended(train(data_dir, out, "--ranks", 2))
    assert (status, err.count("\n")) == (2, 1) and "is no" in err, err


def test_jobs_of_one_rank_each_are_refused(data_dir, tmp_path):  # noqa: F811
    """As the mpiexec of another MPI starts them, which tells this one's library nothing."""
    status, _, err = ended(train(data_dir, tmp_path / "out.safetensors", SLURM_STEP_NUM_TASKS="4"))
    assert status == 2 and err.startswith("fastcnn: 4 processes were started, but each is a job of its own"), err


def test_seeds_one_a_rank(data_dir, tmp_path):  # noqa: F811
    launcher, results = jobs.mpiexec(), tmp_path / "results.json"
    words = ["train", "--data-dir", data_dir, "--epochs", 1, "--seeds", "3-5", "--out", tmp_path / "net.safetensors"]
    command = [launcher, *jobs.options_of(launcher), "-n", 2, sys.executable, "-m", "fastcnn", *words]
    status, _, err = ended(running([*command, "--json", results], {}))
    assert status == 0, err
    assert json.loads(results.read_text())["seeds"] == [3, 4, 5]
    assert all((tmp_path / f"net.seed{seed}.safetensors").exists() for seed in (3, 4, 5))
