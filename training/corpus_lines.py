"""Lines of a corpus file, read within limits: no file can make the reader take much memory."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from ivr.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_LINE_BYTES: Final = 64 * 1024
"""A caller's sentence has some hundred bytes; whatever is longer than this is no row."""

_HEAD_BYTES: Final = 4096
_SKIPPED_AT_ONCE_BYTES: Final = 1024 * 1024
_BYTE_ORDER_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ZIP: Final = b"PK\x03\x04"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line without its end; `number` counts from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that cannot be used, and why; `text` as far as it could be read."""

    number: int
    problem: str
    text: str = ""


def read_lines(path: Path) -> Iterator[Line | BadLine]:
    """Every line of a UTF-8 file; a byte order mark and CR before LF are left out.

    Reads at most `MAX_LINE_BYTES` of a line. A file that is no text gives one bad line and nothing
    else. Raises `ConfigurationError` when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            yield from _lines(file)
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read ({error.strerror})", advice="check the path", where=str(path)
        ) from error


def _lines(file: BinaryIO) -> Iterator[Line | BadLine]:
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    if problem := _not_text(head):
        yield BadLine(number=1, problem=problem)
        return
    if head.startswith(codecs.BOM_UTF8):
        file.seek(len(codecs.BOM_UTF8))
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
            _skip_rest(file)
            yield BadLine(
                number=number,
                problem=f"the line is longer than {MAX_LINE_BYTES // 1024} KiB"
                " (is a line end missing?)",
            )
        else:
            yield _decoded(raw.removesuffix(b"\n").removesuffix(b"\r"), number)


def _not_text(head: bytes) -> str:
    if head.startswith(_BYTE_ORDER_MARKS):
        return "the file is UTF-16: save it as UTF-8"
    if head.startswith(_ZIP):
        return "the file is a spreadsheet or another ZIP file: save it as CSV in UTF-8"
    if b"\0" in head:
        return "the file holds NUL bytes: it is binary, or UTF-16: save it as text in UTF-8"
    return ""


def _skip_rest(file: BinaryIO) -> None:
    while (raw := file.readline(_SKIPPED_AT_ONCE_BYTES)) and not raw.endswith(b"\n"):
        pass


def _decoded(raw: bytes, number: int) -> Line | BadLine:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return BadLine(
            number=number,
            problem=f"byte 0x{raw[error.start]:02x} is not UTF-8: save the file as UTF-8",
            text=raw.decode("utf-8", "replace"),
        )
    if "\0" in text:
        return BadLine(number=number, problem="holds a NUL byte", text=text.replace("\0", "\ufffd"))
    if "\r" in text:
        problem = "holds a carriage return inside: lines end with LF or CRLF"
        return BadLine(number=number, problem=problem, text=text.replace("\r", " "))
    return Line(number=number, text=text)
