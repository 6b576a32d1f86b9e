"""The errors of this package. Their text is one sentence that says what is wrong and what to do."""


class FastcnnError(Exception):
    """An error that the user can correct. The command line prints its text in one line and exits with status 1."""


class UsageError(FastcnnError):
    """The user asked for something that does not exist, such as a model: the command line exits with status 2."""
