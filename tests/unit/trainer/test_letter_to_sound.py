from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.dictionary import read_pronunciations
from training.letter_to_sound import pronounce

PHONES = {phone for said in read_pronunciations().values() for one in said for phone in one.split()}
KNOWN = {
    "cash": ("K AE SH",),
    "back": ("B AE K",),
    "block": ("B L AA K",),
    "card": ("K AA R D",),
    "charge": ("CH AA R JH",),
    "country": ("K AH N T R IY",),
    "don't": ("D OW N T", "D OW N"),
}


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("cards", "K AA R D Z"),
        ("blocks", "B L AA K S"),
        ("charges", "CH AA R JH IH Z"),
        ("card's", "K AA R D Z"),
        ("countries", "K AH N T R IY Z"),
        ("charging", "CH AA R JH IH NG"),
        ("blocked", "B L AA K T"),
        ("unblocked", "AH N B L AA K T"),
        ("charged", "CH AA R JH D"),
        ("cashback", "K AE SH B AE K"),
        ("dont", "D OW N T"),
        ("gbp", "JH IY B IY P IY"),
    ],
)
def test_words_made_of_known_ones_sound_like_their_parts(word: str, phones: str) -> None:
    assert pronounce(word, KNOWN)[0] == phones


@pytest.mark.parametrize(
    ("name", "phones"),
    [
        ("revolut", "R EH V OW L AH T"),
        ("blik", "B L IH K"),
        ("monzo", "M AA N Z OW"),
        ("klarna", "K L AA R N AH"),
        ("venmo", "V EH N M OW"),
        ("paypal", "P EY P AE L"),
    ],
)
def test_names_are_pronounced_by_rule(name: str, phones: str) -> None:
    assert pronounce(name, {}) == (phones,)


def test_words_in_other_letters_have_no_pronunciation() -> None:
    assert pronounce("złoty", {}) == ()
    assert pronounce("", {}) == ()


@given(word=st.from_regex(r"[a-z]+('[a-z]+)?", fullmatch=True))
def test_any_word_in_latin_letters_is_pronounced_with_phones_of_the_acoustic_model(
    word: str,
) -> None:
    for said in pronounce(word, KNOWN):
        assert said
        assert set(said.split()) <= PHONES
