"""The decisions and the memory of the desktop program, in plain classes. Nothing here imports Qt."""
