from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from ivr.errors import ConfigurationError
from ivr.policy_file import read_policy
from ivr.steering.intents import OUT_OF_SCOPE
from ivr.steering.text import normalise
from training.corpus import Utterance, read_corpus, thin_intents
from training.sources import TrainingSources

REPOSITORY = Path(__file__).parents[3]
SHIPPED = REPOSITORY / "training" / "corpus"
LANGUAGES = ("en", "pl")
SPOKEN = REPOSITORY / "tests" / "asterisk" / "spoken"
HEADER = "text,intent,language,source,session,speaker\n"
GOOD = "i forgot my pin,pin,en,written,one,s1\n"


def corpus_file(tmp_path: Path, rows: str, name: str = "corpus.csv") -> Path:
    path = tmp_path / name
    path.write_text(HEADER + rows, encoding="utf-8")
    return path


def refusal(path: Path) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        read_corpus([path], "en")
    return caught.value


def test_a_good_row_is_read_whole(tmp_path: Path) -> None:
    (utterance,) = read_corpus([corpus_file(tmp_path, GOOD)], "en")
    assert (utterance.text, utterance.intent) == ("i forgot my pin", "pin")
    assert utterance.group == "one/s1"
    assert utterance.where.endswith("corpus.csv:2")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("i forgot my pin,Pin!,en,written,one,s1", "intent 'Pin!'"),
        ("i forgot my pin,,en,written,one,s1", "intent ''"),
        (",pin,en,written,one,s1", "no words"),
        ('"um, er",pin,en,written,one,s1', "no words"),
        ("i owe 50 pounds,cash_loan,en,written,one,s1", "digits"),
        ("word " * 61 + ",pin,en,written,one,s1", "61 words"),
        ("i forgot my pin,pin,en,written,one", "missing field speaker"),
        ("oh, i forgot my pin,pin,en,written,one,s1", "more fields"),
        ("i forgot my pin,pin,english,written,one,s1", "two-letter"),
        ("I forgot my PIN!,balance,en,written,one,s1", "is balance here but pin at"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(tmp_path: Path, row: str, said: str) -> None:
    error = refusal(corpus_file(tmp_path, GOOD + row + "\n"))
    assert f"{tmp_path / 'corpus.csv'}:3: " in error.problem
    assert said in error.problem
    assert "UTF-8 CSV" in error.advice


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "corpus.csv"
    path.write_text("text,language\nhello,en\n", encoding="utf-8")
    assert "missing column intent" in refusal(path).problem


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "corpus.csv"
    path.write_text("", encoding="utf-8")
    assert "the file holds no rows" in refusal(path).problem


def test_wrong_encoding_is_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "corpus.csv"
    path.write_bytes((HEADER + GOOD).encode() + b"caf\xe9,branch,en,written,one,s1\n")
    error = refusal(path)
    assert f"{path}:3: byte 0xe9 is not UTF-8" in error.problem
    assert "UTF-8" in error.advice


def test_an_unclosed_quote_is_refused(tmp_path: Path) -> None:
    assert "not CSV" in refusal(corpus_file(tmp_path, GOOD + '"never closed,pin,en\n')).problem


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "none.csv").problem


def test_a_corpus_without_the_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="language 'pl'"):
        read_corpus([corpus_file(tmp_path, GOOD)], "pl")


def test_a_contradiction_between_two_files_is_found(tmp_path: Path) -> None:
    first = corpus_file(tmp_path, GOOD, "first.csv")
    second = corpus_file(tmp_path, GOOD.replace(",pin,", ",balance,"), "second.csv")
    with pytest.raises(ConfigurationError, match=r"second\.csv:2"):
        read_corpus([first, second], "en")


def test_no_more_than_twenty_bad_rows_are_listed(tmp_path: Path) -> None:
    error = refusal(corpus_file(tmp_path, "1,pin,en,written,one,s1\n" * 25))
    assert error.problem.count("digits") == 20
    assert error.problem.endswith("and 5 more")
    assert error.problem.startswith("25 bad rows")


def trained_on(language: str) -> tuple[Utterance, ...]:
    return read_corpus(TrainingSources.of_language(SHIPPED, language).corpus, language)


def held_out(language: str) -> tuple[Utterance, ...]:
    return read_corpus([SHIPPED / "held_out" / f"{language}.csv"], language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_shipped_corpus_has_fifty_sentences_of_every_intent_and_twenty_held_out(
    language: str,
) -> None:
    trained = Counter(utterance.intent for utterance in trained_on(language))
    tested = Counter(utterance.intent for utterance in held_out(language))
    assert thin_intents(trained_on(language)) == {}
    assert set(trained) == set(tested)
    assert len(trained) == 30
    assert min(trained.values()) >= 50
    assert min(tested.values()) >= 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_intent_of_the_shipped_corpus_has_a_rule_in_the_policy(language: str) -> None:
    intents = {utterance.intent for utterance in trained_on(language)}
    policy = read_policy(REPOSITORY / "dialplan" / "steering.yaml")
    assert intents - {OUT_OF_SCOPE} == set(policy.intents)


@pytest.mark.parametrize("language", LANGUAGES)
def test_held_out_session_is_read_by_no_training_and_shares_no_speaker_with_it(
    language: str,
) -> None:
    files = TrainingSources.of_language(SHIPPED, language).corpus
    assert not [path for path in files if "held_out" in path.parts]
    sessions = {utterance.session for utterance in trained_on(language)}
    assert sessions.isdisjoint(utterance.session for utterance in held_out(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_shipped_corpus_repeats_no_sentence(language: str) -> None:
    said = (*trained_on(language), *held_out(language))
    texts = Counter(normalise(utterance.text, language) for utterance in said)
    assert [text for text, count in texts.items() if count > 1] == []


@pytest.mark.parametrize("name", ["held_out.csv", "development.csv", "bank.csv"])
def test_no_sentence_of_the_spoken_tests_is_in_the_corpus(name: str) -> None:
    with (SPOKEN / name).open(encoding="utf-8", newline="") as lines:
        spoken = {normalise(row["text"], "en") for row in csv.DictReader(lines)}
    corpus = (*trained_on("en"), *held_out("en"))
    assert spoken, "no sentences to compare with"
    assert [said.where for said in corpus if normalise(said.text, "en") in spoken] == []
