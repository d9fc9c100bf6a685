"""Pronunciations of English words that no dictionary has: names, new words, endings, compounds.

Tried in this order: a known word without its apostrophe ("dont"), a known word with an ending
("passcodes") or a beginning ("unblock"), two known words in one ("cashback"), single letters where a
word has no vowel ("gbp"), and rules from letters to phones. Rules are right
for most names and wrong for many words that English spells by habit: a pronunciation in `en.dict`
goes before all of this. Phones are those of the CMU dictionary.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from training.letter_rules import LETTER_NAMES, RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Pronunciations = Mapping[str, tuple[str, ...]]
"""Phones such as `K AA R D` by word in lower case."""

_LEAST_PART = 3
_WRITTEN = re.compile(r"[a-z]+(?:'[a-z]+)*")
_VOWEL_LETTER = re.compile(r"[aeiou]")
_BEGINNINGS = {
    "un": "AH N",
    "re": "R IY",
    "non": "N AA N",
    "pre": "P R IY",
    "inter": "IH N T ER",
    "multi": "M AH L T IY",
}
_HISSING = frozenset({"S", "Z", "SH", "ZH", "CH", "JH"})
_VOICELESS = frozenset({"P", "T", "K", "F", "TH"}) | _HISSING - {"Z", "ZH", "JH"}
_STOPS_OF_D = frozenset({"T", "D"})


def pronounce(word: str, known: Pronunciations) -> tuple[str, ...]:
    """Say how a word in lower case may sound; () when it is not written in plain Latin letters.

    `known` are pronunciations such as `K AA R D` by word.
    """
    if not _WRITTEN.fullmatch(word):
        return ()
    for way in (_contraction, _with_ending, _with_beginning, _compound, _spelled):
        if said := way(word, known):
            return said
    made = _by_rules(word.replace("'", ""))
    return (made,) if made else ()


def _contraction(word: str, known: Pronunciations) -> tuple[str, ...]:
    for letters in (1, 2):
        said = known.get(f"{word[:-letters]}'{word[-letters:]}")
        if said and len(word) > _LEAST_PART:
            return said
    return ()


def _with_ending(word: str, known: Pronunciations) -> tuple[str, ...]:
    for ending, add in _ENDINGS.items():
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < _LEAST_PART:
            continue
        for candidate in _stems(stem, ending):
            for way in (_known, _with_beginning, _compound):
                if said := way(candidate, known):
                    return tuple(dict.fromkeys(add(phones) for phones in said))
    return ()


def _known(word: str, known: Pronunciations) -> tuple[str, ...]:
    return known.get(word, ())


def _with_beginning(word: str, known: Pronunciations) -> tuple[str, ...]:
    for beginning, phones in _BEGINNINGS.items():
        rest = word.removeprefix(beginning)
        if rest != word and len(rest) >= _LEAST_PART and rest in known:
            return tuple(f"{phones} {said}" for said in known[rest])
    return ()


def _stems(stem: str, ending: str) -> Iterator[str]:
    """Undo what an ending did: "stopp(ing)", "charg(ed)", "countri(es)"."""
    yield stem
    if ending in ("es", "ed") and stem.endswith("i"):
        yield f"{stem[:-1]}y"
    if ending in ("ing", "ed", "er", "able"):
        yield f"{stem}e"
        if stem[-1] == stem[-2]:
            yield stem[:-1]


def _plural(phones: str) -> str:
    last = phones.rsplit(maxsplit=1)[-1]
    if last in _HISSING:
        return f"{phones} IH Z"
    return f"{phones} S" if last in _VOICELESS else f"{phones} Z"


def _past(phones: str) -> str:
    last = phones.rsplit(maxsplit=1)[-1]
    if last in _STOPS_OF_D:
        return f"{phones} IH D"
    return f"{phones} T" if last in _VOICELESS else f"{phones} D"


_ENDINGS: Mapping[str, Callable[[str], str]] = {
    "'s": _plural,
    "es": _plural,
    "s": _plural,
    "ed": _past,
    "ing": lambda phones: f"{phones} IH NG",
    "ly": lambda phones: f"{phones} L IY",
    "less": lambda phones: f"{phones} L AH S",
    "able": lambda phones: f"{phones} AH B AH L",
    "er": lambda phones: f"{phones} ER",
}


def _compound(word: str, known: Pronunciations) -> tuple[str, ...]:
    """Two known words, as even as they can be, so that "cashback" is no "cas" and "hback"."""
    places = sorted(
        range(_LEAST_PART, len(word) - _LEAST_PART + 1), key=lambda at: abs(2 * at - len(word))
    )
    for at in places:
        first, second = word[:at], word[at:]
        if first in known and second in known:
            return (f"{known[first][0]} {known[second][0]}",)
    return ()


def _spelled(word: str, _: Pronunciations) -> tuple[str, ...]:
    letters = word.replace("'", "")
    if _VOWEL_LETTER.search(letters):
        return ()
    return (" ".join(LETTER_NAMES[letter] for letter in letters),)


def _by_rules(word: str) -> str:
    phones: list[str] = []
    at = 0
    while at < len(word):
        for rule in RULES:
            if rule.fits(word, at):
                phones += rule.phones.split()
                at += len(rule.letters)
                break
        else:
            at += 1
    kept = [phone for index, phone in enumerate(phones) if not index or phone != phones[index - 1]]
    return " ".join(kept)
