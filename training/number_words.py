"""Written numbers and sums of money as people say them: corpora hold what a recogniser would write."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

MOST: Final = 999_999

_TEENS_AND_BELOW = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen
"""
_ONES = tuple(_TEENS_AND_BELOW.split())
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_POLISH_TEENS_AND_BELOW = """
    zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć dziesięć jedenaście dwanaście
    trzynaście czternaście piętnaście szesnaście siedemnaście osiemnaście dziewiętnaście
"""
_POLISH_ONES = tuple(_POLISH_TEENS_AND_BELOW.split())
_POLISH_TENS = (
    *("", "", "dwadzieścia", "trzydzieści", "czterdzieści", "pięćdziesiąt", "sześćdziesiąt"),
    *("siedemdziesiąt", "osiemdziesiąt", "dziewięćdziesiąt"),
)
_POLISH_HUNDREDS = (
    *("", "sto", "dwieście", "trzysta", "czterysta", "pięćset", "sześćset", "siedemset"),
    *("osiemset", "dziewięćset"),
)
_ORDINALS = {"1st": "first", "2nd": "second", "3rd": "third"}
_SIGNS: Final = {"$": "$", "£": "£", "€": "€", "zł": "zł", "pln": "zł", "eur": "€", "usd": "$"}
_SIGN = "[$£€]|zł(?!\\w)|PLN\\b|EUR\\b|USD\\b"
_NUMBER = r"\d{1,3}(?:[,\u00a0 ]\d{3})+(?!\d)|\d+"
_WRITTEN = re.compile(
    rf"(?P<ordinal>\b[123](?:st|nd|rd)\b)"
    rf"|(?:(?P<before>[$£€])\s?)?(?P<whole>{_NUMBER})(?:[.,](?P<cents>\d+))?"
    rf"(?:\s?(?P<after>{_SIGN}|%))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numerals:
    """How a language says numbers. A currency's forms are for one, for a few (2 to 4), and for many."""

    cardinal: Callable[[int], str]
    currencies: Mapping[str, tuple[str, str, str]]
    point: str
    percent: str
    ampersand: str
    says_years_in_pairs: bool


def numbers_in_words(text: str, language: str = "en") -> str:
    """`text` without digits and signs of money: "$20.50" is "twenty dollars fifty".

    English and Polish; in another language the text stays as it is. Knows whole numbers up to
    999,999 (longer ones are said digit by digit), decimals, %, and dollars, pounds, euros and złoty on
    either side; in English also years as two pairs, 1st to 3rd, & as "and".
    """
    numerals = _LANGUAGES.get(language)
    if numerals is None:
        return text
    spoken = _WRITTEN.sub(
        lambda found: f" {_said(found, numerals)} ", text.replace("&", f" {numerals.ampersand} ")
    )
    for sign, forms in numerals.currencies.items():
        if not sign.isalpha():
            spoken = spoken.replace(sign, f" {forms[2]} ")
    return re.sub(r"\s+([.,?!;:])", r"\1", " ".join(spoken.split()))


def can_say_numbers(language: str) -> bool:
    """Whether `numbers_in_words` knows the language."""
    return language in _LANGUAGES


def _said(found: re.Match[str], numerals: _Numerals) -> str:
    if found["ordinal"]:
        return _ORDINALS.get(found["ordinal"].lower(), found["ordinal"])
    written = re.sub(r"\D", "", found["whole"])
    whole = int(written)
    cents = (found["cents"] or "").rstrip("0")
    after = (found["after"] or "").lower()
    sign = _SIGNS.get(found["before"] or after, "")
    if whole > MOST:
        number = _digit_by_digit(written, numerals)
    elif sign in numerals.currencies:
        name = _of_count(numerals.currencies[sign], whole)
        said = f" {_digits(found['cents'], numerals)}" if cents else ""
        return f"{numerals.cardinal(whole)} {name}{said}"
    elif numerals.says_years_in_pairs and _is_year(found["whole"]):
        number = _year(whole)
    else:
        number = numerals.cardinal(whole)
    if cents:
        number += f" {numerals.point} {_digit_by_digit(cents, numerals)}"
    return f"{number} {numerals.percent}" if after == "%" else number


def _digits(cents: str, numerals: _Numerals) -> str:
    return numerals.cardinal(int(cents)) if len(cents) <= 2 else _digit_by_digit(cents, numerals)  # noqa: PLR2004


def _digit_by_digit(digits: str, numerals: _Numerals) -> str:
    return " ".join(numerals.cardinal(int(digit)) for digit in digits)


def _of_count(forms: tuple[str, str, str], count: int) -> str:
    """Choose by the Polish rule; English has the same word for a few and for many."""
    if count == 1:
        return forms[0]
    few = count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14)
    return forms[1] if few else forms[2]


def cardinal(number: int) -> str:
    """A whole number from 0 to 999,999 in English words, without hyphens or "and"."""
    _check(number)
    if number < 20:  # noqa: PLR2004
        return _ONES[number]
    if number < 100:  # noqa: PLR2004
        return _joined(_TENS[number // 10], number % 10, cardinal)
    if number < 1000:  # noqa: PLR2004
        return _joined(f"{_ONES[number // 100]} hundred", number % 100, cardinal)
    return _joined(f"{cardinal(number // 1000)} thousand", number % 1000, cardinal)


def polish_cardinal(number: int) -> str:
    """A whole number from 0 to 999,999 in Polish words (nominative, masculine)."""
    _check(number)
    if number < 20:  # noqa: PLR2004
        return _POLISH_ONES[number]
    if number < 100:  # noqa: PLR2004
        return _joined(_POLISH_TENS[number // 10], number % 10, polish_cardinal)
    if number < 1000:  # noqa: PLR2004
        return _joined(_POLISH_HUNDREDS[number // 100], number % 100, polish_cardinal)
    thousands = number // 1000
    name = _of_count(("tysiąc", "tysiące", "tysięcy"), thousands)
    head = name if thousands == 1 else f"{polish_cardinal(thousands)} {name}"
    return _joined(head, number % 1000, polish_cardinal)


def _check(number: int) -> None:
    if not 0 <= number <= MOST:
        raise ValueError(f"{number} is not within 0..{MOST}")


def _joined(head: str, rest: int, say: Callable[[int], str]) -> str:
    return f"{head} {say(rest)}" if rest else head


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and digits[:2] in {"18", "19", "20"} and digits[2:] >= "10"  # noqa: PLR2004


def _year(number: int) -> str:
    return f"{cardinal(number // 100)} {cardinal(number % 100)}"


_LANGUAGES: Final[Mapping[str, _Numerals]] = {
    "en": _Numerals(
        cardinal=cardinal,
        currencies={
            "$": ("dollar", "dollars", "dollars"),
            "£": ("pound", "pounds", "pounds"),
            "€": ("euro", "euros", "euros"),
            "zł": ("zloty", "zlotys", "zlotys"),
        },
        point="point",
        percent="percent",
        ampersand="and",
        says_years_in_pairs=True,
    ),
    "pl": _Numerals(
        cardinal=polish_cardinal,
        currencies={
            "zł": ("złoty", "złote", "złotych"),
            "$": ("dolar", "dolary", "dolarów"),
            "£": ("funt", "funty", "funtów"),
            "€": ("euro", "euro", "euro"),
        },
        point="przecinek",
        percent="procent",
        ampersand="i",
        says_years_in_pairs=False,
    ),
}
