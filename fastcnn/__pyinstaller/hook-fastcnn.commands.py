"""The commands are imported by name, and so are the programs of `bench`, `profile` and `gui`.

A program without commands is built without Qt.
"""

from fastcnn.commands.run import COMMANDS

# fastcnn.gui brings all that its hook names
programs = ["fastcnn.bench.command", "fastcnn.bench.profiling", "fastcnn.gui"]
hiddenimports = [*{f"fastcnn.commands.{module}" for module in COMMANDS.values()}, *programs]
