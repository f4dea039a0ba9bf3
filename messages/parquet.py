"""Messages in a Parquet file, with the checksums of its pages looked at."""

import io
from typing import Any

from messages.archive import check_size
from messages.errors import LogError
from messages.json_log import flat
from messages.rows import RawRow, Reading

_BATCH = 10_000


def read_parquet(data: bytes, name: str) -> Reading:
    """Rows by position. A page whose checksum is wrong refuses the file: no other row in it can be trusted."""
    import pyarrow
    import pyarrow.parquet

    rows: list[RawRow] = []
    try:
        schema = pyarrow.parquet.ParquetFile(io.BytesIO(data)).schema
        # As dictionaries, one long text that stands in a million rows is kept once.
        texts = [schema.column(i).path for i in range(len(schema)) if schema.column(i).physical_type == "BYTE_ARRAY"]
        file = pyarrow.parquet.ParquetFile(io.BytesIO(data), read_dictionary=texts, page_checksum_verification=True)
        groups = [file.metadata.row_group(g) for g in range(file.metadata.num_row_groups)]
        check_size(name, sum(group.total_byte_size for group in groups), len(data))
        for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
            columns = {field.name: _values(batch.column(i)) for i, field in enumerate(batch.schema)}
            for k in range(batch.num_rows):
                number = len(rows) + 1
                rows.append(RawRow(number, flat({n: c[k] for n, c in columns.items()}), f"row {number}"))
    except LogError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
        reason = str(error).partition("\n")[0][:160]
        raise LogError(f"{name}: damaged Parquet file ({reason}). Write or copy it again.") from None
    if len(rows) != file.metadata.num_rows:
        raise LogError(
            f"{name}: damaged Parquet file ({len(rows)} rows of {file.metadata.num_rows}). Write or copy it again."
        )
    return Reading(rows)


def _values(column: Any) -> list[Any]:
    """A column as Python values; text is decoded here, so that one bad byte costs one cell."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        words = _values(column.dictionary)
        return [None if i is None else words[i] for i in column.indices.to_pylist()]
    if pa.types.is_string(kind) or pa.types.is_string_view(kind):
        column = column.cast(pa.binary(), safe=False)
    elif pa.types.is_large_string(kind):
        column = column.cast(pa.large_binary(), safe=False)
    elif pa.types.is_timestamp(kind) and kind.unit == "ns":
        column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
    return [v.decode("utf-8", "surrogateescape") if isinstance(v, bytes) else v for v in column.to_pylist()]
