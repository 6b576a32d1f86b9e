"""`python -m bench`: the same as `fastcnn bench`."""

import sys

from fastcnn.bench.command import main

if __name__ == "__main__":
    sys.exit(main())
