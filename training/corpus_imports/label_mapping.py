"""A file that says which intent a foreign label is: YAML (`card_arrival: card_activation`) or CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ivr.errors import ConfigurationError
from ivr.yaml_file import read_yaml
from training.corpus_rows import Columns, Row, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_YAML: Final = (".yaml", ".yml")
_COLUMNS: Final = ("label", "intent")
_ADVICE: Final = (
    "write YAML, a line such as `card_arrival: card_activation` for each label (nothing behind the colon"
    " leaves its rows out), or CSV with the columns label,intent"
)


def read_label_mapping(path: Path) -> Mapping[str, str]:
    """From a label to an intent; '' where the rows of that label are to be left out.

    Raises `ConfigurationError` for a file that is no such mapping.
    """
    pairs = list(_yaml_pairs(path) if path.suffix in _YAML else _csv_pairs(path))
    mapping: dict[str, str] = {}
    for where, label, intent in pairs:
        if label in mapping:
            raise ConfigurationError(f"{label!r} stands there twice", advice=_ADVICE, where=where)
        mapping[label] = intent
    if not mapping:
        raise ConfigurationError("maps no label", advice=_ADVICE, where=str(path))
    return mapping


def _yaml_pairs(path: Path) -> Iterator[tuple[str, str, str]]:
    file = read_yaml(path)
    if not isinstance(file.data, dict):
        raise file.mistake("is no mapping from labels to intents", advice=_ADVICE)
    for label, intent in file.data.items():
        if not isinstance(intent, str | None):
            problem = f"{label}: {intent!r} is no intent"
            raise file.mistake(problem, advice=_ADVICE, at=(label,))
        yield file.where((label,)), str(label), intent or ""


def _csv_pairs(path: Path) -> Iterator[tuple[str, str, str]]:
    for row in read_rows(path, Columns(required=_COLUMNS, known=_COLUMNS)):
        if not isinstance(row, Row):
            raise ConfigurationError(row.problem, advice=_ADVICE, where=f"{path}:{row.number}")
        yield f"{path}:{row.line}", row.values["label"], row.values["intent"]
