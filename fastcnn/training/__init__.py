"""Training: batches in, better weights out."""
