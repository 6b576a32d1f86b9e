"""What the desktop program decides and remembers, in plain classes: nothing here imports Qt."""
