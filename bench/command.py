"""The arguments of `python -m bench`."""
import argparse
from fastcnn.bench.settings import Settings

def main(arguments=None):
    from fastcnn.bench import layers
    p = argparse.ArgumentParser()
    p.add_argument("names", nargs="*")
    p.add_argument("--quick", action="store_true")
    p.add_argument("--only", default="")
    a = p.parse_args(arguments)
    s = Settings(quick=a.quick, only=a.only)
    from fastcnn.bench import training
    {"layers": layers, "train-step": training}[a.names[0]].run(s)
    return 0
