"""The speed of networks and kernels, compared with their rivals."""
