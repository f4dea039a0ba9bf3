"""Why a suggestion is not `ready`, in the words of reasons.toml: in English, and in Chinese for operators."""

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Reason(NamedTuple):
    """The same said twice."""

    en: str
    zh: str


def reason(name: str, /, **values: str | Reason) -> Reason:
    """A reason by its name in the file, with its values: names and numbers, or words in both languages.

    >>> reason("flag", name="asks_for_person")
    Reason(en='flag asks_for_person', zh='标记 asks_for_person')
    >>> reason("unsure", why=Reason("The message has no words.", "来信中没有文字")).zh
    '不确定买家要什么：来信中没有文字'
    """
    form = _forms()[name]
    return Reason(*(
        form[i].format_map({key: value if isinstance(value, str) else value[i] for key, value in values.items()})
        for i in range(2)
    ))  # fmt: skip


@cache
def _forms() -> dict[str, Reason]:
    table = tomllib.loads(Path(__file__).with_name("reasons.toml").read_text(encoding="utf-8"))
    return {name: Reason(**forms) for name, forms in table.items()}
