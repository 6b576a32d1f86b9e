"""What the window says, in English and Chinese."""
