from __future__ import annotations

import datetime as dt
import json
import tracemalloc
from pathlib import Path

import pytest

from ivr.errors import ConfigurationError
from training.corpus import MAX_KEPT_BAD_ROWS, read_corpus, survey_corpus
from training.corpus_lines import MAX_LINE_BYTES
from training.folds import split_by_group
from training.sources import TrainingSources, corpus_files, is_held_out, language_of_path

GOOD = b"text,intent\ni forgot my pin,pin\n"


def written(tmp_path: Path, content: bytes | str, name: str = "en.csv") -> Path:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def problems(path: Path) -> list[str]:
    _, bad = survey_corpus([path], "en")
    return [f"{row.where.rpartition(':')[2]}: {row.problem}" for row in bad.first]


def test_text_and_intent_are_enough(tmp_path: Path) -> None:
    (utterance,) = read_corpus([written(tmp_path, GOOD)], "en")
    assert (utterance.language, utterance.weight, utterance.date) == ("en", 1.0, None)
    assert (utterance.source, utterance.session, utterance.speaker) == ("", "", "")


def test_all_columns_are_read_in_any_order(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "weight,date,speaker,session,source,language,intent,text\n"
        "2.5,2026-11-22,s1,one,calls,pl,pin,nie pamiętam pinu\n",
    )
    (utterance,) = read_corpus([path], "pl")
    assert (utterance.weight, utterance.date) == (2.5, dt.date(2026, 11, 22))
    assert (utterance.group, utterance.source) == ("one/s1", "calls")


def test_json_lines_are_read_like_csv(tmp_path: Path) -> None:
    row = {"text": "nie pamiętam pinu", "intent": "pin", "weight": 3, "speaker": None}
    path = written(tmp_path, json.dumps(row) + "\n\n", "pl.jsonl")
    (utterance,) = read_corpus([path], "pl")
    assert (utterance.text, utterance.weight, utterance.speaker) == ("nie pamiętam pinu", 3.0, "")


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("en.csv", "en"),
        ("pl-2.jsonl", "pl"),
        ("uk_cards.csv", "uk"),
        ("pl/cards.csv", "pl"),
        ("cards.csv", ""),
        ("english/train.csv", ""),
    ],
)
def test_language_comes_from_file_name_or_folder(name: str, language: str) -> None:
    assert language_of_path(Path("/corpora") / name) == language


def test_a_row_says_its_language_louder_than_the_file(tmp_path: Path) -> None:
    rows = "text,intent,language\nlost my card,card,en\nzgubiłam kartę,card,\n"
    utterances, _ = survey_corpus([written(tmp_path, rows, "pl.csv")], "en")
    assert [utterance.language for utterance in utterances] == ["en", "pl"]


def test_a_folder_per_language_is_found_and_what_is_held_out_is_not_trained_on(
    tmp_path: Path,
) -> None:
    names = ["en.csv", "en/cards.csv", "en/loans.jsonl", "held_out/en.csv", "held_out/pl/x.csv"]
    paths = [written(tmp_path, GOOD, name) for name in names]
    assert TrainingSources.of_language(tmp_path, "en").corpus == tuple(paths[:3])
    assert corpus_files(tmp_path) == tuple(paths)
    assert [is_held_out(path) for path in paths] == [False, False, False, True, True]


def test_rows_without_speaker_stand_for_themselves_when_split(tmp_path: Path) -> None:
    rows = "".join(f"{word} {intent},{intent}\n" for word in "abcdef" for intent in ("pin", "card"))
    utterances = read_corpus([written(tmp_path, "text,intent\n" + rows)], "en")
    groups = [utterance.group for utterance in utterances]
    assert len(set(groups)) == len(utterances)
    assert split_by_group([u.intent for u in utterances], groups, 3, 1).by_group


