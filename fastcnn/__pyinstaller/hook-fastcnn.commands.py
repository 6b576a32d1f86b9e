"""The commands `bench` and `gui`, which import programs by name. A program without the commands is built without Qt."""

hiddenimports = ["fastcnn.bench.command", "fastcnn.gui"]  # the second with all that its own hook names
