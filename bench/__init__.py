"""Benchmarks. Every answer is checked before it is timed, rivals take turns, and the tables of the docs are written.

Run `python -m bench` in a checkout, or `fastcnn bench` anywhere. It needs the extra `bench` (the rivals and
matplotlib).
"""
