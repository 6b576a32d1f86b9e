"""Drawings of digits: their files, their preparation for a network, and synthetic drawings."""
