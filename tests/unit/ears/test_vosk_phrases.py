from __future__ import annotations

import json
from pathlib import Path

import pytest

from ivr.errors import ModelUnusableError
from ivr.models.artefact import GRAMMARS, PHRASES
from ivr.models.grammars import grammars_json
from ivr.models.vosk_phrases import OTHER_SPEECH, Expectations, read_expectations
from ivr.ports import GrammarName

OPEN, YES_NO, CHOICE = GrammarName.OPEN_QUESTION, GrammarName.YES_NO, GrammarName.CHOICE
VOCABULARY = frozenset({"i", "lost", "my", "card", "block", "it", "yes", "no", "weather", "lovely"})


def expect(
    folder: Path,
    phrases: str = "i lost my card\nblock it\n",
    *,
    vocabulary: frozenset[str] = VOCABULARY,
    other: str | None = None,
) -> Expectations:
    (folder / PHRASES).write_text(phrases, encoding="utf-8")
    grammars = {YES_NO: {"yes": ("yes", "yes please"), "no": ("no",)}, CHOICE: {"a": ("zzz",)}}
    (folder / GRAMMARS).write_text(grammars_json(grammars), encoding="utf-8")
    if other is not None:
        (folder / OTHER_SPEECH).write_text(other, encoding="utf-8")
    return read_expectations(folder, vocabulary.__contains__)


def phrases(expectations: Expectations, grammar: GrammarName = OPEN) -> list[str]:
    return json.loads(expectations.of(grammar).phrases)


def test_words_that_the_model_lacks_are_left_out_and_named_once(tmp_path: Path) -> None:
    found = expect(tmp_path, "i lost my fobs\nmy fobs\nfobs gizmo\n\ni lost it\n")
    assert phrases(found) == ["i lost my", "my", "i lost it"]
    assert found.missing_words == ("fobs", "gizmo")


def test_other_speech_joins_word_by_word_and_is_written_in_brackets(tmp_path: Path) -> None:
    found = expect(tmp_path, other="weather\nlovely\nweather\ncard\nunheardof\n")
    assert phrases(found) == ["i lost my card", "block it", "weather", "lovely"]
    assert [found.of(OPEN).written(word) for word in ("card", "lovely", "[unk]")] == [
        "card",
        "[lovely]",
        "[unk]",
    ]


def test_the_unknown_word_is_expected_wherever_the_model_has_it(tmp_path: Path) -> None:
    found = expect(tmp_path, vocabulary=VOCABULARY | {"[unk]"})
    assert phrases(found) == ["i lost my card", "block it", "[unk]"]
    assert phrases(found, YES_NO) == ["no", "yes", "[unk]"]
    assert "[unk]" not in phrases(expect(tmp_path))


def test_a_small_grammar_has_its_whole_phrases_only(tmp_path: Path) -> None:
    found = expect(tmp_path)
    assert phrases(found, YES_NO) == ["no", "yes"]
    assert found.of(YES_NO).written("card") == "[card]"


def test_a_small_grammar_without_a_known_phrase_is_heard_as_the_open_question(
    tmp_path: Path,
) -> None:
    found = expect(tmp_path)
    assert found.of(CHOICE) == found.of(OPEN) == found.of(GrammarName.DIGITS)


def test_letters_of_any_script_are_written_as_they_are(tmp_path: Path) -> None:
    found = expect(tmp_path, "네 żółw\n", vocabulary=frozenset({"네", "żółw"}))
    assert found.of(OPEN).phrases == '["네 żółw"]'


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("zgubiłem kartę\ni co\n", "knows 1 of the 4 words .*25%.*another language"),
        ("\n", "knows 0 of the 0 words"),
    ],
)
def test_a_model_that_knows_less_than_half_of_the_words_is_unusable(
    tmp_path: Path, written: str, said: str
) -> None:
    with pytest.raises(ModelUnusableError, match=said):
        expect(tmp_path, written)


def test_phrases_that_are_no_text_are_unusable(tmp_path: Path) -> None:
    expect(tmp_path)
    (tmp_path / PHRASES).write_bytes(b"\xff\xfe")
    with pytest.raises(ModelUnusableError, match=r"open_question\.txt cannot be read.*train"):
        read_expectations(tmp_path, VOCABULARY.__contains__)
