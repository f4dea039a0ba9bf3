"""The bytes of a log: looked through once, then read in blocks as often as needed, so that no log is held whole."""

import hashlib
import io
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from messages.archive import MAX_BYTES, check_ratio
from messages.errors import LogError

BLOCK = 1 << 20
HEAD = 200_000  # bytes from which a format is seen
_BLANK = b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"
_GZIP = b"\x1f\x8b"
_PACKED_BLOCK = 1 << 14  # unpacks to 16 MB at most
_NUL_END = 8  # so many NUL bytes at the end of a text: it was not written to its end


@dataclass(frozen=True)
class Content:
    """What a file holds, unpacked, up to where it can be trusted.

    `digest` is the SHA-256 of the file as it lies there, `size` the bytes that `blocks` gives. `fault` says what is
    wrong with its packing, `cut` that its end is missing; `nuls` counts the NUL bytes at its end.
    """

    name: str
    open: Callable[[], BinaryIO]
    size: int
    digest: str = ""
    packed: bool = False
    fault: str = ""
    cut: bool = False
    nuls: int = 0

    def blocks(self) -> Iterator[bytes]:
        """All bytes, anew each time."""
        left = self.size
        with self.open() as stream:
            blocks = gunzip(stream.read, self.name) if self.packed else _plain(stream.read)
            while left > 0:
                block = next(blocks, b"")[:left]
                left -= len(block)
                if not block:
                    raise LogError(f"{self.name}: was changed while it was read. Run the command again.")
                yield block

    def lines(self) -> Iterator[bytes]:
        r"""All lines with their ends, anew each time, whether they end in \n, \r\n or \r.

        >>> list(content_of(b"a\r\nb\rc\n\nd", "log.csv").lines())
        [b'a\r\n', b'b\r', b'c\n', b'\n', b'd']
        """
        begun: list[bytes] = []
        for block in self.blocks():
            if b"\n" not in block and b"\r" not in block and not (begun and begun[-1].endswith(b"\r")):
                begun.append(block)
                continue
            lines = b"".join((*begun, block)).splitlines(keepends=True)
            begun = [] if lines[-1].endswith(b"\n") else [lines.pop()]  # a \n may follow its \r
            yield from lines
        if begun:
            yield b"".join(begun)

    @cached_property
    def head(self) -> bytes:
        """The beginning, from which the format is seen."""
        found = b""
        for block in self.blocks():
            found += block
            if len(found) >= HEAD:
                break
        return found[:HEAD]

    @property
    def is_unwritten(self) -> bool:
        """True for a text that ends in NUL bytes: its end was not written."""
        return self.nuls >= _NUL_END

    def without_nuls(self) -> "Content":
        """The same without the NUL bytes at its end."""
        return replace(self, size=self.size - self.nuls, nuls=0)

    def data(self) -> bytes:
        """All bytes at once, for the formats that cannot be read piece by piece; LogError when they are too many."""
        if self.size > MAX_BYTES:
            raise LogError(
                f"{self.name}: has {self.size >> 20} MB; at most {MAX_BYTES >> 20} MB of this format are read. "
                "Split the log, or export it as CSV, JSON lines or Parquet, which may be of any size."
            )
        return b"".join(self.blocks())


