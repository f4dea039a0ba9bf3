"""Both READMEs show the same commands, calls and tables; the calls run as doctests."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")


def code_of(page: str) -> list[str]:
    """The code blocks without the comments in them, which are translated."""
    return [re.sub(r"\s+# .*", "", block) for block in re.findall(r"```\w+\n(.*?)```", page, flags=re.DOTALL)]


def test_the_pages_show_the_same_code() -> None:
    assert code_of(ENGLISH) == code_of(CHINESE)


def test_the_pages_have_the_same_sections_and_tables() -> None:
    for pattern in (r"^#+ ", r"^\| `(\w+)` "):
        english, chinese = (re.findall(pattern, page, flags=re.MULTILINE) for page in (ENGLISH, CHINESE))
        assert english == chinese


def test_the_first_forty_lines_say_what_to_do() -> None:
    head = "\n".join(ENGLISH.splitlines()[:40])
    assert all(word in head for word in (">>> print(reply.text)", "make demo", "make test", "Three uses"))


def test_every_test_that_proves_a_promise_is_there() -> None:
    page = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (P\d+) \|(.*)$", page, flags=re.MULTILINE))
    assert list(rows) == [f"P{n}" for n in range(1, 34)]
    for promise, row in rows.items():
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", row)
        assert named, f"{promise} has no test"
        for file, test in named:
            assert f"\ndef {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), f"{promise}: {file}::{test}"
