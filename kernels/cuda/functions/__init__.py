"""The public functions of the cuda backend."""
