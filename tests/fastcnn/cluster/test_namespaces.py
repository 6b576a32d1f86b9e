"""Ranks on two hosts: network namespaces with their own addresses, one of which is cut off during a training.

It needs root, `ip netns`, and MPICH beside mpi4py, whose ranks can be told to use the network alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from fastcnn.cluster import jobs
from tests.fastcnn.cluster.test_mpi import (  # noqa: F401
    COMPILING,
    LIMIT_S,
    ended,
    nothing_runs_on,
    running,
    sha256,
    train,
    trouble,
)
from tests.fastcnn.commands.test_cli import data_dir  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.mpi]

HOSTS = tuple(f"fastcnn-{os.getpid()}-{letter}" for letter in "ab")  # no other run's
EPOCHS = 40
OVER_THE_NETWORK = {"MPIR_CVAR_NOLOCAL": "1", "UCX_TLS": "tcp,self"}


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def hosts():
    """Two namespaces that a cable joins; the name of its end in each."""
    pytest.importorskip("mpi4py")
    from mpi4py import MPI

    if "MPICH" not in MPI.Get_library_version():
        pytest.skip("needs MPICH")
    first, second = HOSTS
    ends = {first: "fcn0", second: "fcn1"}
    with ExitStack() as undo:
        try:
            for name in HOSTS:
                ip("netns", "add", name)
                undo.callback(ip, "netns", "del", name)
            ip("-n", first, "link", "add", "fcn0", "type", "veth", "peer", "name", "fcn1", "netns", second)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no network namespaces here: {error}")
        for number, (name, end) in enumerate(ends.items()):
            ip("-n", name, "addr", "add", f"10.77.0.{number + 1}/24", "dev", end)
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "link", "set", end, "up")
        # The kernel calls a cable up about a second later. Until then a rank knows only its host's loopback, and its
        # MPI_Init fails: "Destination is unreachable".
        limit = time.monotonic() + LIMIT_S
        while any(told(name, end, "operstate") != "up" for name, end in ends.items()):
            assert time.monotonic() < limit, "the cable does not come up"
            time.sleep(0.02)
        yield ends


def told(host, device, fact):
    """What the kernel tells of a host's end of the cable."""
    command = ["ip", "netns", "exec", host, "cat", f"/sys/class/net/{device}/{fact}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_host_that_is_cut_off_is_named_and_nothing_is_lost(hosts, data_dir, tmp_path):  # noqa: F811
    out, whole = tmp_path / "out.safetensors", tmp_path / "whole.safetensors"
    words = ["train", "--data-dir", data_dir, "--epochs", EPOCHS, "--batch-size", 60]
    rank = [sys.executable, "-m", "fastcnn", *words, "--out", out]
    first, second = (["-n", 1, "ip", "netns", "exec", host, *rank] for host in hosts)
    process = running([jobs.mpiexec(), *first, ":", *second], OVER_THE_NETWORK)
    line = next((line for line in process.stderr if not line.startswith(COMPILING)), "nothing was said")
    assert line.startswith(f"epoch 1/{EPOCHS}"), line
    host, device = HOSTS[1], hosts[HOSTS[1]]
    assert int(told(host, device, "statistics/rx_bytes")) > 1_000_000  # gradients, and not through shared memory
    ip("-n", host, "link", "set", device, "down")
    begun = time.monotonic()
    status, _, err = ended(process)
    took = time.monotonic() - begun
    (said,) = [line for line in trouble(err) if line.startswith("fastcnn: ")]
    assert status != 0 and took < 30, (status, took)
    assert said.startswith("fastcnn: rank 1 on ") and ("has not answered" in said or "is gone" in said), said
    assert not out.exists()
    resume = ("--resume", tmp_path / "out.checkpoint.safetensors", "--epochs", EPOCHS)
    assert ended(train(data_dir, out, *resume, "--ranks", 3))[0] == 0
    assert ended(train(data_dir, whole, "--epochs", EPOCHS, "--ranks", 1))[0] == 0
    assert sha256(out) == sha256(whole)
    assert os.listdir(tmp_path).count("out.safetensors") == 1
