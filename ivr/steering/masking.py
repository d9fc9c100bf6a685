"""Numbers that could name a card, an account, a phone or a person, taken out of what was said.

The words a caller is heard to say hold such numbers as digit words ("four one double one"), as tens
("twenty three forty five"), as numerals, or mixed. What is said as an amount ("two thousand five
hundred zloty") stays, for it says what the caller wants. In doubt a number is masked: "nineteen
eighty four" and "2500" go, because nobody can tell them from the half of a card's number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ivr.steering.number_words import ENGLISH, POLISH, NumberWords

MASK = "[number]"
MASKED_FROM_DIGITS = 4

_TOKEN = re.compile(r"\[?(?:\d+|[^\W\d_]+(?:['\u2019][^\W\d_]+)*)\]?")
_SHORT_NUMERAL_DIGITS = 3


# One letter a class, so that the grammar of amounts is a regular expression over a run's classes.
_ZERO, _UNIT, _TEEN, _TEN, _HUNDREDS = "Z", "U", "T", "D", "C"
_HUNDRED, _THOUSAND, _MILLION = "H", "K", "M"
_REPEAT, _SHORT_NUMERAL, _NUMERAL, _JOINER, _HOMOPHONE = "R", "n", "N", "j", "h"
_DIGITS_OF_CLASS = {_ZERO: 1, _UNIT: 1, _TEEN: 2, _TEN: 2, _HUNDREDS: 3, _HOMOPHONE: 1}
_SPOKEN_DIGITS = frozenset((_ZERO, _UNIT))

_BELOW_100 = "(?:U|T|DU?|n)"
_BELOW_1000 = f"(?:(?:{_BELOW_100}?H|C){_BELOW_100}?|{_BELOW_100})"
# "oh" before an amount is a sigh, not a digit.
_AMOUNT = re.compile(f"Z?(?=.*[HCKM])(?:{_BELOW_1000}?M)?(?:{_BELOW_1000}?K)?{_BELOW_1000}?")

# A word's class, and how often it says that the next digit is meant.
Lexicon = Mapping[str, tuple[str, int]]


def lexicon(words: NumberWords) -> Lexicon:
    """The table turned round: from a word to its class."""
    classes = {
        _ZERO: words.zeros,
        _UNIT: words.units,
        _TEEN: words.teens,
        _TEN: words.tens,
        _HUNDREDS: words.hundreds,
        _HUNDRED: words.hundred,
        _THOUSAND: words.thousand,
        _MILLION: words.million,
        _JOINER: words.joiners,
        _HOMOPHONE: words.homophones,
    }
    entries = {word: (kind, 1) for kind, members in classes.items() for word in members}
    return entries | {word: (_REPEAT, times) for word, times in words.repeats.items()}


LEXICONS: Mapping[str, Lexicon] = {"en": lexicon(ENGLISH), "pl": lexicon(POLISH)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """A word or numeral at `start` to `end` of the text; class "" is a word that says no number."""

    kind: str
    digits: int
    repeats: int
    start: int
    end: int


def mask_digits(text: str, language: str) -> str:
    """The text with `[number]` for every run of four or more digits, spoken or written.

    `language` is a tag such as "en" or "en-GB"; when it is unknown the number words of all known
    languages apply. Masking a masked text changes nothing.
    """
    known = LEXICONS.get(re.split("[-_]", language.lower(), maxsplit=1)[0])
    return mask_with(text, known or _all_languages())


def mask_with(text: str, words: Lexicon) -> str:
    """As `mask_digits`, by these words."""
    pieces: list[str] = []
    copied_to = 0
    for run in _runs(
        _homophones_decided([_token(match, words) for match in _TOKEN.finditer(text)])
    ):
        if _count_digits(run) < MASKED_FROM_DIGITS or _is_amount(run):
            continue
        pieces += (text[copied_to : run[0].start], MASK)
        copied_to = run[-1].end
    return "".join((*pieces, text[copied_to:]))


def _all_languages() -> Lexicon:
    return {word: entry for words in LEXICONS.values() for word, entry in words.items()}


def _token(match: re.Match[str], words: Lexicon) -> _Token:
    written = match.group().lower().strip("[]")
    if written[0].isdecimal():
        kind, repeats, digits = _numeral_class(written), 1, len(written)
    else:
        # Other speech between digits may be a digit that was not recognised.
        unknown = _JOINER if match.group().startswith("[") else ""
        kind, repeats = words.get(written, (unknown, 1))
        digits = _DIGITS_OF_CLASS.get(kind, 0)
    return _Token(kind=kind, digits=digits, repeats=repeats, start=match.start(), end=match.end())


def _numeral_class(written: str) -> str:
    """Up to 999 without a leading zero a numeral may be a part of an amount ("5 thousand")."""
    is_short = len(written) <= _SHORT_NUMERAL_DIGITS and int(written[0]) > 0
    return _SHORT_NUMERAL if is_short else _NUMERAL


def _homophones_decided(tokens: list[_Token]) -> list[_Token]:
    """The tokens with those homophones made plain words that do not stand between two digits."""
    decided = list(tokens)
    for index, token in enumerate(tokens):
        if token.kind != _HOMOPHONE:
            continue
        neighbours = [other.kind for other in tokens[max(index - 1, 0) : index + 2 : 2]]
        if index == 0 or len(neighbours) < 2 or not _SPOKEN_DIGITS.issuperset(neighbours):  # noqa: PLR2004
            decided[index] = replace(token, kind="", digits=0)
    return decided


def _runs(tokens: Iterable[_Token]) -> Iterator[list[_Token]]:
    """Unbroken stretches of number tokens, without joiners and repeats that nothing follows."""
    run: list[_Token] = []
    for token in tokens:
        if token.kind:
            run.append(token)
            continue
        yield from _trimmed(run)
        run = []
    yield from _trimmed(run)


def _trimmed(run: list[_Token]) -> Iterator[list[_Token]]:
    first, last = 0, len(run)
    while first < last and run[first].kind == _JOINER:
        first += 1
    while last > first and run[last - 1].kind in (_JOINER, _REPEAT):
        last -= 1
    if first < last:
        yield run[first:last]


def _count_digits(run: list[_Token]) -> int:
    """Digits the run says: "double five" two, "twenty three" two, "hundred" none."""
    count, times, tens_open = 0, 1, False
    for token in run:
        if token.kind == _REPEAT:
            times = token.repeats
            continue
        if token.kind == _JOINER:
            continue
        completes_tens = tens_open and token.kind == _UNIT and times == 1
        count += 0 if completes_tens else token.digits * times
        times, tens_open = 1, token.kind == _TEN
    return count


def _is_amount(run: list[_Token]) -> bool:
    return (
        _AMOUNT.fullmatch("".join(token.kind for token in run if token.kind != _JOINER)) is not None
    )
