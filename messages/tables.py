"""Reads a plain table of facts: orders, products or replies, every cell as text."""

from pathlib import Path
from typing import TYPE_CHECKING

from messages.encoding import decode_lines
from messages.errors import InputError
from messages.order import Order

if TYPE_CHECKING:
    import pandas as pd


def read_table(path: str | Path) -> "pd.DataFrame":
    """A CSV, TSV, XLSX or JSONL table as text, empty cells as "".

    Raises InputError, naming the file and the reason, when it is missing, damaged or of another kind.
    """
    import io

    import pandas as pd

    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file. Check the name.")
    kind = path.suffix.lower()
    try:
        if kind == ".xlsx":
            return pd.read_excel(path, dtype=str, keep_default_na=False, engine="openpyxl")
        text = "".join(decode_lines(path.read_bytes(), path.name).lines).lstrip("\ufeff")
        if kind == ".jsonl":
            return pd.read_json(io.StringIO(text), lines=True, dtype=False).astype(object).fillna("").astype(str)
        if kind in (".csv", ".tsv"):
            header = text.partition("\n")[0]
            separator = max("," if kind == ".csv" else "\t", ";", "\t", key=header.count)
            return pd.read_csv(io.StringIO(text), sep=separator, dtype=str, keep_default_na=False)
    except (ValueError, OSError, KeyError) as error:
        raise InputError(f"{path}: cannot be read as {kind} ({error}). Save it again as CSV or XLSX.") from None
    raise InputError(f"{path}: cannot read {kind or 'a name without ending'}. Allowed: .csv .tsv .xlsx .jsonl.")


def read_orders(path: str | Path) -> dict[str, Order]:
    """Orders by order id, from a table whose columns have the names of Order's fields.

    Raises InputError on an unknown column, an unreadable value, or a row without an order id, with its row.
    """
    frame = read_table(path)
    if "order_id" not in frame.columns:
        raise InputError(f"{path}: there is no column order_id. Columns seen: {', '.join(map(str, frame.columns))}.")
    orders: dict[str, Order] = {}
    for number, row in enumerate(frame.to_dict("records"), 1):
        try:
            order = Order.of({str(name): value for name, value in row.items()})
        except InputError as error:
            raise InputError(f"{path}, row {number}: {error}") from None
        if order.order_id is None:
            raise InputError(f"{path}, row {number}: there is no order_id. Fill it or delete the row.")
        if order.order_id in orders:
            raise InputError(
                f"{path}, row {number}: order {order.order_id} is there twice. Keep one row for each order."
            )
        orders[order.order_id] = order
    return orders
