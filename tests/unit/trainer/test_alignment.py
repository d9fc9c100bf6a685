from __future__ import annotations

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.alignment import align, word_errors

WORDS = st.lists(st.sampled_from(["my", "card", "[cart]", "loan", "a"]), max_size=7)


def pairs(said: str, heard: str) -> list[tuple[str, str]]:
    return [(pair.said, pair.heard) for pair in align(said.split(), heard.split())]


@pytest.mark.parametrize(
    ("said", "heard", "expected"),
    [
        ("my card", "my card", [("my", "my"), ("card", "card")]),
        ("i lost my card", "i lost card", [("i", "i"), ("lost", "lost"), ("my", ""), ("card", "card")]),
        ("block it", "block it now", [("block", "block"), ("it", "it"), ("", "now")]),
        ("a mortgage", "a more gauge", [("a", "a"), ("mortgage", "more gauge")]),
        ("over draft fee", "overdraft fee", [("over draft", "overdraft"), ("fee", "fee")]),
        ("the heifers", "the [heavens]", [("the", "the"), ("heifers", "[heavens]")]),
        ("pin", "", [("pin", "")]),
        ("", "pin", [("", "pin")]),
        ("", "", []),
    ],
)  # fmt: skip
def test_words_are_aligned_as_a_person_would(
    said: str, heard: str, expected: list[tuple[str, str]]
) -> None:
    assert pairs(said, heard) == expected


def test_a_word_in_brackets_is_not_the_word() -> None:
    assert pairs("my card", "my [card]") == [("my", "my"), ("card", "[card]")]
    assert word_errors(["my", "card"], ["my", "[card]"]) == 1


def test_errors_side_by_side_come_apart_by_their_spelling() -> None:
    assert pairs("lost card please", "cart police") == [
        ("lost", ""),
        ("card", "cart"),
        ("please", "police"),
    ]


@given(said=WORDS, heard=WORDS)
def test_alignment_keeps_all_words_in_order_and_errors_are_those_of_jiwer(
    said: list[str], heard: list[str]
) -> None:
    found = align(said, heard)
    assert " ".join(pair.said for pair in found).split() == said
    assert " ".join(pair.heard for pair in found).split() == heard
    assert all(len(p.said.split()) <= 2 and len(p.heard.split()) <= 2 for p in found)
    if said:
        by_jiwer = jiwer.process_words(" ".join(said), " ".join(heard))
        wrong = by_jiwer.substitutions + by_jiwer.deletions + by_jiwer.insertions
        assert word_errors(said, heard) == wrong
