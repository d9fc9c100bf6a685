"""The head of an OpenFst file: what it is, its words, and whether it is whole. Nothing is loaded.

Layout (OpenFst's `fst.h`, `symbol-table.cc`, `const-fst.h`, `ngram-fst.h`), little-endian: a header, the
symbol tables that its flags announce, the body. The size of a body follows from its first numbers for
the kinds that speech models use, so a file that was cut off is noticed without reading it.
"""

from __future__ import annotations

import mmap
import struct
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FST_MAGIC: Final = 2125659606
SYMBOLS_MAGIC: Final = 2125658996

_HAS_INPUT_SYMBOLS: Final = 1
_HAS_OUTPUT_SYMBOLS: Final = 2
_ADD_ON_MAGIC: Final = 446681434
_LONGEST_NAME_BYTES: Final = 4096
_LONGEST_SYMBOL_BYTES: Final = 1024
_KEY_BYTES: Final = 8
_LEAST_SYMBOL_BYTES: Final = 4 + _KEY_BYTES
_CONST_STATE_BYTES: Final = 20
_VECTOR_STATE_BYTES: Final = 12
_ARC_BYTES: Final = 16
_MOST_STATES: Final = 1 << 40
_LABEL_LOOKAHEADS: Final = frozenset({"ilabel_lookahead", "olabel_lookahead"})
_INTERVAL_BYTES: Final = 8
_LEAST_SET_BYTES: Final = 12


class DamagedFstError(ValueError):
    """The file is no OpenFst file, or was cut off; says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FstFile:
    """What stands before the body.

    `kind` is OpenFst's name (`const`, `ngram`, `olabel_lookahead` …); `has_symbols` whether the file
    carries its words itself.
    """

    kind: str
    has_symbols: bool


def inspect_fst(path: Path, *, thorough: bool = False) -> FstFile:
    """Read the head of `path` and check that its body is there; 0.2 s with half a million words.

    Behind the body of a lexicon is a table of what can be reached from each of its states. It is
    gone through when `thorough` (1.7 s for two million states): the decoder does without what lacks,
    and hears worse. Raises `DamagedFstError`, and `OSError` when the file cannot be opened.
    """
    with _mapped(path) as cursor:
        kind, tables = _head(cursor)
        if thorough and kind in _LABEL_LOOKAHEADS:
            cursor.pass_reachability()
        return FstFile(kind=kind, has_symbols=bool(tables))


def read_fst_words(path: Path) -> tuple[str, ...]:
    """The output symbols in their order but for marks (`<eps>`, `<s>`, `#0`); () when it has none.

    Raises as `inspect_fst` does; 0.7 s for half a million words.
    """
    with _mapped(path) as cursor:
        _kind, tables = _head(cursor)
        return cursor.words(tables[-1]) if tables else ()


@dataclass(frozen=True, slots=True)
class _SymbolTable:
    begin: int
    symbols: int


class _Cursor:
    """Reads forward through a file's bytes; every read stays inside, or raises `DamagedFstError`."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def header(self) -> tuple[str, int, int, int]:
        """Kind, number of states and of arcs, flags."""
        if self._take("<i")[0] != FST_MAGIC:
            raise DamagedFstError("it is no OpenFst file")
        kind, _arc_type = self._text(), self._text()
        _version, flags, _properties, _start, states, arcs = self._take("<iiQqqq")
        return kind, states, arcs, flags

    def symbol_table(self) -> _SymbolTable:
        """Where a symbol table's entries begin; the cursor is behind them then."""
        if self._take("<i")[0] != SYMBOLS_MAGIC:
            raise DamagedFstError("its symbol table does not begin as one")
        self._text()
        _next_key, symbols = self._take("<qq")
        if not 0 <= symbols <= self.left // _LEAST_SYMBOL_BYTES:
            raise DamagedFstError(f"it was cut off, or is damaged ({symbols} symbols announced)")
        table = _SymbolTable(self._at, symbols)
        self._at = self._end_of(table)
        return table

    def words(self, table: _SymbolTable) -> tuple[str, ...]:
        """The symbols of a table that `symbol_table` went through."""
        data, at, words = self._data, table.begin, []
        for _ in range(table.symbols):
            end = at + 4 + int.from_bytes(data[at : at + 4], "little")
            words.append(data[at + 4 : end])
            at = end + _KEY_BYTES
        try:
            text = b"\n".join(words).decode("utf-8")
        except UnicodeDecodeError as error:
            raise DamagedFstError("its words are not UTF-8") from error
        return without_marks(text.split("\n"))

    def pass_reachability(self) -> None:
        """Go through the add-on of a look-ahead: two tables, each of which may be missing."""
        if self._take("<?")[0]:
            for _ in range(2):
                if self._take("<?")[0]:
                    self._pass_table()

    def _pass_table(self) -> None:
        """One table: perhaps new labels, then a set of intervals for each state."""
        _reaches_input, keeps_labels = self._take("<??")
        if keeps_labels:
            self.skip(self._take("<q")[0] * _INTERVAL_BYTES)
        _final_label, sets = self._take("<iq")
        if not 0 <= sets <= self.left // _LEAST_SET_BYTES:
            raise DamagedFstError(f"it was cut off, or is damaged ({sets} states announced)")
        data, at, size = self._data, self._at, len(self._data)
        for _ in range(sets):
            at += _LEAST_SET_BYTES + _INTERVAL_BYTES * int.from_bytes(data[at : at + 8], "little")
            if at > size:
                raise DamagedFstError("it was cut off among what its states reach")
        self._at = at

    def skip(self, size_bytes: int) -> None:
        """Go on behind so many bytes."""
        if size_bytes < 0:
            raise DamagedFstError("it is damaged: a length in it is negative")
        self.need(size_bytes)
        self._at += size_bytes

    def numbers(self, layout: str) -> tuple[int, ...]:
        """The next numbers, in `struct`'s notation."""
        return self._take(layout)

    def need(self, size_bytes: int) -> None:
        """Check that so much is left; goes nowhere."""
        if size_bytes > self.left:
            raise DamagedFstError(f"it was cut off: at least {size_bytes - self.left} bytes lack")

    @property
    def left(self) -> int:
        """Bytes behind the cursor."""
        return len(self._data) - self._at

    def _end_of(self, table: _SymbolTable) -> int:
        data, at, size = self._data, table.begin, len(self._data)
        for _ in range(table.symbols):
            length = int.from_bytes(data[at : at + 4], "little")
            at += 4 + length + _KEY_BYTES
            if length > _LONGEST_SYMBOL_BYTES or at > size:
                raise DamagedFstError("it was cut off or damaged among its words")
        return at

    def _take(self, layout: str) -> tuple[int, ...]:
        self.need(struct.calcsize(layout))
        values = struct.unpack_from(layout, self._data, self._at)
        self._at += struct.calcsize(layout)
        return values

    def _text(self) -> str:
        length = self._take("<i")[0]
        if not 0 <= length <= _LONGEST_NAME_BYTES:
            raise DamagedFstError("a name in it has no sensible length")
        self.need(length)
        self._at += length
        return self._data[self._at - length : self._at].decode("utf-8", "replace")


