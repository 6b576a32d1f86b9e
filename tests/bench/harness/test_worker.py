"""A rival's process: Ctrl-C does not reach it, what it prints is not seen, and it ends with its owner's work."""

import os
import subprocess
import sys
from functools import partial

import pytest

from fastcnn.bench.harness.record import ROOT
from fastcnn.bench.harness.worker import Worker

# The owner gets Ctrl-C together with its worker, as from a terminal, while the worker is busy.
OWNER = """
import os, signal, time
from functools import partial
import fastcnn
from fastcnn.bench.harness import worker

if __name__ == "__main__":
    try:
        with worker.Worker() as busy:
            print(busy._process.pid, flush=True)
            busy.call("harness.record.now")  # it has started
            busy._pipe.send(("call", "harness.timing.time_turn", {"call": partial(time.sleep, 100), "turn_s": 0.0}))
            os.killpg(0, signal.SIGINT)
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes")
def test_ctrl_c_ends_owner_and_worker_without_a_word(tmp_path):
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    owner = subprocess.run(
        [sys.executable, str(script)], env=env, capture_output=True, text=True, timeout=100, start_new_session=True
    )
    worker, *rest = owner.stdout.split()
    assert (rest, owner.stderr, owner.returncode) == (["interrupted"], "", 0)
    with pytest.raises(ProcessLookupError):
        os.kill(int(worker), 0)


@pytest.mark.parametrize("stream", [1, 2])
def test_what_a_worker_prints_is_not_seen(stream, capfd):
    with Worker() as loud:
        loud.call("harness.timing.time_turn", call=partial(os.write, stream, b"hello"), turn_s=0.0)
    assert capfd.readouterr() == ("", "")
