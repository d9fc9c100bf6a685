"""Written numbers and sums of money as people say them, for typed sentences that voices read out."""

from __future__ import annotations

import re

_TEENS_AND_BELOW = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen
"""
_ONES = tuple(_TEENS_AND_BELOW.split())
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_CURRENCIES = {"$": "dollar", "£": "pound", "€": "euro"}
_ORDINALS = {"1st": "first", "2nd": "second", "3rd": "third"}
_CURRENCY = "[$£€]"
_NUMBER = r"\d{1,3}(?:,\d{3})+|\d+"
_WRITTEN = re.compile(
    rf"(?P<ordinal>\b[123](?:st|nd|rd)\b)"
    rf"|(?:(?P<before>{_CURRENCY})\s?)?(?P<whole>{_NUMBER})(?:\.(?P<cents>\d+))?"
    rf"(?:\s?(?P<after>{_CURRENCY}|%))?"
)


def numbers_in_words(text: str) -> str:
    """`text` without digits and signs of money: "$20.50" is "twenty dollars fifty".

    Knows whole numbers up to 999,999, years as two pairs, decimals as read digit by digit, %, $, £
    and € on either side, 1st to 3rd, & as "and".
    """
    spoken = _WRITTEN.sub(lambda found: f" {_said(found)} ", text.replace("&", " and "))
    for sign, name in _CURRENCIES.items():
        spoken = spoken.replace(sign, f" {name}s ")
    return re.sub(r"\s+([.,?!;:])", r"\1", " ".join(spoken.split()))


def _said(found: re.Match[str]) -> str:
    if found["ordinal"]:
        return _ORDINALS[found["ordinal"]]
    whole = int(found["whole"].replace(",", ""))
    cents = (found["cents"] or "").rstrip("0")
    sign = found["before"] or found["after"]
    if sign in _CURRENCIES:
        name = _CURRENCIES[sign] + ("" if whole == 1 else "s")
        return f"{cardinal(whole)} {name}" + (f" {cardinal(int(found['cents']))}" if cents else "")
    number = _year(whole) if _is_year(found["whole"]) else cardinal(whole)
    if cents:
        number += " point " + " ".join(cardinal(int(digit)) for digit in cents)
    return f"{number} percent" if sign == "%" else number


def cardinal(number: int) -> str:
    """A whole number from 0 to 999,999 in words, without hyphens or "and"."""
    if not 0 <= number < 1_000_000:
        raise ValueError(f"{number} is not within 0..999999")
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _joined(_TENS[number // 10], number % 10)
    if number < 1000:
        return _joined(f"{_ONES[number // 100]} hundred", number % 100)
    return _joined(f"{cardinal(number // 1000)} thousand", number % 1000)


def _joined(head: str, rest: int) -> str:
    return f"{head} {cardinal(rest)}" if rest else head


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and digits[:2] in {"18", "19", "20"} and digits[2:] >= "10"


def _year(number: int) -> str:
    return f"{cardinal(number // 100)} {cardinal(number % 100)}"
