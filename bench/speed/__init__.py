"""How fast networks and kernels are, next to their rivals."""
