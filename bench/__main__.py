"""`python -m bench`: the same as `fastcnn bench`, and `python -m bench screenshots`."""

import sys
from importlib import import_module

from fastcnn.__main__ import main

SCREENSHOTS = "screenshots"  # it measures nothing

if __name__ == "__main__":
    if sys.argv[1:2] == [SCREENSHOTS]:
        sys.exit(import_module(f"fastcnn.bench.window.{SCREENSHOTS}").main(sys.argv[2:]))
    sys.exit(main(["bench", *sys.argv[1:]]))
