"""Writes corpus files whole: a file is there with all its rows, or not at all."""

from __future__ import annotations

import csv
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from ivr.errors import ConfigurationError
from training.corpus import COLUMNS, BadRow, contradictions, survey_corpus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_OWNER_ONLY: Final = 0o600


def write_corpus_file(path: Path, rows: Sequence[Mapping[str, str]], language: str) -> None:
    """Write rows as CSV or JSONL, read them back as training would, and put the file in its place.

    Columns that no row fills are left out. Raises `ConfigurationError` when the file cannot be written,
    or when training would refuse it.
    """
    columns = [name for name in COLUMNS if any(row.get(name) for row in rows)]
    unfinished = path.with_name(f".{path.stem}.unfinished{path.suffix}")
    try:
        with _file(unfinished) as file:
            if path.suffix == ".jsonl":
                file.writelines(
                    json.dumps(
                        {name: row[name] for name in columns if row[name]}, ensure_ascii=False
                    )
                    + "\n"
                    for row in rows
                )
            else:
                writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        _read_back(unfinished, len(rows), language)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_rejects(path: Path, rows: Sequence[BadRow]) -> None:
    """Write rows that were not imported: place, reason and the row as it stood; for its owner's eyes only.

    They may hold personal data. Raises `ConfigurationError`.
    """
    with _file(path, mode=_OWNER_ONLY) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("line", "problem", "row"))
        writer.writerows((row.where.rpartition(":")[2], row.problem, row.text) for row in rows)


def _read_back(path: Path, count: int, language: str) -> None:
    utterances, bad = survey_corpus([path], language)
    for row in contradictions(utterances):
        bad.add(row)
    if bad.count or len(utterances) != count:
        raise ConfigurationError(bad.listed() if bad.count else f"lost rows of {count}")


@contextmanager
def _file(path: Path, mode: int = 0o666) -> Iterator[TextIO]:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with open(descriptor, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123
            yield file
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise ConfigurationError(
            f"cannot be written ({error.strerror})", advice="check folder and disk", where=str(path)
        ) from error
