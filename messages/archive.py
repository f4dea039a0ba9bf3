"""Packed files, with their sizes bounded before memory is taken for them."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from math import inf
from pathlib import PurePosixPath

from messages.errors import LogError, reason_of

MAX_BYTES = 1 << 30  # of one file, unpacked
MAX_RATIO = 200  # unpacked to packed; text packs 3 to 20 times, a bomb 1000 times
FREE_BYTES = 16 << 20  # below this size a ratio says nothing
_CHUNK = 1 << 20


def check_size(name: str, unpacked: int, packed: int) -> None:
    """Raise LogError when a file would unpack to more than we accept.

    >>> check_size("bomb.zip", 5_000_000_000, 5_000_000)
    Traceback (most recent call last):
    messages.errors.LogError: bomb.zip: unpacks to more than 1024 MB or 200 times its size; it is not read.
    Unpack it yourself and split the log into smaller files.
    """
    check_ratio(name, unpacked, packed, MAX_BYTES)


def check_ratio(name: str, unpacked: int, packed: int, most: float = inf) -> None:
    """Raise LogError when a file that is read piece by piece, of any size, would unpack to more than a text does."""
    if unpacked > most or (unpacked > FREE_BYTES and unpacked > MAX_RATIO * max(packed, 1)):
        raise LogError(
            f"{name}: unpacks to more than {MAX_BYTES >> 20} MB or {MAX_RATIO} times its size; it is not read. "
            "Unpack it yourself and split the log into smaller files."
        )


def open_zip(data: bytes, name: str) -> zipfile.ZipFile:
    """The archive, if its directory is whole and its members stay within the limits together."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, struct.error, ValueError, OverflowError, NotImplementedError) as error:
        raise LogError(f"{name}: damaged or cut ({reason_of(error)}). Export or copy the file again.") from None
    members = archive.infolist()
    if len(members) > 10_000:
        raise LogError(f"{name}: holds {len(members)} files; at most 10000 are read. Unpack it and name the log.")
    check_size(name, sum(m.file_size for m in members), len(data))
    return archive


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> bytes:
    """One member, read no further than the size it declares."""
    if member.flag_bits & 1:
        raise LogError(f"{name}: {member.filename} is encrypted. Unpack it with its password first.")
    content = bytearray()
    try:
        with archive.open(member) as stream:
            while chunk := stream.read(_CHUNK):
                content += chunk
                check_size(name, len(content), max(member.compress_size, 1))
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        struct.error,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as error:
        if isinstance(error, LogError):
            raise
        raise LogError(
            f"{name}: {member.filename} is damaged ({reason_of(error)}). Export or copy the file again."
        ) from None
    return bytes(content)


def log_members(archive: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """The members of an archive of logs, each with "" or the reason why it is left out.

    Nothing is ever written to disk, yet a name that points outside is no name of an export.
    """
    for member in sorted((m for m in archive.infolist() if not m.is_dir()), key=lambda m: m.filename):
        path = PurePosixPath(member.filename.replace("\\", "/"))
        outside = path.is_absolute() or ".." in path.parts or ":" in member.filename
        hidden = any(part.startswith((".", "__MACOSX")) and part != ".." for part in path.parts)
        if outside or not hidden:
            yield member, "its name points outside the archive" if outside else ""
