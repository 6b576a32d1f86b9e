"""The commands `bench`, `profile` and `gui` import programs by name. A program without commands is built without Qt."""

# fastcnn.gui brings all that its hook names
hiddenimports = ["fastcnn.bench.command", "fastcnn.bench.profiling", "fastcnn.gui"]
