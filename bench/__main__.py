"""`python -m bench`: the same as `fastcnn bench`."""

import sys
from importlib import import_module

from fastcnn.__main__ import main

# Of the window; not among the benchmarks, which need no Qt.
WINDOW = {"screenshots": "screenshots", "gui-latency": "gui_latency", "gui-soak": "gui_soak"}

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in WINDOW:
        sys.exit(import_module(f"fastcnn.bench.{WINDOW[sys.argv[1]]}").main(sys.argv[2:]))
    sys.exit(main(["bench", *sys.argv[1:]]))
