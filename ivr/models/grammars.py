"""The small grammars of an artefact: a few phrases for each meaning of an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ivr.errors import ModelUnusableError
from ivr.ports import GrammarName

if TYPE_CHECKING:
    from pathlib import Path

Meanings = Mapping[str, tuple[str, ...]]
"""Normalised phrases by what they mean, such as `{"yes": ("yes", "that is right"), "no": …}`."""

Grammars = Mapping[GrammarName, Meanings]
"""All but the open question; a language may lack any of them."""


def read_grammars(path: Path) -> Grammars:
    """Read an artefact's grammars; raises `ModelUnusableError` when the file is not as written."""
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        return {
            GrammarName(name): {meaning: tuple(phrases) for meaning, phrases in meanings.items()}
            for name, meanings in written.items()
        }
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ModelUnusableError(
            f"{path}: no usable grammars ({error}); train the model"
        ) from error


def grammars_json(grammars: Grammars) -> str:
    """Write grammars as `read_grammars` reads them."""
    return json.dumps(grammars, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def phrases_of(meanings: Meanings) -> tuple[str, ...]:
    """All phrases of one grammar, each once, in order."""
    return tuple(dict.fromkeys(phrase for phrases in meanings.values() for phrase in phrases))
