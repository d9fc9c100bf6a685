from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from ivr.errors import ConfigurationError
from training.corpus import read_corpus
from training.corpus_imports.importing import Imported, ImportSettings, as_recognised, import_corpus
from training.corpus_imports.label_mapping import read_label_mapping

TYPED = 'text,category\n"I\'ve paid £20, why?",Extra_Charge?\nWhere is my card,card_arrival\n'


def written(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def imported(source: Path, name: str = "en.csv", **settings: object) -> Imported:
    chosen = {"language": "en", "source": "typed", **settings}
    return import_corpus(source, source.with_name(name), ImportSettings(**chosen))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["en.csv", "en.jsonl"])
def test_typed_sentences_become_a_corpus_that_training_reads(tmp_path: Path, name: str) -> None:
    result = imported(written(tmp_path / "source.csv", TYPED), name, session="banking")
    first, second = read_corpus([result.destination], "en")
    assert (first.text, first.intent) == ("i've paid twenty pounds why", "extra_charge")
    assert (second.text, second.intent) == ("where is my card", "card_arrival")
    assert (first.source, first.session, first.language) == ("typed", "banking", "en")
    assert (result.rows, result.written, result.rejects) == (2, 2, None)


def test_json_lines_are_imported_and_known_columns_come_along(tmp_path: Path) -> None:
    row = {
        "query": "Nie pamiętam PIN-u",
        "label": "pin",
        "speaker": "p1",
        "weight": 2,
        "lang": "pl",
    }
    source = written(tmp_path / "source.jsonl", json.dumps(row) + "\n")
    result = imported(source, "pl.csv", language="pl")
    (utterance,) = read_corpus([result.destination], "pl")
    assert (utterance.text, utterance.speaker) == ("nie pamiętam pin u", "p1")
    assert utterance.weight == 2.0
    assert result.ignored_columns == ("lang",)


def test_labelled_calls_keep_a_call_together_and_lose_brackets_and_masks(tmp_path: Path) -> None:
    source = written(
        tmp_path / "calls.csv",
        "interaction,words,intent\n"
        "call-1,my card [number] is [weather] gone,card_lost\n"
        "call-1,yes [unk] it is gone,card_lost\n",
    )
    one, two = read_corpus([imported(source).destination], "en")
    assert (one.text, two.text) == ("my card is weather gone", "yes it is gone")
    assert one.group == two.group
    assert one.speaker == "call-1"


def test_one_bad_row_and_nothing_is_imported(tmp_path: Path) -> None:
    source = written(tmp_path / "source.csv", TYPED + "???,card_arrival\nno label here,\n")
    with pytest.raises(ConfigurationError) as caught:
        imported(source)
    assert f"{source}:4: text holds no words" in caught.value.problem
    assert f"{source}:5: no label" in caught.value.problem
    assert "--keep-good" in caught.value.advice
    assert [path.name for path in tmp_path.iterdir()] == ["source.csv"]


def test_good_rows_are_kept_when_asked_for_and_bad_ones_written_beside(tmp_path: Path) -> None:
    source = written(
        tmp_path / "source.csv", TYPED + 'Card 4111 1111 1111 1111,card_arrival\n"open,pin\n'
    )
    result = imported(source, keep_good=True)
    assert (result.written, result.rejected) == (2, 2)
    assert result.rejects == tmp_path / "en.csv.rejected.csv"
    assert result.rejects.stat().st_mode & 0o077 == 0
    with result.rejects.open(newline="") as file:
        rejected = list(csv.DictReader(file))
    assert [row["line"] for row in rejected] == ["4", "5"]
    assert rejected[0]["problem"] == "holds personal data (card number: 411… (16 digits))"
    assert rejected[0]["row"] == "Card 4111 1111 1111 1111,card_arrival"


