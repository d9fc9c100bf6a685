from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from benchmarks import measuring_data
from benchmarks.banking77 import Sentence, read_banking77, spread, write_corpus
from benchmarks.hearing_trials import Amount, Condition, ModelName, plan
from benchmarks.number_words import cardinal, numbers_in_words
from training.corpus import read_corpus

OWN_CORPUS = Path("training/corpus/en.csv")
VOICES = ("rms", "slt")
AMOUNT = Amount(sentences=3, outside=2, own=4, every_voice=True)


def write_banking77(folder: Path) -> None:
    (folder / "banking77").mkdir(parents=True)
    rows = [(f"please help me with number {n % 4} case {n}", f"Intent_{n % 4}?") for n in range(20)]
    for part in ("train", "test"):
        with (folder / "banking77" / f"{part}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("text", "category"))
            writer.writerows(rows)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("a $1 fee", "a one dollar fee"),
        ("I got $20.50, not 100£.", "I got twenty dollars fifty, not one hundred pounds."),
        ("€10,000 in 2018?", "ten thousand euros in twenty eighteen?"),
        ("the 1st of 13, 5%", "the first of thirteen, five percent"),
        ("rate 1.25 & more", "rate one point two five and more"),
        ("$1.00!", "one dollar!"),
        ("a £ sign", "a pounds sign"),
    ],
)
def test_numbers_are_written_as_people_say_them(written: str, spoken: str) -> None:
    assert numbers_in_words(written) == spoken


def test_numbers_beyond_what_is_known_are_refused() -> None:
    assert cardinal(200_000) == "two hundred thousand"
    with pytest.raises(ValueError, match="1000000"):
        cardinal(1_000_000)


def test_sentences_are_spread_evenly_over_the_intents_and_always_the_same() -> None:
    sentences = [Sentence(text=f"{i} {n}", intent=f"i{i}") for i in range(5) for n in range(9 - i)]
    chosen = spread(sentences, 10, seed=1)
    assert sorted(one.intent for one in chosen) == sorted([f"i{i}" for i in range(5)] * 2)
    assert spread(list(reversed(sentences)), 10, seed=1) == chosen
    assert spread(sentences, 4, seed=1) == chosen[:4]
    assert spread(sentences, 10, seed=2) != chosen


def test_asking_for_more_sentences_than_there_are_gives_all() -> None:
    sentences = [Sentence(text=f"say {n}", intent="i") for n in range(3)]
    assert len(spread(sentences, 10, seed=1)) == 3


def test_banking77_becomes_a_corpus_with_our_own_out_of_scope(tmp_path: Path) -> None:
    write_banking77(tmp_path)
    sentences = read_banking77(tmp_path / "banking77/train.csv")
    destination = tmp_path / "corpus.csv"
    write_corpus(
        [*sentences, Sentence(text=sentences[0].text, intent="x")], OWN_CORPUS, destination
    )
    utterances = read_corpus([destination], "en")
    assert {one.intent for one in utterances} == {
        *(f"intent_{n}" for n in range(4)),
        "out_of_scope",
    }
    assert sum(one.intent != "out_of_scope" for one in utterances) == 20


def test_without_data_only_our_own_sentences_are_heard_on_a_clean_line(tmp_path: Path) -> None:
    trials = plan(tmp_path, VOICES, AMOUNT)
    assert {trial.model for trial in trials} == {ModelName.SHIPPED}
    assert {trial.condition for trial in trials} == {Condition.CLEAN}
    assert {trial.material for trial in trials} == {"own bank", "own development", "own held_out"}


def test_every_voice_says_every_sentence_in_every_condition(tmp_path: Path) -> None:
    write_banking77(tmp_path)
    (tmp_path / "noise_8khz").mkdir()
    (tmp_path / "noise_8khz/rain_2.wav").write_bytes(b"")
    (tmp_path / "out_of_scope").mkdir()
    lines = [json.dumps({"text": f"turn on light number {n} now"}) for n in range(9)]
    (tmp_path / "out_of_scope/en.jsonl").write_text("\n".join(lines))
    trials = plan(tmp_path, VOICES, AMOUNT)
    banking = [trial for trial in trials if trial.material == "BANKING77 test"]
    assert len(banking) == len(set(banking)) == 3 * len(VOICES) * len(Condition)
    outside = [trial for trial in trials if not trial.in_scope]
    assert {trial.material for trial in outside} == {"smart-home sentences", "noise alone"}
    assert {trial.model for trial in outside} == set(ModelName)
    assert trials == plan(tmp_path, VOICES, AMOUNT)


def test_missing_data_is_named_with_its_public_source_and_sum(tmp_path: Path) -> None:
    lines = measuring_data.remarks(tmp_path)
    assert len(lines) == len(measuring_data.ALL)
    for data, line in zip(measuring_data.ALL, lines, strict=True):
        assert "missing" in line
        assert data.source in line
        assert data.sha256 in line
        assert "STERNIK_DATA" in line


def test_other_data_than_ours_is_said_to_be_other(tmp_path: Path) -> None:
    write_banking77(tmp_path)
    (line,) = measuring_data.remarks(tmp_path, [measuring_data.BANKING77_TEST])
    assert "don't compare" in line


def test_the_sum_of_several_files_is_that_of_what_sha256sum_prints(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.wav", "b.wav")]
    for path in paths:
        path.write_bytes(path.name.encode())
    # printf a.wav >a.wav; printf b.wav >b.wav; sha256sum *.wav | sha256sum
    expected = "65767555d84f419fc35f6dc1c86794eddb0e72dfc859e15887a7011e2e633a00"
    assert measuring_data.sha256_of_files(paths) == expected


def test_the_data_folder_is_the_one_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STERNIK_DATA", str(tmp_path))
    assert measuring_data.data_folder() == tmp_path
    monkeypatch.delenv("STERNIK_DATA")
    assert measuring_data.data_folder() == Path("../shared/data")
