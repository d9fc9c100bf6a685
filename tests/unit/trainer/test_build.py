from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ivr.errors import ConfigurationError
from ivr.models.artefact import FILES, POCKETSPHINX_FILES, load_artefact
from ivr.models.intent_classifier import LinearIntentClassifier
from tests.unit.trainer.small_corpus import write_small_corpus
from training.build import build_artefact, needs_training
from training.general_words import GENERAL_WORDS, read_general_words
from training.report import remarks_on_words
from training.sources import TrainingSources
from training.validation import BASELINES, OUT_OF_FOLD

REPOSITORY = Path(__file__).parents[3]
KILLED_TRAINING = """
import os, signal, sys
from pathlib import Path
from training.build import build_artefact
from training.sources import TrainingSources
from training.validation import BASELINES, OUT_OF_FOLD

def die(step, share):
    if step == "writing the model":
        os.kill(os.getpid(), signal.SIGKILL)

sources = TrainingSources(corpus=(Path(sys.argv[1]),))
build_artefact(sources=sources, language="en", root=Path(sys.argv[2]), progress=die)
"""


def test_an_artefact_is_built_loaded_and_used(tmp_path: Path) -> None:
    corpus = write_small_corpus(tmp_path)
    built = build_artefact(
        sources=TrainingSources(corpus=(corpus,)), language="en", root=tmp_path / "models"
    )
    loaded = load_artefact(tmp_path / "models", "en")
    assert loaded == built
    assert "out_of_fold_accuracy" in loaded.manifest.metrics
    assert "stolen" not in loaded.dictionary.read_text()
    assert "pin " in loaded.dictionary.read_text()
    classifier = LinearIntentClassifier.load(loaded)
    assert classifier.classify("i forgot my pin").best.intent == "pin"


def test_the_same_corpus_makes_the_same_files(tmp_path: Path) -> None:
    corpus = write_small_corpus(tmp_path)
    one, two = (
        build_artefact(
            sources=TrainingSources(corpus=(corpus,)), language="en", root=tmp_path / root
        )
        for root in ("a", "b")
    )
    assert one.manifest.files == two.manifest.files
    assert set(one.manifest.files) == {*FILES, *POCKETSPHINX_FILES, OUT_OF_FOLD, BASELINES}
    assert one.manifest.content == two.manifest.content


def test_only_changed_inputs_or_damage_need_training(tmp_path: Path) -> None:
    corpus, root = write_small_corpus(tmp_path), tmp_path / "models"
    assert needs_training(root, "en", TrainingSources(corpus=(corpus,)))
    artefact = build_artefact(sources=TrainingSources(corpus=(corpus,)), language="en", root=root)
    assert not needs_training(root, "en", TrainingSources(corpus=(corpus,)))
    extra = tmp_path / "extra.dict"
    extra.write_text("pin P IH N\n")
    assert needs_training(root, "en", TrainingSources(corpus=(corpus,), dictionary=extra))
    (artefact.folder / "report.json").write_text("{}")
    assert needs_training(root, "en", TrainingSources(corpus=(corpus,)))
    build_artefact(
        sources=TrainingSources(corpus=(corpus,)), language="en", root=root, promote=True
    )
    assert not needs_training(root, "en", TrainingSources(corpus=(corpus,)))
    corpus.write_text(corpus.read_text() + "my pin again,pin,en,written,one,s1\n")
    assert needs_training(root, "en", TrainingSources(corpus=(corpus,)))


def test_a_bad_corpus_changes_no_model(tmp_path: Path) -> None:
    corpus, root = write_small_corpus(tmp_path), tmp_path / "models"
    built = build_artefact(sources=TrainingSources(corpus=(corpus,)), language="en", root=root)
    corpus.write_text(corpus.read_text() + "call 911,pin,en,written,one,s1\n")
    with pytest.raises(ConfigurationError, match=r"small\.csv:20: text holds digits"):
        build_artefact(sources=TrainingSources(corpus=(corpus,)), language="en", root=root)
    assert load_artefact(root, "en") == built


