"""Written tables: whole or not at all, safe to open, the same after reading back."""

import resource
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages import InputError
from messages.batch import in_order
from messages.output import CELL_LIMIT, guard, unguard, write_table
from messages.tables import read_orders, read_table

HOSTILE = [
    "=1+1",
    "+49 30 1",
    "-5 °C",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "＝1",
    "＋1",
    "－1",
    "＠a",
    "'=1",
    "it's = fine",
    "",
]
DANGER = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
FRAME = pd.DataFrame({"row": range(1, len(HOSTILE) + 1), "text": HOSTILE, "sure": [True] * len(HOSTILE)})


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".xlsx"])
def test_no_cell_runs_and_every_text_comes_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    write_table(FRAME, path)
    cells = [c.replace("_x000D_", "\r") for c in read_table(path)["text"]]  # how a workbook spells a carriage return
    assert not any(cell.startswith(DANGER) for cell in cells)
    assert [unguard(c).replace("\r", "\n") for c in cells] == [t.replace("\r", "\n") for t in HOSTILE]


def test_workbook_cells_are_strings_never_formulas(tmp_path: Path) -> None:
    import openpyxl

    write_table(FRAME, tmp_path / "out.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    assert {cell.data_type for cell in sheet["B"][1:]} <= {"s", "inlineStr", "n"}
    assert not any(cell.data_type == "f" for row in sheet for cell in row)


def test_a_cell_too_long_for_a_workbook_says_so(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"text": ["x" * 40_000]}), tmp_path / "out.xlsx")
    cell = read_table(tmp_path / "out.xlsx")["text"][0]
    assert len(cell) == CELL_LIMIT and cell.endswith("[cut: the cell holds 32,767 characters]")


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_machine_formats_hold_the_text_as_it_is(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    write_table(FRAME, path)
    read = pd.read_parquet(path) if suffix == ".parquet" else pd.read_json(path, lines=True)
    assert read["text"].tolist() == HOSTILE


def test_excel_in_china_opens_the_csv(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"回复": ["您好"]}), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@given(st.text())
def test_guard_is_undone_by_unguard(text: str) -> None:
    assert unguard(guard(text)) == text and not guard(text).startswith(DANGER)


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    """A limit on the size of files is what a full disk looks like to a program."""
    path = tmp_path / "out.csv"
    path.write_text("old", encoding="utf-8")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(InputError, match="Nothing was changed"):
            write_table(pd.DataFrame({"text": ["x" * 100] * 100}), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert [f.name for f in tmp_path.iterdir()] == ["out.csv"] and path.read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("out.doc", r"cannot write \.doc\. Allowed: \.csv \.tsv \.xlsx \.jsonl \.parquet"),
        ("out", "a name without ending"),
        ("nowhere/out.csv", "does not exist"),
    ],
)
def test_an_output_that_cannot_be_written_is_named(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        write_table(FRAME, tmp_path / name)


ORDERS = [
    ("order_id,colour\n1,red\n", r"row 1: Order has no field 'colour'\. Known: order_id"),
    ("buyer_name\nAnna\n", "there is no column order_id. Columns seen: buyer_name"),
    ("order_id,carrier\n,DHL\n", "row 1: there is no order_id"),
    ("order_id\n1\n1\n", "row 2: order 1 is there twice"),
    ("order_id,order_total\n1,a lot\n", r"row 1: Order\.order_total: cannot read 'a lot'"),
]


@pytest.mark.parametrize(("content", "said"), ORDERS)
def test_orders_with_mistakes_are_named_with_their_row(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_orders(path)


def test_orders_keep_what_looks_like_a_number(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("order_id,tracking_id,carrier\n302-1,0034,NA\n303-1,1.2E+15,DHL\n", encoding="utf-8-sig")
    orders = read_orders(path)
    assert (orders["302-1"].tracking_id, orders["302-1"].carrier) == ("0034", None)
    assert (orders["303-1"].tracking_id, orders["303-1"].carrier) == (None, "DHL")


def doubled(n: int) -> int:
    return 2 * n


def test_any_number_of_workers_gives_the_same_in_order() -> None:
    items = list(range(40))
    assert list(in_order(doubled, items, workers=2)) == list(in_order(doubled, items)) == [2 * n for n in items]
