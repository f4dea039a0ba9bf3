"""Workbooks and archives that tests of several rooms build."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl


def book_of(*sheets: tuple[str, Sequence[Sequence[Any]]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for cells in rows:
            sheet.append(cells)
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def workbook(*sheets: tuple[str, Sequence[Sequence[Any]]]) -> bytes:
    return saved(book_of(*sheets))


def zipped(members: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()
