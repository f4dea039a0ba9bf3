"""Applies a function to many messages in parts, on one core or several, in their order."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Done = TypeVar("Done")

PART = 1_000
WORTH_A_PROCESS = 4_000  # below this, starting a worker costs more than it saves


def map_parts(
    function: Callable[[Sequence[Item]], list[Done]],
    items: Sequence[Item],
    *,
    workers: int = 1,
    report: Callable[[int], None] = lambda n: None,
) -> Iterator[Done]:
    """Yield `function` of every part, item by item in the order given; `report` hears of each finished part.

    The outcome does not depend on the number of workers. With more than one, `function` must be importable.

    >>> list(map_parts(lambda part: [x * 2 for x in part], [1, 2, 3]))
    [2, 4, 6]
    """
    from joblib import Parallel, delayed

    parts = [items[start : start + PART] for start in range(0, len(items), PART)]
    if workers == 1 or len(items) < WORTH_A_PROCESS:
        finished: Iterator[list[Done]] = map(function, parts)
    else:
        finished = Parallel(n_jobs=workers, return_as="generator")(delayed(function)(part) for part in parts)
    for done in finished:
        report(len(done))
        yield from done
