from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.corpus_tools.corpora import rows, write_rows
from training.corpus_checks.check import CheckSettings, CorpusCheck, LanguageCheck, check_corpus
from training.corpus_checks.findings import FindingKind, Severity
from training.corpus_checks.health import is_hesitation

Kind = FindingKind


@dataclass(frozen=True)
class Ears:
    deaf_to: frozenset[str] = frozenset()
    guesses: Mapping[str, str] = frozenset()  # type: ignore[assignment]
    name: str = "a recogniser in a test"

    def unheard(self, words: Collection[str]) -> frozenset[str]:
        return frozenset(words) & self.deaf_to

    def guessed(self, words: Collection[str]) -> Mapping[str, str]:
        return {word: "G EH S" for word in words if word in self.guesses}


def checked(*files: Path, ears: Ears | str | None = None, **settings: object) -> CorpusCheck:
    held_out = frozenset(path for path in files if "held_out" in path.parts)
    chosen = CheckSettings(held_out=held_out, default_language="en", **settings)  # type: ignore[arg-type]
    return check_corpus(files, chosen, lambda _: Ears() if ears is None else ears)


def english(*files: Path, **more: object) -> LanguageCheck:
    return checked(*files, **more).languages["en"]  # type: ignore[arg-type]


def told(found: LanguageCheck, kind: FindingKind) -> list[str]:
    return [finding.message for finding in found.findings.kept.get(kind, [])]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "en.csv", rows(45))


def test_a_good_corpus_has_no_finding_and_its_health_is_counted(good: Path) -> None:
    found = english(good)
    assert found.findings.counts.total() == 0, found.findings.counts
    health = found.health
    assert (health.rows, health.held_out_rows, health.sessions, health.speakers) == (135, 0, 1, 5)
    assert health.rows_by_intent["pin"] == (45, 0)
    assert (health.median_words, health.with_hesitation, health.near_duplicates) == (8, 0, 0)
    assert 0.9 < health.distinct_trigrams <= 1
    assert found.agreement is not None
    assert found.agreement > 0.9


def test_one_sentence_under_two_intents_is_an_error_with_both_places(tmp_path: Path) -> None:
    more = ["Where is my money?,pin,one,s1", "where is my money,mortgage,one,s2"]
    path = write_rows(tmp_path / "en.csv", [*rows(45), *more])
    found = english(path)
    (finding,) = found.findings.kept[Kind.CONTRADICTION]
    assert finding.message == "“where is my money”: mortgage or pin?"
    assert finding.where == (f"{path}:137", f"{path}:138")
    assert finding.kind.severity is Severity.ERROR


def test_what_training_and_held_out_share_is_told(tmp_path: Path, good: Path) -> None:
    first = rows(45)[0].partition(",")[0]
    held_out = write_rows(
        tmp_path / "held_out" / "en.csv",
        [
            f"{first},pin,two,s9",
            "where is the form for moving a standing order,mortgage,two,s9",
            "a sentence all of its own kind,pin,one,s1",
        ],
    )
    training = write_rows(
        tmp_path / "en-2.csv",
        ["where's the form for moving a standing order,mortgage,three,s1"],
    )
    found = english(good, training, held_out)
    assert told(found, Kind.DUPLICATE_ACROSS_SPLITS) == [f"“{first}” (pin)"]
    (near,) = found.findings.kept[Kind.NEAR_ACROSS_SPLITS]
    assert near.where == (f"{training}:2", f"{held_out}:3")
    assert told(found, Kind.GROUP_ACROSS_SPLITS) == ["one/s1"]
    assert found.health.held_out_rows == 3
    assert found.health.near_duplicates == 4


def test_repeated_and_nearly_repeated_sentences_are_warnings(tmp_path: Path) -> None:
    more = [
        "i would like to speak about my savings,pin,one,s1",
        "i'd like to speak about my savings,pin,one,s2",
        "we'd like to speak about my savings,card_lost,one,s2",
        "no that is not what i said,pin,one,s1",
        "no that is not what i said,pin,one,s3",
    ]
    found = english(write_rows(tmp_path / "en.csv", [*rows(45), *more]))
    assert told(found, Kind.DUPLICATE) == ["“no that is not what i said” (pin), 2 times"]
    assert "pin or card_lost?" in told(found, Kind.NEAR_ACROSS_INTENTS)[0]
    assert any("i would like" in message for message in told(found, Kind.NEAR))
    assert found.findings.of(Severity.ERROR) == 0


