"""Sums of products: the loops over tiles, and where their operands are in memory."""
