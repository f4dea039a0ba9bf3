"""Reads a plain table of facts: orders, products or replies, every cell as text."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from messages.columns import plain_name
from messages.dates import read_moment
from messages.encoding import decode_lines
from messages.errors import InputError, reason_of
from messages.order import Order, Product

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
        if kind in (".csv", ".tsv", ".txt"):  # Amazon's reports are tab-separated .txt
            header = text.partition("\n")[0]
            separator = max("," if kind == ".csv" else "\t", ";", "\t", key=header.count)
            return pd.read_csv(io.StringIO(text), sep=separator, dtype=str, keep_default_na=False)
    except (ValueError, OSError, KeyError) as error:
        raise InputError(
            f"{path}: cannot be read as {kind} ({reason_of(error)}). Save it again as CSV or XLSX."
        ) from None
    raise InputError(f"{path}: cannot read {kind or 'a name without ending'}. Allowed: .csv .tsv .txt .xlsx .jsonl.")


def read_orders(path: str | Path) -> dict[str, Order]:
    """Orders by order id, from a table with the names of Order's fields or an order file as sellers have it.

    In a file of the second kind (orders.toml has the names of its columns) an order may have several rows, one for
    each item: totals are added up, and what differs between them is not known. Columns that no list names are left out.
    Raises InputError on an unknown column, an unreadable value, or a row without an order id, with its row.
    """
    frame = read_table(path)
    fields = order_columns([str(name) for name in frame.columns])
    if "order_id" not in fields.values():
        raise InputError(f"{path}: there is no column order_id. Columns seen: {', '.join(map(str, frame.columns))}.")
    is_ours = all(name == column for column, name in fields.items())
    orders: dict[str, Order] = {}
    for number, row in enumerate(frame.to_dict("records"), 1):
        try:
            known = {name: row[column] for column, name in fields.items()}
            order = Order.of(known if is_ours else _plain(known))
        except InputError as error:
            raise InputError(f"{path}, row {number}: {error}") from None
        if order.order_id is None:
            raise InputError(f"{path}, row {number}: there is no order_id. Fill it or delete the row.")
        if order.order_id in orders and is_ours:
            raise InputError(
                f"{path}, row {number}: order {order.order_id} is there twice. Keep one row for each order."
            )
        earlier = orders.get(order.order_id)
        orders[order.order_id] = _together(earlier, order) if earlier else order
    return orders


def order_columns(columns: Sequence[str]) -> dict[str, str]:
    """The field of Order that each column holds; with our own names every column must be one.

    >>> order_columns(["amazon-order-id", "sku", "purchase-date"])
    {'amazon-order-id': 'order_id', 'purchase-date': 'ordered_at'}
    >>> order_columns(["order_id", "colour"])
    {'order_id': 'order_id', 'colour': 'colour'}
    """
    own = {field.name for field in fields_of(Order)}
    if "order_id" in columns:
        return {column: column for column in columns}
    plain = {plain_name(column): column for column in reversed(columns)}
    named = {column: column for column in columns if column in own}
    for name, aliases in _order_aliases().items():
        first = next((plain[alias] for alias in aliases if alias in plain), None)
        if first is not None and name not in named.values() and first not in named:
            named[first] = name
    return named


@cache
def _order_aliases() -> dict[str, tuple[str, ...]]:
    table = tomllib.loads(Path(__file__).with_name("orders.toml").read_text(encoding="utf-8"))
    return {name: tuple(map(plain_name, aliases)) for name, aliases in table["fields"].items()}


def _plain(row: Mapping[str, str]) -> dict[str, object]:
    """Cells as an export writes them, as Order reads them; what cannot be read for certain is not known."""
    found: dict[str, object] = dict(row)
    for name in ("ordered_at", "shipped_at", "eta", "last_tracking_update", "delivered_at"):
        if moment := read_moment(row.get(name, "")):
            found[name] = moment if ":" in row[name] else moment.date()
        else:
            found.pop(name, None)
    if "order_total" in row:
        found["order_total"] = amount_of(row["order_total"])
    kind = row.get("fulfilment", "").strip().upper()
    found["fulfilment"] = "FBA" if kind in FBA else "FBM" if kind in FBM else None
    if len(row.get("currency", "").strip()) != 3:
        found["currency"] = None
    return found


FBA = ("AFN", "FBA", "AMAZON", "FULFILLED BY AMAZON", "VERSAND DURCH AMAZON", "亚马逊配送")
FBM = ("MFN", "FBM", "MERCHANT", "SELLER", "自发货", "卖家自配送")


def amount_of(cell: str) -> str | None:
    """An amount as a plain number; None where the signs leave two readings.

    >>> amount_of("€ 1.234,50"), amount_of("1,299.00 USD"), amount_of("￥3,680"), amount_of("1.234")
    ('1234.50', '1299.00', '3680', None)
    """
    found = re.findall(r"\d[\d.,']*", unicodedata.normalize("NFKC", cell))
    if len(found) != 1 or "-" in cell:
        return None
    number = found[0].replace("'", "").rstrip(".,")
    whole, sign, part = re.fullmatch(r"(.*?)(?:([.,])(\d*))?", number).groups()  # type: ignore[union-attr]
    if not sign:
        return number
    if any(mark in whole for mark in ".,"):
        grouped = re.fullmatch(r"\d{1,3}([.,])\d{3}(?:\1\d{3})*", whole)
        if not grouped or (grouped[1] == sign and len(part) != 3):
            return None
        digits = re.sub(r"[.,]", "", whole)
        return digits + part if grouped[1] == sign else f"{digits}.{part}"
    if len(part) == 3:  # 1.234 kilos of coins or one and a quarter
        return number.replace(",", "") if sign == "," and any(mark in cell for mark in "¥￥円") else None
    return f"{whole}.{part}"


def _together(first: Order, second: Order) -> Order:
    """Two rows of one order: the sum of what they cost; of the rest what they agree on or only one of them knows."""
    known = {}
    for field in fields_of(Order):
        a, b = getattr(first, field.name), getattr(second, field.name)
        known[field.name] = a if a == b or b is None else b if a is None else None
    total = first.order_total + second.order_total if first.order_total and second.order_total else None
    return replace(first, **known | {"order_total": total if first.currency == second.currency else None})


def read_products(path: str | Path) -> dict[str, Product]:
    """Products by ASIN, from a TOML file with a table for each: ["B0C9WXK4Q2"], name = …, specs.de = ….

    Raises InputError naming file, product, what is wrong and what is allowed.
    """
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}). Wanted: TOML with a table for each ASIN.") from None
    products = {}
    for asin, row in table.items():
        if not isinstance(row, dict):
            raise InputError(f"{path}, {asin}: wanted is a table, such as [B0C9WXK4Q2] and below it name = …")
        try:
            products[asin.upper()] = Product.of({"asin": asin.upper(), **row})
        except InputError as error:
            raise InputError(f"{path}, {asin}: {error}") from None
    return products