def test_a_label_with_three_rows_is_an_error_and_one_with_thirty_a_warning(tmp_path: Path) -> None:
    lines = [line for line in rows(45) if ",card_lost," not in line]
    lost = [line for line in rows(45) if ",card_lost," in line]
    three = english(write_rows(tmp_path / "en.csv", [*lines, *lost[:3]]))
    assert told(three, Kind.TOO_FEW) == ["card_lost: 3 (4 are the least, 40 are good)"]
    thirty = english(write_rows(tmp_path / "en.csv", [*lines, *lost[:30]]))
    assert told(thirty, Kind.FEW) == ["card_lost: 30 (at least 40 are good)"]
    assert thirty.findings.of(Severity.ERROR) == 0


def test_one_intent_only_is_an_error(tmp_path: Path) -> None:
    lines = [line for line in rows(45) if ",pin," in line]
    found = english(write_rows(tmp_path / "en.csv", lines))
    assert "at least two intents" in told(found, Kind.ONE_INTENT)[0]
    assert found.agreement is None
    assert "labels" in found.not_checked[0]


def test_an_intent_of_one_speaker_is_told(tmp_path: Path) -> None:
    lines = [line for line in rows(45) if ",pin," not in line or line.endswith(",s1")]
    found = english(write_rows(tmp_path / "en.csv", lines))
    assert told(found, Kind.ONE_GROUP) == ["pin: only one/s1"]


@pytest.mark.parametrize("content", ["", "text,intent\n"])
def test_an_empty_corpus_is_an_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "en.csv"
    path.write_text(content)
    found = checked(path)
    assert found.languages == {}
    assert found.findings.counts[Kind.EMPTY] == found.findings.counts[Kind.BAD_ROW] == 1


def test_a_language_without_sentences_is_an_error(good: Path) -> None:
    found = checked(good, languages=("pl",))
    assert found.findings.kept[Kind.EMPTY][0].message.endswith("in 'pl'")


def test_bad_rows_are_told_and_the_others_are_checked_all_the_same(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "en.csv", [*rows(45), "my card is 4111 1111 1111 1111,pin,one,s1"])
    found = checked(path)
    (bad,) = found.findings.kept[Kind.BAD_ROW]
    assert bad.where == (f"{path}:137",)
    (personal,) = found.findings.kept[Kind.PERSONAL_DATA]
    assert personal.message == "card number: 411… (16 digits)"
    assert found.languages["en"].health.rows == 135


def test_spoken_personal_data_is_an_error_and_a_doubtful_number_a_warning(tmp_path: Path) -> None:
    card = "it is four one one one " + "one one one one " * 3
    more = [f"{card},pin,one,s1", "it was in nineteen eighty four,pin,one,s1"]
    found = english(write_rows(tmp_path / "en.csv", [*rows(45), *more]))
    assert told(found, Kind.PERSONAL_DATA) == ["card number: 411… (16 digits)"]
    assert len(told(found, Kind.PERHAPS_PERSONAL_DATA)) == 1


def test_words_that_cannot_be_heard_are_told_with_their_first_place(good: Path) -> None:
    found = english(good, ears=Ears(deaf_to=frozenset({"keypad"}), guesses={"thief": ""}))
    (unheard,) = found.findings.kept[Kind.UNHEARD_WORD]
    assert unheard.message.startswith("keypad, ")
    assert unheard.where[0].startswith(f"{good}:")
    assert told(found, Kind.GUESSED_WORD)[0].startswith("thief G EH S, ")


def test_where_nobody_listens_it_is_said_why(good: Path) -> None:
    found = english(good, ears="no model is here")
    assert found.not_checked == ("words that cannot be heard: no model is here",)


def test_doubtful_labels_are_listed_up_to_a_number_and_all_counted(tmp_path: Path) -> None:
    lines = rows(45)
    for number in (0, 1, 2, 50, 51):
        lines[number] = lines[number].replace(",pin,", ",card_lost,").replace(",mortgage,", ",pin,")
    found = english(write_rows(tmp_path / "en.csv", lines), doubtful=2)
    assert len(told(found, Kind.DOUBTFUL_LABEL)) == 2
    assert found.findings.counts[Kind.DOUBTFUL_LABEL] == 5
    assert "the model thought" in told(found, Kind.DOUBTFUL_LABEL)[0]


def test_every_kind_of_finding_has_its_words() -> None:
    assert all(kind.meaning for kind in FindingKind)


@pytest.mark.parametrize("word", "um uh er erm hmm mhm eee yyy yhm ehm mm uhm".split())  # noqa: SIM905
def test_hesitations_are_known_in_both_languages(word: str) -> None:
    assert is_hesitation(word)


@pytest.mark.parametrize("word", "me he here i a my tym mam emu e y hum".split())  # noqa: SIM905
def test_words_are_no_hesitations(word: str) -> None:
    assert not is_hesitation(word)
