"""The errors of this package: their text is one sentence that tells the user what to do."""


class FastcnnError(Exception):
    """Something that the user can put right. The command line prints its text in one line and exits with status 1."""


class UsageError(FastcnnError):
    """What was asked for does not exist, such as a model's name: the command line exits with status 2."""
