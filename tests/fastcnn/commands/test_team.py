"""The command `train` by several ranks, without MPI: what is refused before they start, and who holds the files."""

from __future__ import annotations

import argparse
import os
import signal
from types import SimpleNamespace

import pytest

from fastcnn.cluster import jobs
from fastcnn.cluster.survivors import Survivors
from fastcnn.commands import train
from fastcnn.commands.interrupt import also_by_other_signals
from fastcnn.commands.locks import held
from fastcnn.commands.team import Team
from fastcnn.errors import FastcnnError
from tests.fastcnn.commands.test_cli import fails


def test_more_ranks_than_a_batch_has_shards_are_refused_before_they_start(capsys, monkeypatch):
    monkeypatch.setattr(jobs, "mpiexec", lambda: pytest.fail("ranks are being started"))
    said = fails(capsys, "train", "--ranks", 17, status=2)
    assert said == "fastcnn: a batch is shared by at most 16 ranks, not 17; give each rank more --threads\n"


def test_a_rank_that_comes_to_lead_holds_the_files_until_the_end(tmp_path):
    out, checkpoint = tmp_path / "out.safetensors", tmp_path / "out.checkpoint.safetensors"
    survivors = object.__new__(Survivors)
    survivors._world, survivors.on_lead = SimpleNamespace(Get_rank=lambda: 1), []
    args = argparse.Namespace(threads=None, backend=None, precision=None)
    with train.writing(args, out, [checkpoint], "", [], Team(survivors)):
        with held([out, checkpoint]):  # as rank 0 does, which then dies
            pass
        (lead,) = survivors.on_lead
        lead()
        for path in (out, checkpoint):
            with pytest.raises(FastcnnError, match=f"is being written by process {os.getpid()} "), held([path]):
                pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_is_as_ctrl_c(number):
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with pytest.raises(KeyboardInterrupt), also_by_other_signals():
            signal.raise_signal(number)
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_a_hangup_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with also_by_other_signals():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
