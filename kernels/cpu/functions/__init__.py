"""The public functions of the cpu backend."""