def test_byte_order_mark_and_carriage_returns_do_no_harm(tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n"))
    (utterance,) = read_corpus([path], "en")
    assert (utterance.text, utterance.intent) == ("i forgot my pin", "pin")


def test_a_quoted_text_may_hold_commas_quotes_and_a_line_end(tmp_path: Path) -> None:
    rows = b'text,intent\n"oh, i said ""pin""\nagain",pin\nlost my card,card\n'
    first, second = read_corpus([written(tmp_path, rows)], "en")
    assert first.text == 'oh, i said "pin" again'
    assert (first.where[-2:], second.where[-2:]) == (":2", ":4")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "1: the file holds no rows"),
        (b"\n\n", "1: the file holds no rows"),
        (b"text,intent\n", "1: the file holds no rows"),
        (b"PK\x03\x04rest of a spreadsheet", "1: the file is a spreadsheet"),
        (b"\x7fELF\x02\x01\0\0\0", "1: the file holds NUL bytes: it is binary"),
        ("text,intent\n".encode("utf-16"), "1: the file is UTF-16"),
        (GOOD + b"a" * 6000 + b"\n" + b"my\0pin,pin\n", "4: holds a NUL byte"),
        (GOOD + b"zgubi\xb3em kart\xea,pin\n", "3: byte 0xb3 is not UTF-8"),
        (b"text,intent\rold,mac\r", "1: holds a carriage return inside"),
        (GOOD + b'"never closed,pin\n', "3: not CSV (a quote is never closed)"),
        (GOOD + b'"closed" too early,pin\n', "3: not CSV"),
        (
            b"text,category\nmy pin,pin\n",
            "1: missing column intent; unknown column 'category'; known",
        ),
        (b"text,intent,text\nmy pin,pin,x\n", "1: column 'text' stands there twice"),
        (b"text;intent\nmy pin;pin\n", "separated by commas, not by semicolons"),
        (b"text,intent,weight\nmy pin,pin,0\n", "2: weight '0' is not a number above 0"),
        (b"text,intent,weight\nmy pin,pin,nan\n", "2: weight 'nan'"),
        (b"text,intent,weight\nmy pin,pin,heavy\n", "2: weight 'heavy'"),
        (b"text,intent,date\nmy pin,pin,22.11.2026\n", "2: date '22.11.2026' is not written like"),
    ],
)
def test_a_bad_file_is_told_by_line_and_reason(tmp_path: Path, content: bytes, said: str) -> None:
    path = written(tmp_path, content)
    assert any(said in problem for problem in problems(path)), problems(path)
    with pytest.raises(ConfigurationError, match="nothing was imported"):
        read_corpus([path], "en")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[1, 2]", "the line is no object"),
        ('{"text": "a", "text": "b", "intent": "pin"}', "'text' stands there twice"),
        ('{"text": "a", "intent": ["pin"]}', "'intent' is neither text nor a number"),
        ('{"text": "a", "intent": "pin", "weight": NaN}', "NaN is no number"),
        ('{"text": "a", "intent": "pin", "who": "me"}', "unknown column 'who'; known are text"),
        ('{"text": "a"}', "missing column intent"),
        ('{"text": "a", "intent"', "not a JSON object"),
        ("[" * 50_000, "nested too deeply"),
    ],
)
def test_a_bad_json_line_is_told_and_the_next_one_is_read(
    tmp_path: Path, line: str, said: str
) -> None:
    path = written(tmp_path, f'{line}\n{{"text": "my pin", "intent": "pin"}}\n', "en.jsonl")
    utterances, bad = survey_corpus([path], "en")
    assert (bad.count, len(utterances)) == (1, 1)
    assert said in bad.first[0].problem


def test_a_line_of_ten_megabytes_is_told_without_being_kept_in_memory(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD + b"x" * 10_000_000 + b",pin\nlost my card,card\n")
    tracemalloc.start()
    utterances, bad = survey_corpus([path], "en")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row.where.rpartition(":")[2] for row in bad.first] == ["3"]
    assert "longer than 64 KiB" in bad.first[0].problem
    assert [utterance.text for utterance in utterances] == ["i forgot my pin", "lost my card"]
    assert peak_bytes < 4_000_000


def test_a_line_just_within_the_limit_is_read(tmp_path: Path) -> None:
    line = b"my pin,pin" + b" " * (MAX_LINE_BYTES - 10)
    assert problems(written(tmp_path, GOOD + line + b"\n")) == []
    assert "longer" in problems(written(tmp_path, GOOD + line + b" " + b"\n"))[0]


def test_a_quote_that_is_never_closed_costs_its_own_line_only(tmp_path: Path) -> None:
    rows = b'"never closed,pin\n' + b"".join(
        b"card %c,card\n" % letter for letter in b"abcdefghijkl"
    )
    utterances, bad = survey_corpus([written(tmp_path, GOOD + rows)], "en")
    assert [row.where.rpartition(":")[2] for row in bad.first] == ["3"]
    assert len(utterances) == 13


def test_a_hopeless_file_is_counted_whole_and_kept_in_part(tmp_path: Path) -> None:
    path = written(tmp_path, b"text,intent\n" + b"7,pin\n" * 3000)
    _, bad = survey_corpus([path], "en")
    assert bad.count == 3000
    assert len(bad.first) == MAX_KEPT_BAD_ROWS


def test_a_card_number_in_a_bad_row_is_not_repeated_in_the_message(tmp_path: Path) -> None:
    path = written(tmp_path, b"text,intent\nmy card 4111 1111 1111 1111 is lost,card\n")
    (problem,) = problems(path)
    assert "digits" in problem
    assert "1111" not in problem
