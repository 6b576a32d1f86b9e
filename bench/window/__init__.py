"""The window's latency, memory and pictures."""
