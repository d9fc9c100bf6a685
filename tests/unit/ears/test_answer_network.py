from __future__ import annotations

from collections import defaultdict

import pytest

from ivr.models.answer_network import END, START, Arc, answer_network

PHRASES = ["yes", "yes please", "no"]


def sentences(arcs: list[Arc], longest: int) -> set[str]:
    """All that the network accepts in at most `longest` steps."""
    found: set[str] = set()
    paths = [(START, "")]
    for _ in range(longest):
        paths = [
            (arc.end, f"{said} {arc.word}".strip())
            for state, said in paths
            for arc in arcs
            if arc.start == state
        ]
        found |= {said for state, said in paths if state == END}
    return found


def test_each_phrase_and_no_mixture_of_them_is_accepted() -> None:
    assert sentences(answer_network(PHRASES, [], repeat=False), 4) == set(PHRASES)


def test_digits_may_follow_one_another() -> None:
    accepted = sentences(answer_network(["one", "two"], [], repeat=True), 5)
    assert {"one", "two one", "one two two"} <= accepted


def test_other_speech_of_any_length_is_accepted_beside_the_phrases() -> None:
    accepted = sentences(answer_network(PHRASES, ["[most]", "[play]"], repeat=False), 4)
    assert {"yes please", "[most]", "[play] [most] [play]"} <= accepted
    assert not any("yes" in said and "[" in said for said in accepted)


@pytest.mark.parametrize("other", [[], ["[most]", "[play]"]])
def test_what_leaves_the_start_and_the_loop_is_certain_to_happen(other: list[str]) -> None:
    leaving: defaultdict[int, float] = defaultdict(float)
    for arc in answer_network(PHRASES, other, repeat=False):
        leaving[arc.start] += arc.probability
    assert {round(share, 9) for share in leaving.values()} == {1.0}
