"""An event's data as it may be stored: masked, and only what both engines can take."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ivr.steering.masking import MASK, mask_digits

_PERSONAL = "pii_"
_CALLER_NUMBER = "pii_caller_number"
_SHOWN_DIGITS = 3
_HIDDEN_DIGITS = 3


def storable_data(data: Mapping[str, object], language: str) -> dict[str, object]:
    """The data with numbers masked under every key that begins with `pii_`, at any depth.

    Of the caller's number the last three digits stay. Values become JSON values: NaN and infinity
    null, NUL and half surrogates (which PostgreSQL refuses) replaced, anything else its text.
    """
    return {
        str(key): _masked(str(key), value, language)
        if str(key).startswith(_PERSONAL)
        else _plain(value, language)
        for key, value in data.items()
    }


def storable_text(text: str) -> str:
    """The text without the characters PostgreSQL refuses."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def shortened_number(number: str) -> str:
    """The last three digits of a phone number ("…123"); of a very short number nothing."""
    digits = [character for character in number if character.isdecimal()]
    if len(digits) < _SHOWN_DIGITS + _HIDDEN_DIGITS:
        return "…"
    return "…" + "".join(digits[-_SHOWN_DIGITS:])


def _masked(key: str, value: object, language: str) -> object:
    match value:
        case None | bool():
            return value
        case int() | float():
            return MASK
        case Mapping():
            return {str(name): _masked(key, inner, language) for name, inner in value.items()}
        case list() | tuple():
            return [_masked(key, inner, language) for inner in value]
        case _:
            return _masked_text(key, str(value), language)


def _masked_text(key: str, value: str, language: str) -> str:
    if key == _CALLER_NUMBER:
        return shortened_number(value)
    return mask_digits(storable_text(value), language)


def _plain(value: object, language: str) -> object:
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case str():
            return storable_text(value)
        case Mapping():
            return storable_data(value, language)
        case list() | tuple():
            return [_plain(inner, language) for inner in value]
        case _:
            return storable_text(str(value))
