from __future__ import annotations

import json
from pathlib import Path

import pytest

from ivr.errors import ConfigurationError
from training.held_out import (
    as_text,
    checked,
    garbled,
    read_heard_file,
    read_test_file,
)

HEADER = "text,intent,language,source,session,speaker\n"
KNOWN = frozenset({"i forgot my pin"})


def corpus_file(folder: Path, *rows: str) -> Path:
    path = folder / "test.csv"
    path.write_text(HEADER + "".join(f"{row},en,written,two,x1\n" for row in rows))
    return path


@pytest.mark.parametrize("content", ["", HEADER])
def test_an_empty_test_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "test.csv"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=r"test\.csv") as caught:
        read_test_file(path, "en")
    assert caught.value.advice


def test_intents_that_the_model_lacks_are_named_and_counted(tmp_path: Path) -> None:
    path = corpus_file(tmp_path, "my leasing,leasing", "a lease,leasing", "new pin,pin")
    with pytest.raises(ConfigurationError, match=r"does not have: leasing \(2\)") as caught:
        checked(read_test_file(path, "en"), ["pin"], KNOWN, "en")
    assert "train a model with these intents" in caught.value.advice
    assert "the model has pin" in caught.value.advice


def test_sentences_of_the_training_are_left_out_and_counted_as_a_leak(tmp_path: Path) -> None:
    path = corpus_file(tmp_path, '"Um, I forgot my PIN.",pin', "new pin,pin", "a house,mortgage")
    found = checked(read_test_file(path, "en"), ["pin", "mortgage"], KNOWN, "en")
    assert [case.text for case in found.cases] == ["new pin", "a house"]
    (remark,) = found.remarks
    assert "a leak: 1 of 3 sentences" in remark
    assert "Um, I forgot my PIN." in remark


def test_a_test_of_nothing_but_training_sentences_is_refused(tmp_path: Path) -> None:
    path = corpus_file(tmp_path, "i forgot my pin,pin")
    with pytest.raises(ConfigurationError, match="all 1 sentences are in the model's training"):
        checked(read_test_file(path, "en"), ["pin"], KNOWN, "en")


def test_one_intent_only_is_remarked_upon(tmp_path: Path) -> None:
    path = corpus_file(tmp_path, "new pin,pin", "a pin,pin")
    found = checked(read_test_file(path, "en"), ["pin", "mortgage"], KNOWN, "en")
    assert "all sentences mean pin" in found.remarks[0]


def test_heard_words_are_read_from_csv_and_jsonl_alike(tmp_path: Path) -> None:
    table, lines = tmp_path / "heard.csv", tmp_path / "heard.jsonl"
    table.write_text("text,heard,intent,voice\nmy pin,my bin,pin,rms\na house,,mortgage,joe\n")
    rows = [
        {"text": "my pin", "heard": "my bin", "intent": "pin", "voice": "rms"},
        {"text": "a house", "heard": "", "intent": "mortgage", "voice": "joe"},
    ]
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    one, two = read_heard_file(table), read_heard_file(lines)
    assert one.cases == two.cases
    assert [(case.said, case.text) for case in one.cases] == [("my pin", "my bin"), ("a house", "")]
    assert "nothing was heard of 1 sentences" in one.remarks[0]
    assert [case.text for case in as_text(one).cases] == ["my pin", "a house"]


def test_a_sentence_by_several_voices_is_one_group(tmp_path: Path) -> None:
    path = tmp_path / "heard.csv"
    path.write_text("text,heard,intent,voice\nmy pin,my bin,pin,rms\nmy pin,my pin,pin,joe\n")
    assert {case.group for case in read_heard_file(path).cases} == {"my pin"}


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("h.csv", "text,intent,voice\nmy pin,pin,rms\n", r"h\.csv:2: heard missing"),
        ("h.csv", "text,heard,intent,voice\n,my bin,pin,rms\n", r"h\.csv:2: text missing"),
        ("h.csv", "text,heard,intent,voice\n", "no spoken sentences"),
        ("h.csv", "", "no spoken sentences"),
        ("h.jsonl", "{}\n", r"h\.jsonl:1: text, heard, intent, voice missing"),
        ("h.jsonl", "[]\n", r"h\.jsonl:1: not a JSON object"),
        ("h.jsonl", "{\n", r"h\.jsonl:1: not JSON"),
    ],
)
def test_a_bad_row_of_heard_words_is_named(
    tmp_path: Path, name: str, content: str, problem: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigurationError, match=problem):
        read_heard_file(tmp_path / name)


def test_garbling_is_the_same_every_time_and_keeps_what_was_said(tmp_path: Path) -> None:
    texts = [f"please tell me number {word} of my pin,pin" for word in ("one", "two", "three")]
    held_out = read_test_file(corpus_file(tmp_path, *texts), "en")
    one, two = (garbled(held_out, ["other words"], "en") for _ in range(2))
    assert one == two
    assert [case.said for case in one.cases] == [case.text for case in held_out.cases]
    assert [case.text for case in one.cases] != [case.text for case in held_out.cases]