def without_marks(symbols: list[str]) -> tuple[str, ...]:
    """The words that can be spoken or put into a grammar: no `<eps>`, `<s>`, `</s>`, `#0`, `#1` …."""
    marks = {"<eps>", "<s>", "</s>"}
    return tuple(
        symbol
        for symbol in symbols
        if symbol not in marks and not (symbol[:1] == "#" and symbol[1:].isdigit())
    )


@contextmanager
def _mapped(path: Path) -> Iterator[_Cursor]:
    with path.open("rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise DamagedFstError("it is empty") from error
        with data:
            yield _Cursor(data)


def _head(cursor: _Cursor) -> tuple[str, list[_SymbolTable]]:
    """Kind and symbol tables (the output's is the last) of an FST whose body was found to be there."""
    kind, states, arcs, flags = cursor.header()
    announced = (flag for flag in (_HAS_INPUT_SYMBOLS, _HAS_OUTPUT_SYMBOLS) if flags & flag)
    tables = [cursor.symbol_table() for _ in announced]
    _check_body(cursor, kind, states, arcs)
    return kind, tables


def _check_body(cursor: _Cursor, kind: str, states: int, arcs: int) -> None:
    """Go behind the body where its size is known; other kinds pass, only loading them tells."""
    if max(states, arcs) > _MOST_STATES:
        raise DamagedFstError("it is damaged: nothing has so many states")
    if kind == "const":
        cursor.skip(max(states, 0) * _CONST_STATE_BYTES + max(arcs, 0) * _ARC_BYTES)
    elif kind == "vector":
        cursor.need(max(states, 0) * _VECTOR_STATE_BYTES)
    elif kind == "ngram":
        cursor.need(_ngram_bytes(*cursor.numbers("<QQQ")))
    elif kind.endswith("_lookahead"):
        # An add-on around another FST.
        if cursor.numbers("<i")[0] != _ADD_ON_MAGIC:
            raise DamagedFstError("it is damaged behind its header")
        inner_kind, inner_states, inner_arcs, _flags = cursor.header()
        _check_body(cursor, inner_kind, inner_states, inner_arcs)
    elif not cursor.left:
        raise DamagedFstError("it was cut off behind its header")


def _ngram_bytes(states: int, futures: int, finals: int) -> int:
    """What follows the three numbers: three bit maps (LOUDS tree), words, back-offs and costs."""
    if max(states, futures, finals) > _MOST_STATES:
        raise DamagedFstError("it is damaged: no language model is so large")
    bits = (states * 2 + 1, futures + states + 1, states)
    maps = sum(8 * ((length + 63) // 64) for length in bits)
    return maps + 4 * ((states + 1) + futures + (states + 1) + finals + (futures + 1))
