"""The small grammars of a language, as people write them: yes or no, one of two, digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import RootModel

from ivr.models.grammars import Grammars, Meanings
from ivr.ports import GrammarName
from ivr.steering.text import spoken_words
from ivr.yaml_file import YamlFile, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SMALL = tuple(grammar for grammar in GrammarName if grammar is not GrammarName.OPEN_QUESTION)


class _Written(RootModel[dict[str, dict[str, list[str]]]]):
    """Grammar, meaning, phrases."""


def read_written_grammars(path: Path | None, language: str) -> Grammars:
    """Read `GRAMMAR: {MEANING: [PHRASE, …]}`; nothing when `path` is None.

    Phrases are normalised as a recogniser hears them. Raises `ConfigurationError` with file and line
    for an unknown grammar, a meaning without a phrase, a phrase without a word, or one that stands
    for two meanings.
    """
    if path is None:
        return {}
    file = read_yaml(path)
    grammars: dict[GrammarName, Meanings] = {}
    for name, meanings in file.check(_Written).root.items():
        if name not in _SMALL:
            raise file.mistake(
                f"no grammar is called {name!r}", advice=f"use {', '.join(_SMALL)}", at=(name,)
            )
        grammars[GrammarName(name)] = _normalised(file, name, meanings, language)
    return grammars


def _normalised(
    file: YamlFile, name: str, meanings: Mapping[str, list[str]], language: str
) -> Meanings:
    seen: dict[str, str] = {}
    for meaning, written in meanings.items():
        phrases = [" ".join(spoken_words(phrase, language)) for phrase in written]
        if not phrases or not all(phrases):
            raise file.mistake(f"{meaning!r} has an empty phrase, or none", at=(name, meaning))
        for phrase in phrases:
            if seen.setdefault(phrase, meaning) != meaning:
                problem = f"{phrase!r} means both {seen[phrase]!r} and {meaning!r}"
                raise file.mistake(problem, advice="keep it in one", at=(name, meaning))
    return {
        meaning: tuple(phrase for phrase, means in seen.items() if means == meaning)
        for meaning in meanings
    }
