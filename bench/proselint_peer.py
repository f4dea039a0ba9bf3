"""proselint on the same texts, in a process of its own: what it finds, and texts a second."""

import json
import sys
import time

from proselint.checks import __register__
from proselint.config import DEFAULT
from proselint.registry import CheckRegistry
from proselint.tools import LintFile


def main() -> None:
    given = json.load(sys.stdin)
    CheckRegistry().register_many(__register__)
    found = [bool(LintFile(source="reply", content=text).lint(DEFAULT)) for text in given["judged"]]
    start = time.process_time()
    for text in given["texts"]:
        LintFile(source="reply", content=text).lint(DEFAULT)
    print(json.dumps({"rate": len(given["texts"]) / (time.process_time() - start), "found": found}))


if __name__ == "__main__":
    main()
