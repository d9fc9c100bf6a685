"""Callers' numbers as E.164, by `phonenumbers`."""

from __future__ import annotations

import phonenumbers


def to_e164(number: str | None, region: str) -> str | None:
    """`number` as `+48…`; None when it is withheld or cannot be a telephone number.

    `region` (ISO 3166, two letters) is the country of numbers without a country code. What Asterisk
    reports is the caller's to choose: it is never trusted to be anything but text.
    """
    if number is None:
        return None
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
