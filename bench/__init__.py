"""Benchmarks: every answer is checked before it is timed, rivals take turns, and the README's tables come from here.

`python -m bench` in a checkout, `fastcnn bench` anywhere. Needs the extra `bench` (PyTorch's CPU wheel, matplotlib).
"""
