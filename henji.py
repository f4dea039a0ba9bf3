"""Henji (返事, "reply"): what each buyer wants, and a checked reply, in six languages.

The public names, and the way into the `henji` command, whose parts stand in `commands`.
"""

import signal
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from messages import InputError, Log, LogError, Order, Product, read_log
    from model import ModelError, Prediction
    from suggest import Policy, Suggestion
    from suggest.tone import Finding

__version__ = "0.1.0"
__all__ = [
    "Finding",
    "InputError",
    "Log",
    "LogError",
    "ModelError",
    "Order",
    "Policy",
    "Prediction",
    "Product",
    "Suggestion",
    "check_reply",
    "classify",
    "read_log",
    "suggest_reply",
]

_HOMES = {
    "messages": ("InputError", "Log", "LogError", "Order", "Product", "read_log"),
    "model": ("ModelError", "Prediction"),
    "suggest": ("Policy", "Suggestion"),
    "suggest.tone": ("Finding",),
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `henji --help` answers at once."""
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"henji has no {name!r}. Public names: {', '.join(__all__)}.")


def classify(message: str) -> "Prediction":
    """What one message is about; for many, `load_classifier().classify(messages)` of `model` is faster.

    >>> classify("Where is my parcel?").scenario
    'logistics_delay'
    """
    from messages import InputError
    from model import load_classifier

    if not isinstance(message, str):
        raise InputError(f"A message is text, not {type(message).__name__}. Give a str.")
    return load_classifier().classify([message])[0]


def suggest_reply(
    message: str,
    *,
    order: "Order | Mapping[str, Any] | None" = None,
    product: "Product | Mapping[str, Any] | None" = None,
    marketplace: str | None = None,
    now: datetime | None = None,
    policy: "Policy | Mapping[str, Any] | None" = None,
) -> "Suggestion":
    """The best reply that the facts allow, checked, with what it lacks; it never invents a fact and sends nothing.

    `order`, `product` and `policy` take the class or a dict with its field names; `marketplace` a code such as "DE",
    an Amazon id or domain; `now` an aware time, else the clock of this machine.
    Raises InputError on an unknown key, marketplace or value.

    >>> s = suggest_reply("Wo bleibt mein Paket?", order={"order_id": "302-1234567-7654321"}, marketplace="DE")
    >>> s.language, s.scenario, "302-1234567-7654321" in s.text
    ('de', 'logistics_delay', True)
    """
    from suggest import suggest_reply

    return suggest_reply(message, order=order, product=product, marketplace=marketplace, now=now, policy=policy)


def check_reply(
    text: str,
    *,
    language: str | None = None,
    marketplace: str | None = None,
    message: str | None = None,
    order: "Order | Mapping[str, Any] | None" = None,
    policy: "Policy | Mapping[str, Any] | None" = None,
) -> "list[Finding]":
    """Every place in a reply that breaks a rule of tone or policy, from its beginning to its end.

    `language` is the buyer's; without it, that of `message`, else of the reply itself. `order=None` means that the
    order is not known, and checks that need it are left out; an order without `order_id` is a pre-sale question.
    Raises InputError on an unknown language, marketplace or key.

    >>> [f.category for f in check_reply("We will try our best to help you.", language="en")]
    ['vague']
    """
    from suggest import check_reply

    return check_reply(text, language=language, marketplace=marketplace, message=message, order=order, policy=policy)


def main() -> None:
    """The `henji` command. Exit codes: 0 done, 1 findings or rows set aside, 2 wrong use, 3 input refused;
    130 and 143 stopped."""
    from typer import Abort

    from commands import app
    from messages.errors import InputError, LogError, Stopped

    stopped = 130

    def terminated(number: int, frame: object) -> None:
        nonlocal stopped
        stopped = 143
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, terminated)
    try:
        code = app(standalone_mode=False) or 0
        if code == 130:  # what Typer makes of an interrupt
            raise KeyboardInterrupt
        sys.exit(code)
    except InputError as error:
        _say(str(error))
        sys.exit(3 if isinstance(error, LogError) or type(error).__name__ == "ModelError" else 2)
    except (KeyboardInterrupt, Abort, Stopped) as stop:
        _say(str(stop) or "Stopped. No output was written.")
        sys.exit(stopped)
    except Exception as error:
        if not hasattr(error, "format_message"):  # what the parser says of its arguments
            raise
        _say(f"{error.format_message()} See henji --help.")
        sys.exit(2)


def _say(line: str) -> None:
    print(f"henji: {line}", file=sys.stderr)


if __name__ == "__main__":
    main()
