"""The pronunciation dictionary of an artefact: the corpus's words, and other speech in brackets.

A decoder with the whole CMU dictionary takes 47 MB and 0.15 s to build, with a cut one far less.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pocketsphinx

from ivr.errors import ConfigurationError, ModelUnusableError
from training.letter_to_sound import Pronunciations, pronounce
from training.other_speech import bracketed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

POCKETSPHINX_LANGUAGE = "en"
"""The language of the acoustic model and the dictionary in PocketSphinx's wheel."""

_ENTRY = re.compile(r"(?P<word>\S+?)(?:\((?P<variant>\d+)\))?\s+(?P<phones>\S+(?:\s+\S+)*)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class DictionaryReport:
    """Which words have a pronunciation: all but the `missing`; some `by_rule` only."""

    words: frozenset[str]
    missing: frozenset[str]
    by_rule: Pronunciations


def read_pronunciations(extra: Path | None = None) -> Pronunciations:
    """All pronunciations of the CMU dictionary in PocketSphinx's wheel, by word in lower case.

    Those of the file `extra` of the same format (`word PHONE PHONE …`, further ones as `word(2) …`)
    go before. Raises `ConfigurationError` when `extra` holds a line that is no entry or a phone that
    the acoustic model lacks.
    """
    shipped = _read(_wheel_dictionary())
    if extra is None:
        return shipped
    own = _read(extra)
    _check_phones(own, {phone for said in shipped.values() for p in said for phone in p.split()})
    return shipped | {
        word: tuple(dict.fromkeys((*said, *shipped.get(word, ())))) for word, said in own.items()
    }


def build_dictionary(
    words: Collection[str],
    destination: Path,
    pronunciations: Pronunciations,
    other_speech: Collection[str] = (),
) -> DictionaryReport:
    """Write all pronunciations of `words` to `destination` (replaced in one step).

    Words are looked up in lower case and written as given; one that `pronunciations` lack gets one
    by rule (`training.letter_to_sound`). Words of `other_speech` are written in brackets, so that one
    may be both. Raises `ModelUnusableError` when no word has a pronunciation.
    """
    found = {word: pronunciations.get(word.lower(), ()) for word in words}
    by_rule = {
        word: made
        for word, said in found.items()
        if not said and (made := pronounce(word.lower(), pronunciations))
    }
    found |= by_rule
    missing = frozenset(word for word, said in found.items() if not said)
    if len(missing) == len(found):
        raise ModelUnusableError("no word has a pronunciation: are the sentences in English?")
    other = {bracketed(word): pronunciations.get(word, ()) for word in other_speech}
    unfinished = destination.with_name(f"{destination.name}.unfinished")
    unfinished.write_text("".join(_lines(found | other)), encoding="utf-8")
    unfinished.replace(destination)
    return DictionaryReport(words=frozenset(found) - missing, missing=missing, by_rule=by_rule)


def _wheel_dictionary() -> Path:
    return Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"))


def _read(path: Path) -> dict[str, tuple[str, ...]]:
    entries: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith(("#", ";;;")):
            continue
        entry = _ENTRY.fullmatch(line)
        if entry is None:
            raise ConfigurationError(
                f"not a pronunciation: {line!r}",
                advice="Write a word and its phones, such as: pesos P EY S OW Z",
                where=f"{path}:{number}",
            )
        word = entry["word"].lower()
        entries[word] = (*entries.get(word, ()), " ".join(entry["phones"].split()))
    return entries


def _check_phones(own: Pronunciations, phones: set[str]) -> None:
    for word, pronunciations in own.items():
        strange = sorted({phone for said in pronunciations for phone in said.split()} - phones)
        if strange:
            raise ConfigurationError(
                f"the acoustic model has no phone {', '.join(strange)} (in {word!r})",
                advice=f"Use these: {' '.join(sorted(phones))}",
            )


def _lines(found: Pronunciations) -> Iterator[str]:
    for word, pronunciations in sorted(found.items()):
        for number, said in enumerate(pronunciations, start=1):
            name = word if number == 1 else f"{word}({number})"
            yield f"{name} {said}\n"
