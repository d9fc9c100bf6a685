"""Personal data in sentences: numbers that name a card, an account, a phone or a person, and e-mail.

A corpus is copied, kept in version control and made into language models, so none may stand in it.
Numbers are found as digits and as words ("four one double one").
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import phonenumbers

from ivr.steering.masking import MASK, mask_digits
from ivr.steering.number_words import ENGLISH, POLISH
from training.number_words import cardinal, polish_cardinal

if TYPE_CHECKING:
    from collections.abc import Iterator


class PersonalKind(StrEnum):
    """What was found."""

    CARD = "card number"
    ACCOUNT = "account number (IBAN)"
    PESEL = "PESEL"
    EMAIL = "e-mail address"
    PHONE = "phone number"
    NUMBER = "long number"

    @property
    def is_certain(self) -> bool:
        """Whether check digits or its form leave little doubt."""
        return self in {self.CARD, self.ACCOUNT, self.PESEL, self.EMAIL}


_LEAST_LONG_DIGITS: Final = 6
_PESEL_WEIGHTS: Final = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
_PESEL_DIGITS: Final = 11
_CARD_DIGITS: Final = range(13, 20)
_POLISH_ACCOUNT_DIGITS: Final = 26
_PHONE_DIGITS: Final = range(9, 15)
_REGIONS: Final = {
    "en": ("GB", "US", "PL"),
    "pl": ("PL",),
    "uk": ("UA", "PL"),
    "ru": ("KZ", "PL"),
    "de": ("DE",),
}

_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_SPOKEN_EMAIL: Final = re.compile(
    r"\b\w+ (?:at|małpa) \w+(?: \w+){0,2}? (?:dot|kropka) "
    r"(?:com|net|org|pl|eu|uk|de|io|info|co|gov|ua|kom)\b"
)
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b", re.IGNORECASE)
_TOKEN: Final = re.compile(r"\d+|[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_JOINERS: Final = ENGLISH.joiners | POLISH.joiners
_REPEATS: Final = {**ENGLISH.repeats, **POLISH.repeats}
# A sum of money or a count, not a number that names somebody.
_OF_AMOUNTS: Final = frozenset(
    "hundred hundreds thousand thousands million millions billion tysiąc tysiące tysięcy tysiąca"  # noqa: SIM905
    " milion miliony milionów".split()
)
_COUNTED: Final = frozenset(
    "pounds pound dollars dollar euro euros zloty zlotys percent pence years złotych złote złoty zł"  # noqa: SIM905
    " procent lat groszy funtów dolarów".split()
)
_MOST_AMOUNT_DIGITS: Final = 7
_TENS: Final = range(20, 100)
_HUNDREDS: Final = range(100, 1000)


def _values() -> dict[str, int]:
    """Number words of all languages we know, without those that mean something else, such as "oh"."""
    numbers = (*range(20), *range(20, 100, 10))
    words = {cardinal(number): number for number in numbers}
    words |= {polish_cardinal(number): number for number in (*numbers, *range(100, 1000, 100))}
    return words | {"oh": 0, "o": 0, "nought": 0, "jedna": 1, "jedno": 1, "dwie": 2}


_VALUES: Final = _values()
_SPEAK_OF_NUMBERS: Final = frozenset(_VALUES) - {"oh", "o", "one", "jeden", "jedna", "jedno"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """One thing found; `shown` is its first digits or letters, enough to find it, not to use it."""

    kind: PersonalKind
    shown: str


def find_personal_data(text: str, language: str) -> tuple[PersonalData, ...]:
    """Everything in one text; () for nearly all."""
    found = [*_emails(text)]
    if _may_hold_numbers(text):
        numbers = [*_numbers(text, language)]
        masked = mask_digits(text, language)
        if not numbers and MASK in masked and MASK not in text:
            numbers = [PersonalData(kind=PersonalKind.NUMBER, shown=masked)]
        found += numbers
    return tuple(found)


def _may_hold_numbers(text: str) -> bool:
    if any(character.isdigit() for character in text):
        return True
    return not _SPEAK_OF_NUMBERS.isdisjoint(_TOKEN.findall(text.lower()))


def _emails(text: str) -> Iterator[PersonalData]:
    for pattern in (_EMAIL, _SPOKEN_EMAIL):
        for match in pattern.finditer(text.lower()):
            yield PersonalData(kind=PersonalKind.EMAIL, shown=f"{match.group()[:3]}…")


def _numbers(text: str, language: str) -> Iterator[PersonalData]:
    accounts = [match.group() for match in _IBAN.finditer(text) if _is_iban(match.group())]
    for account in accounts:
        yield PersonalData(kind=PersonalKind.ACCOUNT, shown=f"{account[:4]}…")
        text = text.replace(account, " / ")
    for digits in digit_runs(text):
        kind = _kind(digits, language)
        if kind is not None:
            yield PersonalData(kind=kind, shown=f"{digits[:3]}… ({len(digits)} digits)")


def digit_runs(text: str) -> Iterator[str]:
    """The digits of every number that is said or written; sums of money are left out.

    "twenty three double four" is 2344; "sto dwadzieścia trzy" is 123.
    """
    digits: list[str] = []
    times, last, is_amount = 1, None, False
    for token in _TOKEN.findall(text.lower()):
        value = None if token.isdigit() else _VALUES.get(token)
        if token in _OF_AMOUNTS:
            is_amount = bool(digits) or is_amount
        elif token.isdigit():
            digits.append(token)
            last = None
        elif value is not None:
            if times == 1 and _completes(last, value):
                digits[-1] = str(int(digits[-1]) + value)
            else:
                digits.append(str(value) * times)
            times, last = 1, value
        elif token in _REPEATS:
            times, last = _REPEATS[token], None
        elif token not in _JOINERS:
            is_sum = token in _COUNTED and sum(map(len, digits)) <= _MOST_AMOUNT_DIGITS
            yield from _run(digits, is_amount=is_amount or is_sum)
            digits, times, last, is_amount = [], 1, None, False
    yield from _run(digits, is_amount=is_amount)


def _completes(last: int | None, value: int) -> bool:
    """Whether a word goes on with the one before: twenty THREE, sto DWADZIEŚCIA."""
    if last is None:
        return False
    return (last in _TENS and 0 < value < 10) or (last in _HUNDREDS and 0 < value < 100)  # noqa: PLR2004


def _run(digits: list[str], *, is_amount: bool) -> Iterator[str]:
    if digits and not is_amount:
        yield "".join(digits)


def _kind(digits: str, language: str) -> PersonalKind | None:
    count = len(digits)
    if count == _POLISH_ACCOUNT_DIGITS and _is_iban(f"PL{digits}"):
        return PersonalKind.ACCOUNT
    if count in _CARD_DIGITS and digits[0] in "23456" and _passes_luhn(digits):
        return PersonalKind.CARD
    if count == _PESEL_DIGITS and _is_pesel(digits):
        return PersonalKind.PESEL
    if count in _PHONE_DIGITS and _is_phone(digits, language):
        return PersonalKind.PHONE
    return PersonalKind.NUMBER if count >= _LEAST_LONG_DIGITS else None


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0  # noqa: PLR2004


def _is_iban(written: str) -> bool:
    """ISO 13616: the country and check digits go to the end, letters count from 10, modulo 97 is 1."""
    plain = written.replace(" ", "").upper()
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def _is_pesel(digits: str) -> bool:
    """Date of birth (the century is in the month), serial number, check digit."""
    total = sum(
        int(digit) * weight for digit, weight in zip(digits[:10], _PESEL_WEIGHTS, strict=True)
    )
    if (10 - total % 10) % 10 != int(digits[10]):
        return False
    century = {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}[int(digits[2]) // 2]
    try:
        dt.date(century + int(digits[:2]), int(digits[2:4]) % 20, int(digits[4:6]))
    except ValueError:
        return False
    return True


def _is_phone(digits: str, language: str) -> bool:
    for region in _REGIONS.get(language, ("PL",)):
        for written in (digits, f"+{digits}"):
            try:
                number = phonenumbers.parse(written, region)
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_valid_number(number):
                return True
    return False
