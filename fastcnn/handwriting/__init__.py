"""Drawings of digits: files of them, their preparation for a network, and synthetic ones."""
