"""What stands on a page: lines, and in them digits and signs; and the answer that tells it."""
