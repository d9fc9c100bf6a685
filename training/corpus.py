"""The steering corpus: CSV files that people write, read strictly or not at all."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr.errors import ConfigurationError
from ivr.steering.intents import IntentId
from ivr.steering.text import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

COLUMNS = ("text", "intent", "language", "source", "session", "speaker")
MAX_WORDS = 60
MAX_LISTED_ROWS = 20
FEW_UTTERANCES = 40

_INTENT = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2}")
_ADVICE = (
    "each file is UTF-8 CSV with the columns "
    + ",".join(COLUMNS)
    + "; numbers are written as words"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One thing a caller said or might say, and what they wanted.

    `text` is as written (never empty); `where` is `file:line`; `source` says how it came about
    (`written`, or a recognised call later); `weight` (above 0) is how much it counts in training.
    """

    text: str
    intent: IntentId
    language: str
    source: str
    session: str
    speaker: str
    where: str
    weight: float = 1.0

    @property
    def group(self) -> str:
        """Who wrote it when: utterances of one group are never on both sides of a split."""
        return f"{self.session}/{self.speaker}"


def read_corpus(files: Sequence[Path], language: str) -> tuple[Utterance, ...]:
    """Every utterance of `language` in the files, in file order.

    Nothing is half-imported: one bad row in any file raises `ConfigurationError`, which names up to
    20 bad rows by file and line. Rows in other languages are checked and left out.
    """
    problems: list[str] = []
    utterances = [row for path in files for row in _read_file(path, problems)]
    problems.extend(_contradictions(utterances))
    if problems:
        raise ConfigurationError(_listed(problems), advice=_ADVICE, where="steering corpus")
    chosen = tuple(utterance for utterance in utterances if utterance.language == language)
    if not chosen:
        names = ", ".join(str(path) for path in files) or "no files"
        raise ConfigurationError(
            f"no utterance in language {language!r} in {names}",
            advice="give a corpus file for this language",
            where="steering corpus",
        )
    return chosen


def thin_intents(utterances: Sequence[Utterance]) -> Mapping[IntentId, int]:
    """Count intents with fewer than 40 utterances: a model learns them poorly."""
    counts: dict[IntentId, int] = {}
    for utterance in utterances:
        counts[utterance.intent] = counts.get(utterance.intent, 0) + 1
    return {intent: count for intent, count in sorted(counts.items()) if count < FEW_UTTERANCES}


def _read_file(path: Path, problems: list[str]) -> Iterator[Utterance]:
    reader = csv.DictReader(io.StringIO(_decoded(path), newline=""), strict=True)
    try:
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            problems.append(f"{path}:1: missing column {', '.join(missing)}")
            return
        for row in reader:
            where = f"{path}:{reader.line_num}"
            problem = _row_problem(row)
            if problem:
                problems.append(f"{where}: {problem}")
            else:
                yield _utterance(row, where)
    except csv.Error as error:
        problems.append(f"{path}:{reader.line_num}: not CSV ({error})")


def _decoded(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read ({error.strerror})", advice="check the path", where=str(path)
        ) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"byte 0x{raw[error.start]:02x} is not UTF-8",
            advice="save the file as UTF-8",
            where=f"{path}:{line}",
        ) from error


def _row_problem(row: Mapping[str | None, str | None]) -> str:
    """Say what is wrong with a row of the CSV reader; '' when nothing is."""
    if None in row:
        return "more fields than columns (quote a text that holds a comma)"
    short = [name for name in COLUMNS if row[name] is None]
    if short:
        return f"missing field {', '.join(short)}"
    text, intent, language = row["text"] or "", row["intent"] or "", row["language"] or ""
    if not _LANGUAGE.fullmatch(language):
        return f"language {language!r} is not a two-letter code"
    if not _INTENT.fullmatch(intent):
        return f"intent {intent!r} is not written like card_lost_or_stolen"
    return _text_problem(text, language)


def _text_problem(text: str, language: str) -> str:
    if any(character.isdigit() for character in text):
        return f"text holds digits: {text!r}"
    if "[" in text or "]" in text:
        return f"text holds brackets, which mark words the recogniser did not know: {text!r}"
    words = normalise(text, language).split()
    if not words:
        return f"text holds no words: {text!r}"
    if len(words) > MAX_WORDS:
        return f"text has {len(words)} words, more than {MAX_WORDS}"
    return ""


def _utterance(row: Mapping[str | None, str | None], where: str) -> Utterance:
    value = {name: (row[name] or "").strip() for name in COLUMNS}
    return Utterance(
        text=value["text"],
        intent=IntentId(value["intent"]),
        language=value["language"],
        source=value["source"],
        session=value["session"],
        speaker=value["speaker"],
        where=where,
    )


def _contradictions(utterances: Sequence[Utterance]) -> Iterator[str]:
    """Find the same words under two intents: at least one label is wrong."""
    first: dict[tuple[str, str], Utterance] = {}
    for utterance in utterances:
        key = (utterance.language, normalise(utterance.text, utterance.language))
        earlier = first.setdefault(key, utterance)
        if earlier.intent != utterance.intent:
            yield (
                f"{utterance.where}: {utterance.text!r} is {utterance.intent} here"
                f" but {earlier.intent} at {earlier.where}"
            )


def _listed(problems: Sequence[str]) -> str:
    shown = list(problems[:MAX_LISTED_ROWS])
    if len(problems) > MAX_LISTED_ROWS:
        shown.append(f"and {len(problems) - MAX_LISTED_ROWS} more")
    rows = "row" if len(problems) == 1 else "rows"
    return "\n  ".join([f"{len(problems)} bad {rows}, nothing was imported:", *shown])
