from __future__ import annotations

from pathlib import Path

from sternik.speech.vocabulary import dictionary_words, gap_between


def test_missing_words_are_told_the_most_frequent_ones_first() -> None:
    phrases = ["my pesel", "my pesel please", "blik please", "a card"]
    gap = gap_between(phrases, {"my", "card", "please"})
    assert (gap.expected, gap.missing) == (6, ("pesel", "a", "blik"))
    assert gap.known_share == 0.5
    assert gap.is_enough
    assert not gap.is_foreign


def test_a_model_of_another_language_is_known_by_its_words() -> None:
    words = [f"word{number}" for number in range(100)]
    assert gap_between(words, words[:19]).is_foreign
    assert not gap_between(words, words[:20]).is_foreign
    assert not gap_between(words, words[:49]).is_enough
    assert gap_between(words, words[:50]).is_enough
    assert gap_between([], {"any"}).known_share == 1


def test_pronunciation_variants_are_one_word(tmp_path: Path) -> None:
    dictionary = tmp_path / "dictionary.dict"
    dictionary.write_text("a AH\na(2) EY\ncard K AA R D\n\n")
    assert dictionary_words(dictionary) == {"a", "card"}
