"""The script of docs/cluster.md, submitted to a SLURM of two nodes on this machine.

Open MPI fails on CPUs that a node only pretends to have: with it the script starts fewer ranks on a small machine.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from tests.fastcnn.cluster.slurm import NODES, Slurm
from tests.fastcnn.cluster.test_mpi import ROOT, ended, fastcnn, nothing_runs_on, sha256  # noqa: F401
from tests.fastcnn.commands.test_cli import data_dir  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.mpi]

DOCUMENT = ROOT / "docs" / "cluster.md"
RANKS = 8
LIMIT_S = 500


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    pytest.importorskip("mpi4py")
    with Slurm(tmp_path_factory.mktemp("slurm")) as started:
        yield started


@pytest.fixture(scope="module")
def options(data_dir):  # noqa: F811
    """What makes the training short."""
    return ["--data-dir", str(data_dir), "--epochs", "1"]


@pytest.fixture(scope="module")
def programs(options, tmp_path_factory):
    """A folder with the program `fastcnn`, which is this checkout's and adds the options."""
    folder = tmp_path_factory.mktemp("bin")
    command = shlex.join([sys.executable, "-m", "fastcnn"])
    (folder / "fastcnn").write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {command} "$@" {shlex.join(options)}\n'
    )
    (folder / "fastcnn").chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def interface():
    """What docs/cluster.md calls the interface of this MPI library."""
    from mpi4py import MPI

    library = "MPICH" if "MPICH" in MPI.Get_library_version() else "Open MPI"
    (name,) = re.findall(rf"`(\w+)` is for {library}|`(\w+)` for {library}", DOCUMENT.read_text())
    return "".join(name)


def test_the_documented_script_gives_the_bits_of_one_rank(slurm, programs, interface, options, tmp_path):
    (script,) = re.findall(r"```sh\n(#!/bin/sh\n#SBATCH.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert f"--nodes={len(NODES)}" in script and f"--ntasks-per-node={RANKS // len(NODES)}" in script
    if interface == "pmix":
        ranks = min(os.cpu_count(), RANKS // len(NODES))
        script = re.sub("per-node=.*", f"per-node={ranks}", re.sub("per-task=.*", "per-task=1", script))
    alone = tmp_path / "alone.safetensors"  # first, so that one process compiles the kernels, and not eight
    status, _, err = ended(fastcnn("train", "--model", "default", "--ranks", 1, "--out", alone, *options), LIMIT_S)
    assert status == 0, err
    path = tmp_path / "script.sh"
    path.write_text(script.replace("--mpi=pmix", f"--mpi={interface}"))
    done = slurm.run("sbatch", "--wait", "--output=said", path, path=programs, cwd=tmp_path, timeout_s=LIMIT_S)
    said = (tmp_path / "said").read_text()
    assert done.returncode == 0, (done.stderr, said)
    assert said.count("fastcnn evaluate") == 1, said
    assert sha256(tmp_path / "default.safetensors") == sha256(alone)


def test_a_launcher_of_another_mpi_is_refused(slurm, programs, tmp_path):
    words = ["--nodes=2", f"--ntasks={RANKS}", "--cpus-per-task=1", "--mpi=none", "fastcnn", "train"]
    done = slurm.run("srun", *words, path=programs, cwd=tmp_path, timeout_s=LIMIT_S)
    assert done.returncode == 2, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("fastcnn: ")]
    assert len(said) == RANKS and set(said) == {said[0]}, done.stderr
    assert said[0].startswith(f"fastcnn: {RANKS} processes were started, but each is a job of its own"), said
    assert not list(Path(tmp_path).iterdir())
