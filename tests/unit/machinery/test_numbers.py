from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.numbers import to_e164


@pytest.mark.parametrize(
    ("number", "region", "expected"),
    [
        ("600123456", "PL", "+48600123456"),
        ("+48 600-123-456", "PL", "+48600123456"),
        ("0048600123456", "PL", "+48600123456"),
        ("02079460000", "GB", "+442079460000"),
        ("+442079460000", "PL", "+442079460000"),
        (None, "PL", None),
        ("", "PL", None),
        ("anonymous", "PL", None),
        ("12", "PL", None),
        ("1" * 300, "PL", None),
        ("600123456", "XX", None),
        ("'; DROP TABLE calls", "PL", None),
    ],
)
def test_numbers_as_asterisk_reports_them(
    number: str | None, region: str, expected: str | None
) -> None:
    assert to_e164(number, region) == expected


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_none(text: str) -> None:
    number = to_e164(text, "PL")
    assert number is None or (number[0] == "+" and number[1:].isdecimal())
