"""Rows of CSV and JSONL files, each with its line, and what is wrong with those that are none."""

from __future__ import annotations

import csv
import json
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from training.corpus_lines import BadLine, Line, read_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SUFFIXES: Final = (".csv", ".jsonl")
_MAX_LINES_OF_ROW: Final = 8
_QUOTE_OPEN: Final = "unexpected end of data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Fields by column, as written but for white space around them; `line` is the first of the row."""

    line: int
    values: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What a file may have: `required` always; `known` is all there may be, None for anything."""

    required: tuple[str, ...]
    known: tuple[str, ...] | None

    def problem(self, names: Sequence[str]) -> str:
        """Say what is wrong with these columns; '' when nothing is."""
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            return f"column {', '.join(map(repr, twice))} stands there twice"
        unknown = [name for name in names if self.known is not None and name not in self.known]
        missing = [name for name in self.required if name not in names]
        problems = []
        if missing:
            problems.append(f"missing column {', '.join(missing)}")
        if unknown:
            problems.append(f"unknown column {', '.join(map(repr, unknown))}")
        if len(names) == 1 and ";" in names[0]:
            problems.append("fields are separated by commas, not by semicolons")
        if problems and self.known is not None:
            problems.append(f"known are {', '.join(self.known)}")
        return "; ".join(problems)


def read_rows(path: Path, columns: Columns) -> Iterator[Row | BadLine]:
    """Every row of a file: `.jsonl` has an object a line, anything else is CSV with a header.

    Columns that are not allowed make a bad line: the header, and nothing else is read then; in JSONL
    the row. Empty lines are skipped. Raises `ConfigurationError` when the file cannot be read.
    """
    read = _json_rows if path.suffix == ".jsonl" else _csv_rows
    found = False
    for row in read(read_lines(path), columns):
        found = True
        yield row
    if not found:
        yield BadLine(number=1, problem="the file holds no rows")


def _csv_rows(lines: Iterator[Line | BadLine], columns: Columns) -> Iterator[Row | BadLine]:
    records = _Records(lines)
    names: list[str] = []
    for record in records:
        if isinstance(record, BadLine):
            yield record
            if not names:  # a header that cannot be read
                return
        elif not names:
            names = [name.strip() for name in record.fields]
            if problem := columns.problem(names):
                yield BadLine(number=record.line, problem=problem, text=record.text)
                return
        else:
            yield _csv_row(record, names)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    line: int
    fields: list[str]
    text: str


class _Records:
    """CSV records of lines. A quoted field may go over up to 8 lines.

    Where a quote is never closed the line that opens it is bad, and reading goes on behind that line.
    """

    def __init__(self, lines: Iterator[Line | BadLine]) -> None:
        self._lines = lines
        self._put_back: deque[Line | BadLine] = deque()

    def __iter__(self) -> Iterator[_Record | BadLine]:
        while (line := self._next()) is not None:
            if isinstance(line, BadLine):
                yield line
            elif line.text.strip():
                yield self._record(line)

    def _next(self) -> Line | BadLine | None:
        return self._put_back.popleft() if self._put_back else next(self._lines, None)

    def _record(self, first: Line) -> _Record | BadLine:
        text, taken = first.text, 1
        following: list[Line | BadLine] = []
        while True:
            try:
                fields = next(csv.reader([text], strict=True))
                return _Record(line=first.number, fields=fields, text=text)
            except csv.Error as error:
                problem = str(error)
            more = self._next() if problem == _QUOTE_OPEN and taken < _MAX_LINES_OF_ROW else None
            if more is not None:
                following.append(more)
            if not isinstance(more, Line):
                break
            text, taken = f"{text}\n{more.text}", taken + 1
        self._put_back.extendleft(reversed(following))
        said = "a quote is never closed" if problem == _QUOTE_OPEN or following else problem
        return BadLine(number=first.number, problem=f"not CSV ({said})", text=first.text)


def _csv_row(record: _Record, names: list[str]) -> Row | BadLine:
    fields = record.fields
    if len(fields) > len(names):
        problem = "more fields than columns (quote a text that holds a comma)"
        return BadLine(number=record.line, problem=problem, text=record.text)
    if len(fields) < len(names):
        problem = f"missing field {', '.join(names[len(fields) :])}"
        return BadLine(number=record.line, problem=problem, text=record.text)
    values = {name: field.strip() for name, field in zip(names, fields, strict=True)}
    return Row(line=record.line, values=values, text=record.text)


def _json_rows(lines: Iterator[Line | BadLine], columns: Columns) -> Iterator[Row | BadLine]:
    for line in lines:
        if isinstance(line, BadLine):
            yield line
        elif line.text.strip():
            try:
                values = _json_values(line.text)
            except (ValueError, RecursionError) as error:
                problem = f"not a JSON object of plain values ({_short(error)})"
                yield BadLine(number=line.number, problem=problem, text=line.text)
                continue
            if problem := columns.problem(list(values)):
                yield BadLine(number=line.number, problem=problem, text=line.text)
            else:
                yield Row(line=line.number, values=values, text=line.text)


def _json_values(text: str) -> dict[str, str]:
    found = json.loads(text, object_pairs_hook=_only_once, parse_constant=_refuse_constant)
    if not isinstance(found, dict):
        raise ValueError("the line is no object")  # noqa: TRY004 (told like all other mistakes)
    return {name: _plain(name, value) for name, value in found.items()}


def _only_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = sorted(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
    if twice:
        raise ValueError(f"{twice[0]!r} stands there twice")
    return dict(pairs)


def _refuse_constant(written: str) -> NoReturn:
    raise ValueError(f"{written} is no number")


def _plain(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{name!r} is neither text nor a number")  # noqa: TRY004
    return str(value).strip()


def _short(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
