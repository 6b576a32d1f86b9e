"""`python -m bench`: the same as `fastcnn bench`."""

import sys

from fastcnn.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["bench", *sys.argv[1:]]))
