"""Test sets: read, checked against the model they are to judge, and garbled.

A sentence that the model was trained on proves nothing: it is left out and counted. A sentence with an
intent that the model lacks cannot be judged: the set is refused, and the intents are named.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ivr.errors import ConfigurationError
from ivr.steering.intents import IntentId
from ivr.steering.text import normalise
from training.corpus import read_corpus
from training.noise import RecogniserNoise
from training.predictions import Case

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

HEARD_COLUMNS = ("text", "heard", "intent", "voice")
GARBLED_WORD_ERROR_RATE = 0.15
GARBLED_SEED = 11
_LEAKS_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Sentences to judge a model by, `about` how they came about, and what to know (`remarks`)."""

    name: str
    about: str
    cases: tuple[Case, ...]
    remarks: tuple[str, ...] = ()


def read_test_file(path: Path, language: str) -> HeldOut:
    """A file in the corpus's format; raises `ConfigurationError` for a bad row or none at all."""
    utterances = read_corpus([path], language)
    return HeldOut(
        name=path.stem if path.parent.name != "held_out" else f"held out, {path.stem}",
        about=f"{path.name}, as written",
        cases=tuple(
            Case(text=said.text, intent=said.intent, group=said.group) for said in utterances
        ),
    )


def read_heard_file(path: Path) -> HeldOut:
    """What a recogniser made of spoken sentences: CSV or JSONL with text, heard, intent and voice.

    `heard` may be empty: nothing was understood. Sentences of one `speaker` are kept together, or
    of one text where no speaker is given. Raises `ConfigurationError` naming file and line.
    """
    rows = list(_heard_rows(path))
    if not rows:
        raise ConfigurationError(
            "no spoken sentences",
            advice="make such a file: sternik evaluate --spoken 300",
            where=str(path),
        )
    voices = sorted({row["voice"] for row in rows})
    deaf = sum(not row["heard"].strip() for row in rows)
    return HeldOut(
        name=f"spoken, {path.stem}",
        about=f"{path.name}: recognised speech of {len(voices)} voices ({', '.join(voices)})",
        cases=tuple(
            Case(
                text=row["heard"],
                intent=IntentId(row["intent"]),
                group=row.get("speaker") or row["text"],
                said=row["text"],
            )
            for row in rows
        ),
        remarks=(f"{path.name}: nothing was heard of {deaf} sentences",) if deaf else (),
    )


def checked(
    held_out: HeldOut, intents: Collection[IntentId], trained_on: Collection[str], language: str
) -> HeldOut:
    """The set without sentences of the training (normalised, `trained_on`), with remarks.

    Raises `ConfigurationError` when an intent is unknown, or when nothing is left.
    """
    _refuse_unknown(held_out, intents)
    leaks: list[Case] = []
    kept: list[Case] = []
    for case in held_out.cases:
        known = normalise(case.said or case.text, language) in trained_on
        (leaks if known else kept).append(case)
    if not kept:
        raise ConfigurationError(
            f"all {len(leaks)} sentences are in the model's training: this would test its memory",
            advice="give a file of a writing session, or of callers, that training never saw",
            where=held_out.name,
        )
    remarks = [*held_out.remarks, *_leak_remarks(held_out, leaks)]
    found = sorted({case.intent for case in kept})
    if len(found) == 1:
        remarks.append(
            f"{held_out.name}: all sentences mean {found[0]}, so accuracy is the recall of this intent"
            " and nothing can be said of precision; add sentences of the others"
        )
    return replace(held_out, cases=tuple(kept), remarks=tuple(remarks))


def garbled(held_out: HeldOut, vocabulary: Sequence[str], language: str) -> HeldOut:
    """The same sentences as a recogniser might garble them, with words of these training sentences."""
    noise = RecogniserNoise(
        vocabulary,
        error_rate=GARBLED_WORD_ERROR_RATE,
        random=np.random.default_rng(GARBLED_SEED),
    )
    return HeldOut(
        name=f"{held_out.name}, garbled",
        about=f"the same, {GARBLED_WORD_ERROR_RATE:.0%} of the words dropped, replaced or inserted",
        cases=tuple(
            replace(
                case,
                text=noise.garbled(normalise(case.text, language)),
                said=case.said or case.text,
            )
            for case in held_out.cases
        ),
    )


def as_text(heard: HeldOut) -> HeldOut:
    """The sentences of a spoken set as they were said: what recognition cost is the difference."""
    return HeldOut(
        name=f"{heard.name}, as text",
        about="the sentences of the spoken set as they were said",
        cases=tuple(replace(case, text=case.said, said="") for case in heard.cases),
    )


def _refuse_unknown(held_out: HeldOut, intents: Collection[IntentId]) -> None:
    unknown = Counter(case.intent for case in held_out.cases if case.intent not in intents)
    if unknown:
        named = ", ".join(f"{intent} ({count})" for intent, count in sorted(unknown.items()))
        raise ConfigurationError(
            f"intents that the model does not have: {named}",
            advice="correct the labels, or train a model with these intents first; "
            f"the model has {', '.join(sorted(intents))}",
            where=held_out.name,
        )


def _leak_remarks(held_out: HeldOut, leaks: Sequence[Case]) -> Iterator[str]:
    if leaks:
        shown = "; ".join(f"“{case.said or case.text}”" for case in leaks[:_LEAKS_SHOWN])
        more = f" and {len(leaks) - _LEAKS_SHOWN} more" if len(leaks) > _LEAKS_SHOWN else ""
        yield (
            f"{held_out.name}: a leak: {len(leaks)} of {len(held_out.cases)} sentences are in the"
            f" training too and were left out: {shown}{more}"
        )


def _heard_rows(path: Path) -> Iterator[Mapping[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"cannot be read ({error})", advice="give a UTF-8 file", where=str(path)
        ) from error
    read = _json_lines if path.suffix in {".jsonl", ".ndjson"} else _csv_rows
    for line, row in read(text, path):
        missing = [name for name in HEARD_COLUMNS if not isinstance(row.get(name), str)]
        empty = [name for name in ("text", "intent") if not missing and not row[name].strip()]
        if missing or empty:
            raise ConfigurationError(
                f"{', '.join(missing or empty)} missing",
                advice=f"every row needs {', '.join(HEARD_COLUMNS)} as text; heard may be empty",
                where=f"{path}:{line}",
            )
        yield row


def _csv_rows(text: str, path: Path) -> Iterable[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        where = f"{path}:{reader.line_num}"
        raise ConfigurationError(f"not CSV ({error})", where=where) from error


def _json_lines(text: str, path: Path) -> Iterable[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ConfigurationError(f"not JSON ({error})", where=f"{path}:{number}") from error
        if not isinstance(row, dict):
            raise ConfigurationError("not a JSON object", where=f"{path}:{number}")
        yield number, row
