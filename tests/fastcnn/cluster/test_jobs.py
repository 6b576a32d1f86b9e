"""How a job is recognised and what is said of one that has failed, without MPI."""

from __future__ import annotations

import pytest

from fastcnn.cluster import jobs
from fastcnn.cluster.watch import LAUNCHER
from fastcnn.commands.team import times_sentence
from fastcnn.errors import UsageError

# What mpiexec 5.0 of Open MPI and 4.3 of MPICH print when a process of theirs is killed.
OPEN_MPI = """--------------------------------------------------------------------------
prterun noticed that process rank 1 with PID 4711 on node host exited on
signal 9 (Killed).
--------------------------------------------------------------------------
"""
MPICH = """
===================================================================================
=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES
=   PID 4711 RUNNING AT host
=   EXIT CODE: 9
=   CLEANING UP REMAINING PROCESSES
=   YOU CAN IGNORE THE BELOW CLEANUP MESSAGES
===================================================================================
YOUR APPLICATION TERMINATED WITH THE EXIT STRING: Killed (signal 9)
"""


@pytest.mark.parametrize(
    ("environment", "size"),
    [
        ({}, None),
        ({"SLURM_NTASKS": "4"}, None),  # a batch script's own shell has it too, where no srun has started anything
        ({"SLURM_STEP_NUM_TASKS": "4"}, 4),
        ({"OMPI_COMM_WORLD_SIZE": "1"}, 1),
        ({"PMI_SIZE": "3", "MPI_LOCALNRANKS": "2"}, 3),
        ({"PMI_SIZE": "three"}, None),
    ],
)
def test_the_launchers_say_how_many_they_started(environment, size):
    assert jobs.started_size(environment) == size


def test_several_jobs_of_one_rank_are_refused():
    with pytest.raises(UsageError, match="4 processes were started, but each is a job of its own"):
        jobs.check_size(1, 4)
    jobs.check_size(4, 4)
    jobs.check_size(1, 1)


@pytest.mark.parametrize("report", [OPEN_MPI, MPICH], ids=["Open MPI", "MPICH"])
def test_where_ends_cannot_be_watched_the_report_names_the_killed_rank(report):
    assert jobs.killed_rank(report, {0: 4710, 1: 4711}) == 1
    assert jobs.killed_rank(report, {0: 4710}) is None


@pytest.mark.parametrize(("killed", "name"), [(1, "rank 1"), (LAUNCHER, "mpiexec")])
def test_what_was_killed_is_named(killed, name):
    sentence = jobs.sentence_of(killed, {0: 4710, killed: 4711}, MPICH, "--resume out.safetensors --ranks 2")
    assert sentence.startswith(f"{name} (process 4711 on ") and "was killed" in sentence
    assert sentence.endswith("; go on with fastcnn train --resume out.safetensors --ranks 2")


def test_a_job_that_does_not_start_says_what_mpiexec_says():
    sentence = jobs.sentence_of(None, {}, "\n-----\nThere are not enough slots available\n", "")
    assert sentence == "the job of ranks has failed: There are not enough slots available"


def test_a_slow_rank_is_named():
    text = times_sentence({"rank 0 on a": 2.0, "rank 1 on b": 3.1, "rank 2 on c": 2.0}, 3.4)
    assert text.endswith("; the others wait for rank 1 on b, which takes 1.55 times as long as usual")
    assert "wait" not in times_sentence({"rank 0 on a": 2.0, "rank 1 on b": 2.1}, 3.4)
