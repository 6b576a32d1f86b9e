"""Compiler, cache, vectors and shares of work."""
