"""What Henji says when it cannot go on; the command line prints the sentence, never a traceback."""


class InputError(ValueError):
    """An argument, option or setting is wrong: names it, what is allowed and what to do."""


class LogError(InputError):
    """A log that cannot be read as a whole: names the file, the place and the reason."""
