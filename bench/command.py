"""The arguments of `python -m bench`."""
import argparse
from fastcnn.bench.settings import Settings

def main(arguments=None):
    import importlib
    p = argparse.ArgumentParser()
    p.add_argument("names", nargs="*")
    p.add_argument("--quick", action="store_true")
    p.add_argument("--only", default="")
    a = p.parse_args(arguments)
    s = Settings(quick=a.quick, only=a.only)
    for n in a.names:
        importlib.import_module("fastcnn.bench."+{"train-step":"training","kernels":"portability"}.get(n,n)).run(s)
    return 0