def open_content(path: str | Path) -> Content:
    """Look through a file, or through what an fsspec URL such as `s3://bucket/log.csv` names.

    Raises LogError, with the file, the reason and what to do, when there is nothing that could be read.
    """
    name = str(path).rstrip("/").rpartition("/")[2] if is_url(path) else Path(path).name
    try:
        if is_url(path):
            import fsspec

            return content_of(lambda: fsspec.open(str(path), "rb").open(), name)
        local = Path(path)
        if local.is_dir():
            raise LogError(f"{name}: is a folder, not a log. Name one of the files in it.")
        return content_of(lambda: local.open("rb"), name)
    except FileNotFoundError:
        where = str(path).rpartition("/")[0] if is_url(path) else Path(path).parent
        raise LogError(f"{name}: no such file in {where}. Check the name.") from None
    except (OSError, ValueError, ImportError) as error:
        if isinstance(error, LogError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise LogError(f"{name}: cannot be opened ({reason}). Check the name and the permissions.") from None


def expanded(patterns: Iterable[str]) -> list[str]:
    """The files and URLs that patterns such as `logs/*.csv` stand for, each pattern's in order.

    Raises LogError when there is none for a pattern.
    """
    import glob

    found: list[str] = []
    for pattern in patterns:
        if not glob.has_magic(pattern) or (not is_url(pattern) and Path(pattern).exists()):
            found.append(pattern)
            continue
        if is_url(pattern):
            import fsspec

            matching = [file.full_name for file in fsspec.open_files(pattern, "rb")]
        else:
            matching = sorted(glob.glob(pattern, recursive=True))
        if not matching:
            raise LogError(f"{pattern}: no file has such a name. Check the pattern.")
        found += matching
    return found


def is_url(path: str | Path) -> bool:
    """True for `s3://…` and its like; `C:\\…` is a path.

    >>> is_url("s3://bucket/log.csv"), is_url("log.csv"), is_url("C:/log.csv")
    (True, False, False)
    """
    return "://" in str(path)


def content_of(source: bytes | Callable[[], BinaryIO], name: str) -> Content:
    """The content of a file, or of bytes that came out of an archive.

    Raises LogError when there is nothing in it, or when it unpacks to far more than any text would.

    >>> import gzip
    >>> content_of(gzip.compress(b"Hello"), "log.csv.gz").data()
    b'Hello'
    """
    opened: Callable[[], BinaryIO] = (lambda: io.BytesIO(source)) if isinstance(source, bytes) else source
    digest = hashlib.sha256()
    with opened() as stream:
        packed = stream.read(2) == _GZIP
        length = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        read = _digesting(stream, digest.update)
        blocks = gunzip(read, name) if packed else _plain(read)
        size, nuls, blank, fault, cut = 0, 0, True, "", False
        while True:
            try:
                block = next(blocks)
            except StopIteration as end:
                fault, cut = end.value or (fault, cut)
                break
            size += len(block)
            bare = len(block.rstrip(b"\x00"))
            nuls = len(block) - bare + (0 if bare else nuls)
            blank = blank and not block.strip(_BLANK)
            check_ratio(name, size, length)
    if blank and packed:
        raise LogError(f"{name}: holds nothing that could be unpacked{': ' + fault if fault else '.'} Copy it again.")
    if blank:
        raise LogError(f"{name}: is empty. Export the log again.")
    return Content(name, opened, size, digest.hexdigest(), packed, fault, cut, nuls)


def gunzip(read: "Callable[[int], bytes]", name: str) -> Generator[bytes, None, tuple[str, bool]]:
    """The blocks of a gzip file; in the end what is wrong with it in words or "", and whether its end is missing.

    Raises LogError when a checksum in it is wrong.
    """
    given = 0
    rest = read(_PACKED_BLOCK)
    while rest[:2] == _GZIP:
        member = zlib.decompressobj(wbits=31)
        while True:
            try:
                block = member.decompress(rest)
            except zlib.error as error:
                if "incorrect" in str(error) or not given:
                    raise LogError(f"{name}: damaged gzip data ({error}). Export or copy the file again.") from None
                return f"The gzip data is damaged after {given} bytes.", True
            given += len(block)
            if block:
                yield block
            if member.eof:
                break
            if not (rest := read(_PACKED_BLOCK)):
                return f"The gzip data is cut after {given} bytes.", True
        rest = member.unused_data
        rest += read(_PACKED_BLOCK) if len(rest) < 2 else b""
    nothing = not rest.strip(b"\x00")
    while more := read(_PACKED_BLOCK):
        nothing = nothing and not more.strip(b"\x00")
    return ("", False) if nothing else ("Bytes that are not gzip follow the gzip data; they were not read.", False)


def _plain(read: "Callable[[int], bytes]") -> Iterator[bytes]:
    while block := read(BLOCK):
        yield block


def _digesting(stream: BinaryIO, update: Callable[[bytes], None]) -> Callable[[int], bytes]:
    def read(n: int) -> bytes:
        block = stream.read(n)
        update(block)
        return block

    return read
