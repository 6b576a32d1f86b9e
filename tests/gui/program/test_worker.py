"""A window may be deleted while its threads still work: they call back nothing then."""

from __future__ import annotations

import signal
import subprocess
import sys

from tests.conftest import ROOT

# A job that posts without an end, and the deletion of its worker at any moment of that.
DELETED = """
import time
from PyQt5 import sip
from PyQt5.QtCore import QCoreApplication
from fastcnn.gui.program.worker import Worker

application = QCoreApplication([])
for _ in range(100):
    worker, goes_on = Worker("posting", print), [True]
    def job():
        while goes_on[0]:
            worker.post(lambda: None)
    worker.submit(job, print)
    time.sleep(0.002)
    worker.drop()
    sip.delete(worker)
    goes_on[0] = False
print("all deleted")
"""


def test_a_worker_is_deleted_while_its_thread_calls_back():
    done = subprocess.run([sys.executable, "-c", DELETED], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode != -signal.SIGSEGV, "its thread read memory that was given back"
    assert (done.returncode, done.stdout, done.stderr) == (0, "all deleted\n", "")
