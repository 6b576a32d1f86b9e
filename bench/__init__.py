"""Benchmarks: every answer is checked before it is timed, rivals take turns, and they write the documentation's tables.

`python -m bench` in a checkout, `fastcnn bench` anywhere. Needs the extra `bench` (PyTorch's CPU wheel, matplotlib).
"""