def test_a_repeated_sentence_is_left_out_and_a_second_label_is_bad(tmp_path: Path) -> None:
    again = "WHERE is my card?,card_arrival\nwhere is my card!,card_lost\n"
    source = written(tmp_path / "source.csv", TYPED + again)
    result = imported(source, keep_good=True)
    assert (result.rows, result.written, result.repeated, result.rejected) == (4, 2, 1, 1)
    assert "is card_lost here but card_arrival in line 3" in (result.rejects or source).read_text()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("map.yaml", "Extra_Charge?: fees\ncard_arrival:\ntypo: pin\n"),
        ("map.csv", "label,intent\nExtra_Charge?,fees\ncard_arrival,\ntypo,pin\n"),
    ],
)
def test_labels_are_mapped_left_out_and_unused_ones_told(
    tmp_path: Path, name: str, content: str
) -> None:
    labels = read_label_mapping(written(tmp_path / name, content))
    result = imported(written(tmp_path / "source.csv", TYPED), labels=labels)
    (utterance,) = read_corpus([result.destination], "en")
    assert utterance.intent == "fees"
    assert (result.left_out, result.unused_labels) == (1, ("typo",))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("map.yaml", "- a\n", "no mapping"),
        ("map.yaml", "a: [b]\n", "a: ['b'] is no intent"),
        ("map.yaml", "{}\n", "maps no label"),
        ("map.csv", "from,to\na,b\n", "missing column label, intent"),
        ("map.csv", "label,intent\na,b\na,c\n", "'a' stands there twice"),
    ],
)
def test_a_bad_mapping_is_refused(tmp_path: Path, name: str, content: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_label_mapping(written(tmp_path / name, content))
    assert said in caught.value.problem
    assert "card_arrival: card_activation" in caught.value.advice


def test_a_file_that_is_there_is_not_written_over_unless_asked_for(tmp_path: Path) -> None:
    source = written(tmp_path / "source.csv", TYPED)
    mine = written(tmp_path / "en.csv", "text,intent\nmine,pin\n")
    with pytest.raises(ConfigurationError, match="is there already"):
        imported(source)
    assert "mine" in mine.read_text()
    imported(source, replace=True)
    assert "mine" not in mine.read_text()


def test_a_file_without_text_or_label_says_which_columns_it_needs(tmp_path: Path) -> None:
    source = written(tmp_path / "source.csv", "a,b\n1,2\n")
    with pytest.raises(ConfigurationError, match=r"text \(text or words .*; has a, b") as caught:
        imported(source)
    assert "--text-column" in caught.value.advice
    result = imported(written(source, "a,b\nhello there,pin\n"), text_column="a", intent_column="b")
    assert result.written == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("en.txt", r"\*\.csv or"),
        ("no/en.csv", "folder is not there"),
        ("source.csv", "imported from"),
    ],
)
def test_a_destination_that_will_not_do_is_refused(tmp_path: Path, name: str, said: str) -> None:
    source = written(tmp_path / "source.csv", TYPED)
    with pytest.raises(ConfigurationError, match=said):
        import_corpus(
            source, tmp_path / name, ImportSettings(language="en", source="x", replace=True)
        )
    assert source.read_text() == TYPED


def test_digits_in_a_language_whose_numbers_are_not_known_are_bad(tmp_path: Path) -> None:
    source = written(tmp_path / "source.csv", "text,intent\nу мене 3 картки,pin\n")  # noqa: RUF001
    with pytest.raises(ConfigurationError, match="numbers in 'uk' must be written as words"):
        imported(source, "uk.csv", language="uk")


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("I'd like 3 cards & £1,250.50!", "en", "one thousand two hundred fifty pounds fifty"),
        ("Mam 22 zł i 5 zł", "pl", "dwadzieścia dwa złote i pięć złotych"),
        ("tylko 27%", "pl", "dwadzieścia siedem procent"),
        ("kredyt na 1 250 000 PLN", "pl", "jeden dwa pięć zero zero zero zero"),
        ("mam 1000 zł i 2000 zł", "pl", "tysiąc złotych i dwa tysiące złotych"),
        ("mam 21 000 zł", "pl", "dwadzieścia jeden tysięcy złotych"),
        ("my [unk] card_arrival [number]", "en", "card arrival"),
    ],
)
def test_texts_are_written_as_a_recogniser_would(text: str, language: str, said: str) -> None:
    assert as_recognised(text, language).endswith(said)
