from __future__ import annotations

import pytest

from training.corpus_checks.personal_data import PersonalKind, digit_runs, find_personal_data

CARD, ACCOUNT, PESEL = PersonalKind.CARD, PersonalKind.ACCOUNT, PersonalKind.PESEL
EMAIL, PHONE, NUMBER = PersonalKind.EMAIL, PersonalKind.PHONE, PersonalKind.NUMBER


# All numbers are the well-known examples of their kind and belong to nobody.
@pytest.mark.parametrize(
    ("text", "language", "kind"),
    [
        ("my card is 4111 1111 1111 1111 please", "en", CARD),
        ("my card is 4111-1111-1111-1111", "en", CARD),
        ("it's four one one one " + "one one one one " * 3, "en", CARD),
        ("it's four triple one quadruple one quadruple one quadruple one", "en", CARD),
        ("forty one eleven eleven eleven eleven eleven eleven eleven", "en", CARD),
        ("numer cztery jeden jeden jeden " + "jeden jeden jeden jeden " * 3, "pl", CARD),
        ("moje konto PL61 1090 1014 0000 0712 1981 2874", "pl", ACCOUNT),
        ("61 1090 1014 0000 0712 1981 2874", "pl", ACCOUNT),
        ("send it to GB82 WEST 1234 5698 7654 32", "en", ACCOUNT),
        ("mój pesel to 44051401359", "pl", PESEL),
        ("czterdzieści cztery zero pięć czternaście zero jeden trzy pięć dziewięć", "pl", PESEL),
        ("write to jan.kowalski@example.com", "en", EMAIL),
        ("it's jan at example dot com", "en", EMAIL),
        ("jan małpa poczta kropka pl", "pl", EMAIL),
        ("zadzwońcie na 512 345 678", "pl", PHONE),
        ("pięćset dwanaście trzysta czterdzieści pięć sześćset siedemdziesiąt osiem", "pl", PHONE),
        ("my reference is 4821 9035 11", "en", NUMBER),
        ("customer number one two three four five", "en", NUMBER),
    ],
)
def test_personal_data_is_found_as_digits_and_as_words(
    text: str, language: str, kind: PersonalKind
) -> None:
    assert [one.kind for one in find_personal_data(text, language)] == [kind]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("i forgot my pin", "en"),
        ("a card with two thousand five hundred pounds on it", "en"),
        ("one two things before i go", "en"),
        ("oh one more question", "en"),
        ("dwa tysiące trzysta złotych", "pl"),
        ("mam dwie karty i jeden kredyt na trzydzieści lat", "pl"),
        ("call me at home please dot", "en"),
        ("meet me at noon", "en"),
    ],
)
def test_what_names_nobody_is_left_alone(text: str, language: str) -> None:
    assert find_personal_data(text, language) == ()


@pytest.mark.parametrize(
    "text",
    [
        "my card is 4111 1111 1111 1112",
        "mój pesel to 44051401358",
        "mój pesel to 44051401359"[:-1] + "0",
        "GB82 WEST 1234 5698 7654 33",
    ],
)
def test_a_wrong_check_digit_is_a_long_number_at_most(text: str) -> None:
    assert not any(one.kind.is_certain for one in find_personal_data(text, "pl"))


def test_what_is_shown_is_not_enough_to_use() -> None:
    (found,) = find_personal_data("my card is 4111 1111 1111 1111", "en")
    assert found.shown == "411… (16 digits)"


def test_digits_are_put_together_as_they_are_said() -> None:
    text = "twenty three double four and sto dwadzieścia trzy or two thousand or 12 34"
    assert list(digit_runs(text)) == ["2344123", "1234"]
