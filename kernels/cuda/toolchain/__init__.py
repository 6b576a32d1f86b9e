"""Compiler, memory and sizes of the cuda backend."""
