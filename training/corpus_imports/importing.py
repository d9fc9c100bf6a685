"""Brings labelled sentences from elsewhere into a corpus file, written as a recogniser would."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ivr.errors import ConfigurationError
from ivr.steering.masking import MASK
from ivr.steering.text import normalise, plain_words, spoken_words
from training.corpus import COLUMNS, BadRow, BadRows, row_problem
from training.corpus_checks.personal_data import find_personal_data
from training.corpus_imports.file_writer import write_corpus_file, write_rejects
from training.corpus_lines import BadLine
from training.corpus_rows import Columns, Row, read_rows
from training.number_words import can_say_numbers, numbers_in_words
from training.progress import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT_COLUMNS: Final = ("text", "words", "sentence", "utterance", "query")
INTENT_COLUMNS: Final = ("intent", "category", "label")
CALL_COLUMN: Final = "interaction"
_CARRIED: Final = ("language", "source", "session", "speaker", "weight", "date")
_PROGRESS_ROWS: Final = 1000
_ADVICE: Final = (
    "mend these rows, or give --keep-good to import the others and have these written to a file with "
    "their lines"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSettings:
    """What to import and how.

    `language` is that of rows without a column for it. `text_column` and `intent_column` are found by
    their usual names when ''. `labels` maps labels to intents ('' leaves a label's rows out); others keep
    their name, written like an intent. `source` and `session` are for rows that do not tell.
    `keep_good` imports the good rows of a file that has bad ones; else nothing is imported.
    """

    language: str
    source: str
    session: str = ""
    text_column: str = ""
    intent_column: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    keep_good: bool = False
    replace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did; `rejects` is the file with the `rejected` rows, None without any."""

    destination: Path
    rows: int
    written: int
    repeated: int
    left_out: int
    rejected: int
    rejects: Path | None
    ignored_columns: tuple[str, ...]
    unused_labels: tuple[str, ...]


def import_corpus(
    source: Path, destination: Path, settings: ImportSettings, *, progress: Progress = silent
) -> Imported:
    """Read CSV or JSONL of any columns that hold a text and a label; write a corpus file whole.

    `destination` (`.csv` or `.jsonl`) appears in one step or not at all. Raises `ConfigurationError`
    when it exists and may not be replaced, or when rows are bad and `keep_good` is not set.
    """
    _check_destination(source, destination, replace=settings.replace)
    reading = _Import(source, settings)
    rows = list(reading.rows(progress))
    if reading.bad.count and not settings.keep_good:
        raise ConfigurationError(reading.bad.listed(), advice=_ADVICE, where=str(source))
    if not rows:
        raise ConfigurationError(
            f"none of its {reading.count} rows can be imported",
            advice="see that text and label are in the columns that are named",
            where=str(source),
        )
    progress("writing", 0.95)
    rejects = _write(destination, rows, reading.rejected, settings.language)
    return Imported(
        destination=destination,
        rows=reading.count,
        written=len(rows),
        repeated=reading.repeated,
        left_out=reading.left_out,
        rejected=reading.bad.count,
        rejects=rejects,
        ignored_columns=tuple(sorted(reading.ignored)),
        unused_labels=tuple(sorted(set(settings.labels) - reading.labels_seen)),
    )


def _check_destination(source: Path, destination: Path, *, replace: bool) -> None:
    where = str(destination)
    if destination.suffix not in {".csv", ".jsonl"}:
        raise ConfigurationError("a corpus file is called *.csv or *.jsonl", where=where)
    if not destination.absolute().parent.is_dir():
        raise ConfigurationError("its folder is not there", advice="make it first", where=where)
    if destination.exists() and source.exists() and destination.samefile(source):
        raise ConfigurationError("is what is imported from", advice="name another", where=where)
    if destination.exists() and not replace:
        raise ConfigurationError(
            "is there already", advice="name another file, or give --replace", where=where
        )


def _write(
    destination: Path, rows: Sequence[Mapping[str, str]], rejected: Sequence[BadRow], language: str
) -> Path | None:
    """Write the rejected rows first: bad rows are never lost because good ones are in place."""
    rejects = destination.with_name(f"{destination.name}.rejected.csv") if rejected else None
    if rejects:
        write_rejects(rejects, rejected)
    try:
        write_corpus_file(destination, rows, language)
    except ConfigurationError:
        if rejects:
            rejects.unlink(missing_ok=True)
        raise
    return rejects


class _Import:
    """One pass through a file; counts as it goes."""

    def __init__(self, source: Path, settings: ImportSettings) -> None:
        self._source = source
        self._settings = settings
        self._first: dict[str, tuple[str, int]] = {}
        self.bad = BadRows()
        self.rejected: list[BadRow] = []
        self.count = self.repeated = self.left_out = 0
        self.ignored: set[str] = set()
        self.labels_seen: set[str] = set()

    def rows(self, progress: Progress) -> Iterator[Mapping[str, str]]:
        for row in read_rows(self._source, Columns(required=(), known=None)):
            self.count += 1
            if self.count % _PROGRESS_ROWS == 0:
                progress(f"{self.count:,} rows", 1 - 1 / (1 + self.count / 20_000))
            if isinstance(row, BadLine):
                self._reject(row.number, row.problem, row.text)
                continue
            made = self._made(row)
            if isinstance(made, str):
                self._reject(row.line, made, row.text)
            elif made is not None:
                yield made

    def _reject(self, line: int, problem: str, text: str) -> None:
        row = BadRow(where=f"{self._source}:{line}", problem=problem, text=text)
        self.bad.add(row)
        if self._settings.keep_good:
            self.rejected.append(row)

    def _made(self, row: Row) -> Mapping[str, str] | str | None:
        """Give a row of a corpus, why there is none, or None where none is wanted."""
        settings = self._settings
        text_column = _column(row.values, settings.text_column, TEXT_COLUMNS)
        label_column = _column(row.values, settings.intent_column, INTENT_COLUMNS)
        if not text_column or not label_column:
            problem = _missing(row.values, settings)
            if self._source.suffix == ".jsonl":
                return problem
            raise ConfigurationError(  # in CSV no row can be better than the header
                problem,
                advice="name them: --text-column, --intent-column",
                where=str(self._source),
            )
        self.ignored |= row.values.keys() - {text_column, label_column, CALL_COLUMN, *_CARRIED}
        label = row.values[label_column]
        if not label:
            return "no label"
        self.labels_seen.add(label)
        intent = settings.labels.get(label, intent_of(label))
        if not intent:
            self.left_out += 1
            return None
        values = self._values(row.values, row.values[text_column], intent)
        if isinstance(values, str):
            return values
        return self._new(values, row.line)

    def _values(self, given: Mapping[str, str], text: str, intent: str) -> dict[str, str] | str:
        settings = self._settings
        language = given.get("language") or settings.language
        personal = [found for found in find_personal_data(text, language) if found.kind.is_certain]
        if personal:
            return f"holds personal data ({personal[0].kind.value}: {personal[0].shown})"
        said = as_recognised(text, language)
        if any(character.isdigit() for character in said) and not can_say_numbers(language):
            return f"holds digits, and numbers in {language!r} must be written as words by hand"
        values = {name: given.get(name, "") for name in COLUMNS} | {
            "text": said,
            "intent": intent,
            "language": language,
            "source": given.get("source") or settings.source,
            "session": given.get("session") or settings.session,
            "speaker": given.get("speaker") or given.get(CALL_COLUMN, ""),
        }
        return row_problem(values, language) or values

    def _new(self, values: dict[str, str], line: int) -> Mapping[str, str] | str | None:
        key = normalise(values["text"], values["language"])
        intent, first = self._first.setdefault(key, (values["intent"], line))
        if intent != values["intent"]:
            return f"{values['text']!r} is {values['intent']} here but {intent} in line {first}"
        if first != line:
            self.repeated += 1
            return None
        return values


def as_recognised(text: str, language: str) -> str:
    """A written or recognised text as a corpus has it: lower case, numbers in words, no punctuation.

    Numbers masked in stored calls are left out, and words that were heard as other speech lose their
    brackets.
    """
    heard = " ".join(plain_words(text.replace(MASK, " "))) if "[" in text else text
    in_words = numbers_in_words(heard, language)
    return " ".join(spoken_words(re.sub(r"[_\[\]]", " ", in_words), language))


def intent_of(label: str) -> str:
    """A label written like an intent: "Refund_not_showing_up" is refund_not_showing_up."""
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")


def _column(values: Mapping[str, str], wanted: str, usual: Sequence[str]) -> str:
    if wanted:
        return wanted if wanted in values else ""
    return next((name for name in usual if name in values), "")


def _missing(values: Iterable[str], settings: ImportSettings) -> str:
    text = settings.text_column or " or ".join(TEXT_COLUMNS)
    label = settings.intent_column or " or ".join(INTENT_COLUMNS)
    there = ", ".join(values) or "none"
    return f"needs a column for the text ({text}) and one for the label ({label}); has {there}"
