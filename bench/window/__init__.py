"""The window's latency, memory and screenshots."""
