from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.steering.text import (
    OTHER_SPEECH,
    normalise,
    other_speech_share,
    plain_words,
    spoken_words,
)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("I've LOST my Card!", "i've lost my card"),
        ("i\u2019ve lost it", "i've lost it"),
        ("the customers' 'account'", "the customers account"),
        ("Um, it ends in 47, erm...", "it ends in four seven"),
        ("\uff24ebit\u00a0card \u2014 now", "debit card now"),
        ("one two-three", "one two three"),
        ("uh", ""),
        ("", ""),
        ("\t \n", ""),
    ],
)
def test_english_text_becomes_plain_words(written: str, normal: str) -> None:
    assert normalise(written, "en") == normal


def test_digits_of_a_language_without_digit_words_stay() -> None:
    assert normalise("코드 12", "ko") == "코드 12"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Eee, no, ZGUBIŁAM kartę!", "no zgubiłam kartę"),
        ("yyy... hmm, PIN kończy się na 47", "pin kończy się na cztery siedem"),
        ("no i co, mhm", "no i co mhm"),
        ("a ja i on u nas w domu", "a ja i on u nas w domu"),
    ],
)
def test_polish_text_loses_hesitations_and_spells_its_digits(written: str, normal: str) -> None:
    assert normalise(written, "pl") == normal


def test_polish_hesitations_stay_in_what_the_recogniser_expects() -> None:
    assert spoken_words("eee tak", "pl") == ("eee", "tak")


def test_hesitations_stay_in_what_the_recogniser_expects() -> None:
    assert spoken_words("Um, my PIN", "en") == ("um", "my", "pin")


@settings(max_examples=600)
@given(text=st.text(), language=st.sampled_from(["en", "pl", "ko"]))
def test_normalising_twice_changes_nothing(text: str, language: str) -> None:
    once = normalise(text, language)
    assert normalise(once, language) == once


@given(text=st.text())
def test_normal_text_holds_single_spaces_and_no_ascii_punctuation(text: str) -> None:
    normal = normalise(text, "en")
    assert normal == " ".join(normal.split())
    assert not set(normal.replace(OTHER_SPEECH, "")) & set(
        '!"#$%&()*+,-./:;<=>?@[]^_`{|}~0123456789'
    )


def test_bracketed_words_become_one_token_for_other_speech() -> None:
    heard = "The [weather] is [Lovely], [unk] um my [dog's] card"
    assert normalise(heard, "en") == "the [unk] is [unk] [unk] my [unk] card"
    assert other_speech_share("the [weather] is [lovely]") == 0.5
    assert other_speech_share("") == 0.0
    assert plain_words("the [weather] [unk]") == ("the", "weather")


@given(text=st.text().filter(lambda text: "[" not in text), language=st.sampled_from(["en", "pl"]))
def test_no_written_text_produces_the_token_for_other_speech(text: str, language: str) -> None:
    assert OTHER_SPEECH not in normalise(text, language).split()
