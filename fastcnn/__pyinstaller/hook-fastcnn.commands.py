"""The commands `bench` and `gui` import programs by name. A program that uses no commands is built without Qt."""

hiddenimports = ["fastcnn.bench.command", "fastcnn.gui"]  # fastcnn.gui brings all that its hook names
