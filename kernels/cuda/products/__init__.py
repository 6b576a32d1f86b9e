"""Sums of products on a GPU."""
