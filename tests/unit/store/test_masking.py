"""Properties are checked by a counter of digits that shares nothing with the code under test."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.steering.masking import lexicon, mask_digits, mask_with
from ivr.steering.number_words import ENGLISH, POLISH, NumberWords

ONE_DIGIT = {"zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}
TWO_DIGITS = {"ten", "eleven", "fifteen", "nineteen", "twenty", "fifty", "ninety"}
SCALES = ["hundred", "thousand", "million"]
SEPARATORS = [" ", "-", " - ", ", ", ". ", " and ", " dash ", " er "]
PLAIN = ["my", "card", "is", "please", "zloty", "account", "transfer", "the", "for", "to", "double"]


def longest_run_of_digits(text: str) -> int:
    """Digits said without any other word between, scales being other words."""
    longest = current = 0
    for token in re.findall(r"\d|[a-z]+", text.lower()):
        if token.isdecimal() or token in ONE_DIGIT:
            current += 1
        elif token in TWO_DIGITS:
            current += 1  # the least it can count for, whatever follows
        elif token not in {"and", "dash", "er", "double"}:
            current = 0
        longest = max(longest, current)
    return longest


number_words = st.sampled_from(sorted(ONE_DIGIT | TWO_DIGITS)) | st.integers(0, 99_999).map(str)
spoken = st.lists(
    st.tuples(number_words | st.sampled_from(PLAIN + SCALES), st.sampled_from(SEPARATORS)),
    max_size=30,
).map(lambda pairs: "".join(word + gap for word, gap in pairs))


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("my card is four one one one", "my card is [number]"),
        ("it is double four triple seven", "it is [number]"),
        ("call me on oh seven double nine please", "call me on [number] please"),
        ("twenty three forty five", "[number]"),
        ("Twenty-three forty-five is my pin", "[number] is my pin"),
        ("one two er three and four", "[number]"),
        ("4111 1111-1111 1111 that's it", "[number] that's it"),
        ("+48 600 123 456", "+[number]"),
        ("my pesel is 44 oh five fourteen", "my pesel is [number]"),
        ("oh eight hundred one two three", "[number]"),
        ("one two three thousand four", "[number]"),
        ("one two for five", "[number]"),
        ("my card is [four] one [one] one", "my card is [number]"),
        ("four one [unk] one one please", "[number] please"),
        ("four one [nice] one one [weather]", "[number] [weather]"),
        ("the [weather] is [lovely]", "the [weather] is [lovely]"),
        ("one two three", "one two three"),
        ("double trouble", "double trouble"),
        ("oh I lost my card", "oh I lost my card"),
        ("and then one more thing", "and then one more thing"),
    ],
)
def test_numbers_are_masked_and_words_stay(said: str, kept: str) -> None:
    assert mask_digits(said, "en") == kept


@pytest.mark.parametrize(
    "amount",
    [
        "two thousand five hundred zloty",
        "five hundred pounds",
        "oh two thousand five hundred and forty one zloty",
        "twenty three thousand four hundred and fifty six euros and ten cents",
        "a hundred thousand",
        "one million two hundred thousand three hundred and twenty one",
        "5 thousand 200 zloty",
        "one thousand two thousand or more",
        "from five hundred to two thousand",
    ],
)
def test_amounts_stay(amount: str) -> None:
    assert mask_digits(f"I want {amount} please", "en-GB") == f"I want {amount} please"


@given(spoken)
def test_no_run_of_four_digits_survives(said: str) -> None:
    assert longest_run_of_digits(mask_digits(said, "en")) < 4


@given(st.lists(st.sampled_from(sorted(ONE_DIGIT)), min_size=4), st.sampled_from(SEPARATORS))
def test_four_digits_said_in_any_rhythm_leave_nothing(digits: list[str], gap: str) -> None:
    assert mask_digits(f"it's {gap.join(digits)} thanks", "en") == "it's [number] thanks"


@given(st.text(st.characters(exclude_categories=["Nd"])))
def test_text_without_numbers_is_unchanged(text: str) -> None:
    saying = set(lexicon(ENGLISH))
    if saying.isdisjoint(re.findall(r"[^\W\d_]+", text.lower())):
        assert mask_digits(text, "en") == text


@given(spoken)
def test_masking_twice_is_masking_once(said: str) -> None:
    once = mask_digits(said, "en")
    assert mask_digits(once, "en") == once


@given(st.text())
def test_any_text_in_any_language_is_masked_without_error(text: str) -> None:
    assert longest_run_of_digits(mask_digits(text, "xx")) < 4


def test_a_language_with_words_for_hundreds_needs_only_a_table() -> None:
    polish = lexicon(
        NumberWords(
            zeros=frozenset({"zero"}),
            units=frozenset({"jeden", "dwa", "trzy", "pięć"}),
            teens=frozenset(),
            tens=frozenset({"dwadzieścia"}),
            hundreds=frozenset({"pięćset"}),
            hundred=frozenset({"sto"}),
            thousand=frozenset({"tysiąc", "tysiące"}),
            million=frozenset(),
            repeats={},
            joiners=frozenset({"i"}),
            homophones=frozenset(),
        )
    )
    assert mask_with("dwa tysiące pięćset złotych", polish) == "dwa tysiące pięćset złotych"
    assert mask_with("pesel pięćset dwadzieścia trzy pięćset", polish) == "pesel [number]"


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("mój pesel osiem dwa zero trzy jeden pięć", "mój pesel [number]"),
        ("numer sto dwadzieścia trzy czterysta pięćdziesiąt sześć proszę", "numer [number] proszę"),
        ("sto pięć sto sześć", "[number]"),
        ("dwadzieścia trzy czterdzieści pięć", "[number]"),
        ("dwie trójki no i jedynka potem eee ósemka", "[number]"),
        ("podwójne zero podwójne siedem", "[number]"),
        ("karta pięć raz sześć siedem", "karta [number]"),
        ("karta kończy się na cztery cztery osiem", "karta kończy się na cztery cztery osiem"),
        ("dwa tysiące trzysta pięćdziesiąt złotych", "dwa tysiące trzysta pięćdziesiąt złotych"),
        (
            "sto dwadzieścia pięć tysięcy na mieszkanie",
            "sto dwadzieścia pięć tysięcy na mieszkanie",
        ),
        ("od stu do dwustu złotych", "od stu do dwustu złotych"),
        ("no to jeszcze raz", "no to jeszcze raz"),
        ("ten przelew i te dwa poprzednie", "ten przelew i te dwa poprzednie"),
        ("Jeden Dwa Trzy CZTERY", "[number]"),
    ],
)
def test_polish_numbers_are_masked_and_amounts_stay(said: str, masked: str) -> None:
    assert mask_digits(said, "pl") == masked
    assert mask_digits(said, "pl-PL") == masked


@given(st.lists(st.sampled_from(sorted(POLISH.zeros | POLISH.units)), min_size=4, max_size=11))
def test_four_and_more_polish_digits_never_stay(digits: list[str]) -> None:
    assert mask_digits(f"to jest {' '.join(digits)} dziękuję", "pl") == "to jest [number] dziękuję"


def test_no_polish_number_word_says_two_things() -> None:
    fields = [
        *(POLISH.zeros, POLISH.units, POLISH.teens, POLISH.tens, POLISH.hundreds, POLISH.hundred),
        *(POLISH.thousand, POLISH.million, POLISH.repeats, POLISH.joiners, POLISH.homophones),
    ]
    assert len(lexicon(POLISH)) == sum(map(len, fields))
