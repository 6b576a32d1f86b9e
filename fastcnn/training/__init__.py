"""Training: from pictures and labels to better weights."""