def test_a_missing_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build_artefact(
            sources=TrainingSources(corpus=(tmp_path / "none.csv",)), language="en", root=tmp_path
        )
    assert caught.value.where == str(tmp_path / "none.csv")


def test_a_killed_training_leaves_the_old_model_and_no_half_one(tmp_path: Path) -> None:
    corpus, root = write_small_corpus(tmp_path), tmp_path / "models"
    built = build_artefact(sources=TrainingSources(corpus=(corpus,)), language="en", root=root)
    corpus.write_text(corpus.read_text() + "my pin again,pin,en,written,one,s1\n")
    command = [sys.executable, "-c", KILLED_TRAINING, str(corpus), str(root)]
    killed = subprocess.run(command, cwd=REPOSITORY, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert load_artefact(root, "en") == built
    named = [path.name for path in (root / "en").iterdir() if not path.name.startswith(".")]
    assert sorted(named) == ["current", built.version, "history.jsonl"]


def test_general_words_stand_beside_the_corpus_in_every_file(tmp_path: Path) -> None:
    sources = TrainingSources(corpus=(write_small_corpus(tmp_path),))
    built = build_artefact(sources=sources, language="en", root=tmp_path / "models")
    words = built.other_speech.read_text().split()
    assert len(words) == GENERAL_WORDS
    assert "mortgage" not in words
    assert f"[{words[0]}] " in built.dictionary.read_text()
    assert f"\t[{words[0]}]\t" in built.language_model.read_text()


def test_a_language_without_pronunciations_takes_its_general_words_from_a_list(
    tmp_path: Path,
) -> None:
    corpus = write_small_corpus(tmp_path)
    corpus.write_text(corpus.read_text().replace(",en,", ",pl,"))
    words = tmp_path / "pl.other_speech.txt"
    words.write_text("# ours\nPogoda\ndeszcz\nmortgage\n", encoding="utf-8")
    sources = TrainingSources(corpus=(corpus,), other_speech=words)
    built = build_artefact(sources=sources, language="pl", root=tmp_path / "models")
    assert built.other_speech.read_text(encoding="utf-8").split() == ["pogoda", "deszcz"]
    words.write_text("dzień dobry\n", encoding="utf-8")
    assert needs_training(tmp_path / "models", "pl", sources)
    with pytest.raises(ConfigurationError, match="'dzień dobry' is not one word"):
        build_artefact(sources=sources, language="pl", root=tmp_path / "models")


def test_the_shipped_list_of_polish_words_is_readable() -> None:
    path = REPOSITORY / "training" / "corpus" / "pl.other_speech.txt"
    assert len(read_general_words(path, "pl", frozenset({"pogoda"}))) >= 300


def test_words_that_no_dictionary_has_are_remarked_upon(tmp_path: Path) -> None:
    corpus = write_small_corpus(tmp_path)
    corpus.write_text(corpus.read_text() + "my revolut pin złoty,pin,en,written,one,s1\n")
    sources = TrainingSources(corpus=(corpus,))
    built = build_artefact(sources=sources, language="en", root=tmp_path / "models")
    by_rule, unheard = remarks_on_words(built.report, "en.dict")
    assert "1: revolut (R EH V OW L AH T); where that is wrong, write it into en.dict" in by_rule
    assert "never be heard: 1: złoty" in unheard


def test_brackets_in_a_corpus_are_refused(tmp_path: Path) -> None:
    corpus = write_small_corpus(tmp_path)
    corpus.write_text(corpus.read_text() + "my [unk] pin,pin,en,written,one,s1\n")
    with pytest.raises(ConfigurationError, match="text holds brackets"):
        build_artefact(
            sources=TrainingSources(corpus=(corpus,)), language="en", root=tmp_path / "models"
        )
