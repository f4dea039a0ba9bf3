"""A batch that costs nothing but its reading: what the tests of batch.py start, stop and kill.

python tests/batch_job.py LOG OUT [WORKERS [SCHEDULER [SECONDS A PART]]]
"""

import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from henji import main
from messages.batch import Work, open_job, work_part, work_through
from messages.log import read_parts

if TYPE_CHECKING:
    import pandas as pd


def measured(messages: "pd.DataFrame", seconds: float = 0) -> "pd.DataFrame":
    """The messages with their lengths; slow where a test needs time to interfere."""
    time.sleep(seconds)
    return messages.assign(length=[str(len(text)) for text in messages["text"]])


def run(log: str, out: str, workers: str = "1", scheduler: str = "", seconds: str = "0") -> None:
    output = Path(out)
    suffix = output.suffix
    parts = read_parts(log)
    table = partial(measured, seconds=float(seconds))
    work = partial(work_part, table=table, suffix=suffix or ".parquet", counted=("marketplace",), masked=False)
    with open_job(output, suffix, {"log": parts.digest}) as job:
        print(job.n_in, flush=True)
        batch = work_through(Work(parts, work), parts.n_rows, job, workers=int(workers), scheduler=scheduler)
        job.put_in_place(batch.n_aside > 0)


if __name__ == "__main__":
    import commands

    commands.app = lambda standalone_mode: run(*sys.argv[1:])  # type: ignore[attr-defined]
    main()
