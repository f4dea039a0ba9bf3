"""What Henji says when it cannot go on; the command line prints the sentence, never a traceback."""

import re


class InputError(ValueError):
    """An argument, option or setting is wrong: names it, what is allowed and what to do."""


class LogError(InputError):
    """A log that cannot be read as a whole: names the file, the place and the reason."""


class NoTextColumn(LogError):
    """A table in which no column holds the message text for certain; `names` are those of its columns, if it has."""

    def __init__(self, said: str, names: tuple[str, ...] = ()):
        super().__init__(said)
        self.names = names


def reason_of(error: BaseException) -> str:
    """What a library says of damage, without what it quotes: that may be a buyer's name.

    >>> reason_of(ValueError("could not convert string to float: 'Anna Berg'"))
    'ValueError: could not convert string to float: …'
    """
    line = re.sub(r"'[^']*'|\"[^\"]*\"", "…", str(error).partition("\n")[0])
    return f"{type(error).__name__}: {line}"[:160].rstrip(": ")


class Stopped(Exception):
    """Somebody stopped the work; it says what is kept of it."""
