"""The steering corpus: CSV and JSONL files that people write, read strictly or not at all."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ivr.errors import ConfigurationError
from ivr.steering.intents import IntentId
from ivr.steering.masking import mask_digits
from ivr.steering.text import normalise
from training.corpus_lines import BadLine
from training.corpus_rows import Columns, Row, read_rows
from training.sources import language_of_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

MANDATORY_COLUMNS: Final = ("text", "intent")
COLUMNS: Final = (
    *MANDATORY_COLUMNS,
    *("language", "source", "session", "speaker", "weight", "date"),
)
MAX_WORDS: Final = 60
MAX_LISTED_ROWS: Final = 20
MAX_KEPT_BAD_ROWS: Final = 1000
MAX_WEIGHT: Final = 1000.0
FEW_UTTERANCES: Final = 40

_INTENT = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2}")
_ADVICE: Final = (
    "each file is UTF-8 CSV with a header, or JSONL, with text and intent and, where known, "
    + ", ".join(COLUMNS[2:])
    + "; numbers are written as words; `sternik corpus import` turns other files into such"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One thing a caller said or might say, and what they wanted.

    `text` is as written (never empty); `where` is `file:line`; `source` says how it came about
    (`written`, or a recognised call later). `weight` (above 0, at most 1000) is how many such
    sentences this one stands for in training; figures count every sentence once. `source`, `session`
    and `speaker` are '' where the file does not tell.
    """

    text: str
    intent: IntentId
    language: str
    source: str
    session: str
    speaker: str
    where: str
    weight: float = 1.0
    date: dt.date | None = None

    @property
    def group(self) -> str:
        """Who wrote it when: utterances of one group are never on both sides of a split.

        Where neither is known it stands for itself.
        """
        return f"{self.session}/{self.speaker}" if self.session or self.speaker else self.where


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that cannot be used; `text` is what stands in the file, as far as it could be read."""

    where: str
    problem: str
    text: str = ""


@dataclass(slots=True, kw_only=True)
class BadRows:
    """How many rows are bad, and the first 1,000 of them, so that a hopeless file fits into memory."""

    count: int = 0
    first: list[BadRow] = field(default_factory=list)

    def add(self, row: BadRow) -> None:
        """One more; kept while there is room."""
        self.count += 1
        if len(self.first) < MAX_KEPT_BAD_ROWS:
            self.first.append(row)

    def listed(self) -> str:
        """Up to 20 of them, a line each, below how many there are."""
        shown = [f"{row.where}: {row.problem}" for row in self.first[:MAX_LISTED_ROWS]]
        if self.count > len(shown):
            shown.append(f"and {self.count - len(shown)} more")
        rows = "row" if self.count == 1 else "rows"
        return "\n  ".join([f"{self.count} bad {rows}, nothing was imported:", *shown])


def read_corpus(files: Sequence[Path], language: str) -> tuple[Utterance, ...]:
    """Every utterance of `language` in the files, in file order.

    A row's language is its column, else what the file or its folder is called by (`en-2.csv`,
    `pl/cards.jsonl`), else `language`. Nothing is half-imported: one bad row in any file raises
    `ConfigurationError`, which names up to 20 bad rows by file and line. Rows in other languages are
    checked and left out.
    """
    utterances, problems = survey_corpus(files, language)
    for row in contradictions(utterances):
        problems.add(row)
    if problems.count:
        raise ConfigurationError(problems.listed(), advice=_ADVICE, where="steering corpus")
    chosen = tuple(utterance for utterance in utterances if utterance.language == language)
    if not chosen:
        names = ", ".join(str(path) for path in files) or "no files"
        raise ConfigurationError(
            f"no utterance in language {language!r} in {names}",
            advice="give a corpus file for this language",
            where="steering corpus",
        )
    return chosen


def survey_corpus(
    files: Sequence[Path], default_language: str = ""
) -> tuple[tuple[Utterance, ...], BadRows]:
    """All rows of all languages that can be used, and those that cannot.

    Raises `ConfigurationError` only for a file that cannot be read at all.
    """
    bad = BadRows()
    utterances = tuple(row for path in files for row in _read_file(path, default_language, bad))
    return utterances, bad


def contradictions(utterances: Sequence[Utterance]) -> Iterator[BadRow]:
    """Find the same words under two intents: at least one label is wrong."""
    first: dict[tuple[str, str], Utterance] = {}
    for utterance in utterances:
        key = (utterance.language, normalise(utterance.text, utterance.language))
        earlier = first.setdefault(key, utterance)
        if earlier.intent != utterance.intent:
            problem = (
                f"{utterance.text!r} is {utterance.intent} here"
                f" but {earlier.intent} at {earlier.where}"
            )
            yield BadRow(where=utterance.where, problem=problem, text=utterance.text)


def thin_intents(utterances: Sequence[Utterance]) -> Mapping[IntentId, int]:
    """Count intents with fewer than 40 utterances: a model learns them poorly."""
    counts: dict[IntentId, int] = {}
    for utterance in utterances:
        counts[utterance.intent] = counts.get(utterance.intent, 0) + 1
    return {intent: count for intent, count in sorted(counts.items()) if count < FEW_UTTERANCES}


def row_problem(values: Mapping[str, str], language: str) -> str:
    """Say why the values of a row are no utterance of a corpus; '' when they are."""
    if not _LANGUAGE.fullmatch(language):
        return f"language {language!r} is not a two-letter code" if language else "no language"
    intent = values["intent"]
    if not _INTENT.fullmatch(intent):
        return f"intent {intent!r} is not written like card_lost_or_stolen"
    if _weight(values.get("weight", "")) is None:
        return f"weight {values['weight']!r} is not a number above 0 and up to {MAX_WEIGHT:g}"
    if values.get("date") and _date(values["date"]) is None:
        return f"date {values['date']!r} is not written like 2026-11-22"
    return _text_problem(values["text"], language)


def _read_file(path: Path, default_language: str, bad: BadRows) -> Iterator[Utterance]:
    language_of_file = language_of_path(path) or default_language
    for row in read_rows(path, Columns(required=MANDATORY_COLUMNS, known=COLUMNS)):
        where = f"{path}:{row.line if isinstance(row, Row) else row.number}"
        if isinstance(row, BadLine):
            bad.add(BadRow(where=where, problem=row.problem, text=row.text))
            continue
        language = row.values.get("language") or language_of_file
        if problem := row_problem(row.values, language):
            bad.add(BadRow(where=where, problem=problem, text=row.values["text"]))
        else:
            yield _utterance(row.values, language, where)


def _text_problem(text: str, language: str) -> str:
    if any(character.isdigit() for character in text):
        return f"text holds digits: {mask_digits(text, language)!r}"
    if "[" in text or "]" in text:
        return f"text holds brackets, which mark words the recogniser did not know: {text!r}"
    words = normalise(text, language).split()
    if not words:
        return f"text holds no words: {text!r}"
    if len(words) > MAX_WORDS:
        return f"text has {len(words)} words, more than {MAX_WORDS}"
    return ""


def _utterance(values: Mapping[str, str], language: str, where: str) -> Utterance:
    return Utterance(
        text=" ".join(values["text"].split()),
        intent=IntentId(values["intent"]),
        language=language,
        source=values.get("source", ""),
        session=values.get("session", ""),
        speaker=values.get("speaker", ""),
        where=where,
        weight=_weight(values.get("weight", "")) or 1.0,
        date=_date(values.get("date", "")),
    )


def _weight(written: str) -> float | None:
    """Give the weight; 1 where nothing is written, None where it is no weight."""
    try:
        weight = float(written or 1.0)
    except ValueError:
        return None
    return weight if math.isfinite(weight) and 0 < weight <= MAX_WEIGHT else None


def _date(written: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        return None
