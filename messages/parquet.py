"""Messages in a Parquet file, with the checksums of its pages looked at."""

import io
import re
from typing import IO, Any

from messages.archive import check_ratio
from messages.content import Content
from messages.errors import LogError, reason_of
from messages.json_log import flat
from messages.rows import Ending, RawRow, Rows

_BATCH = 2_000
# How a page begins, in Thrift's compact form: its type, its two sizes, and then its checksum, if it has one.
_WITHOUT_CHECKSUM = re.compile(rb"(?:\x15[\x80-\xff]{0,4}[\x00-\x7f]){3}(?!\x15)")
_NO_CHECKSUMS = "This Parquet file has no checksums; damage in it cannot be seen."


def parquet_rows(content: Content, name: str) -> Rows:
    """Rows by position. A page whose checksum is wrong refuses the file: no other row in it can be trusted."""
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with io.BytesIO(content.data()) if content.packed else content.open() as stream:
            schema = pyarrow.parquet.ParquetFile(stream).schema
            # As dictionaries, one long text that stands in a million rows is kept once.
            kinds = ((schema.column(i).path, schema.column(i).physical_type) for i in range(len(schema)))
            texts = [path for path, kind in kinds if kind == "BYTE_ARRAY"]
            stream.seek(0)
            file = pyarrow.parquet.ParquetFile(stream, read_dictionary=texts, page_checksum_verification=True)
            groups = (file.metadata.row_group(g) for g in range(file.metadata.num_row_groups))
            check_ratio(name, sum(group.total_byte_size for group in groups), content.size)
            notes = (_NO_CHECKSUMS,) if _lacks_checksums(stream, file.metadata) else ()
            for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
                columns = {field.name: _values(batch.column(i)) for i, field in enumerate(batch.schema)}
                for k in range(batch.num_rows):
                    number += 1
                    yield RawRow(number, flat({n: c[k] for n, c in columns.items()}), f"row {number}")
            expected = file.metadata.num_rows
    except LogError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
        raise LogError(f"{name}: damaged Parquet file ({reason_of(error)}). Write or copy it again.") from None
    if number != expected:
        raise LogError(f"{name}: damaged Parquet file ({number} rows of {expected}). Write or copy it again.")
    return Ending(notes)


def _lacks_checksums(stream: IO[bytes], metadata: Any) -> bool:
    """Whether the first page was written without a checksum, as most writers do: a writer gives all pages one or none.

    pyarrow verifies checksums that are there and says nothing of those that are not.
    """
    if not (metadata.num_row_groups and metadata.num_columns):
        return False
    chunk = metadata.row_group(0).column(0)
    stream.seek(chunk.dictionary_page_offset or chunk.data_page_offset)
    return _WITHOUT_CHECKSUM.match(stream.read(32)) is not None


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
