"""The error of this package: its text is one sentence that tells the user what to do."""


class FastcnnError(Exception):
    """Something that the user can put right. The command line prints its text in one line and exits with status 1."""
