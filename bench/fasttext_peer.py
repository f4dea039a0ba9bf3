"""fastText on the same messages, in a process of its own: its package has the name of the one that Henji uses."""

import json
import sys
import tempfile
import time
from pathlib import Path

import fasttext
import numpy as np


def main() -> None:
    given = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "train.txt"
        lines = (f"__label__{label} {text}" for label, text in given["train"])
        file.write_text("\n".join(lines), encoding="utf-8")
        model = fasttext.train_supervised(
            str(file),
            lr=0.5,
            epoch=10,
            dim=13,
            wordNgrams=2,
            minn=1,
            maxn=5,
            bucket=1 << 18,
            thread=1,
            seed=0,
            verbose=0,
        )
    texts = given["texts"]
    model.predict(texts)
    rates, times = [], []
    for _ in range(3):
        start = time.process_time()
        model.predict(texts)
        rates.append(len(texts) / (time.process_time() - start))
    for text in texts[:300]:
        start = time.perf_counter()
        model.predict(text)
        times.append(1000 * (time.perf_counter() - start))
    found = [labels[0].removeprefix("__label__") for labels in model.predict(given["test"])[0]]
    percentiles = np.percentile(times, [50, 99]).tolist()
    print(json.dumps({"rate": max(rates), "p50": percentiles[0], "p99": percentiles[1], "found": found}))


if __name__ == "__main__":
    main()
