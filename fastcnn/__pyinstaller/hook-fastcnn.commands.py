"""The commands `bench`, `profile` and `gui` import programs by name. A program that uses no commands is built without Qt."""

hiddenimports = [
    "fastcnn.bench.command",
    "fastcnn.bench.profiling",
    "fastcnn.gui",
]  # fastcnn.gui brings all that its hook names
