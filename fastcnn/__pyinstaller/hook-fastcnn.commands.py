"""The command `gui`, which imports the window by name. A program without the commands is built without Qt."""

hiddenimports = ["fastcnn.gui"]  # with all that its own hook names
