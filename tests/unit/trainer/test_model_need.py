"""When a machine trains and puts in service by itself, and when people have decided otherwise."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from ivr.models.registry import ModelRegistry
from ivr.models.service_history import ChangeKind
from sternik import preparation
from sternik.settings import Settings, load_settings
from tests.unit.trainer.small_corpus import write_small_corpus
from tests.unit.trainer.tiny_artefacts import flip_a_byte, install_tiny, version_of
from training.inputs import ModelNeed, content_hash, model_need, training_inputs
from training.sources import TrainingSources

OLD, MADE, NEWER = (version_of(number) for number in (1, 2, 3))


@pytest.fixture
def sources(tmp_path: Path) -> TrainingSources:
    return TrainingSources(corpus=(write_small_corpus(tmp_path),))


@pytest.fixture
def root(tmp_path: Path, sources: TrainingSources) -> Path:
    """`MADE` is of these sources; `OLD` and `NEWER` are of others."""
    root = tmp_path / "models"
    install_tiny(root, 1)
    install_tiny(root, 2, content=content_hash(training_inputs(sources), "en"))
    install_tiny(root, 3)
    return root


def test_what_nothing_was_made_of_is_trained_on(tmp_path: Path, sources: TrainingSources) -> None:
    assert model_need(tmp_path / "models", "en", sources) == (ModelNeed.TRAINING, "")


def test_changed_inputs_are_trained_on_whoever_decided_before(
    root: Path, sources: TrainingSources
) -> None:
    ModelRegistry(root, "en").promote(MADE)
    sources.corpus[0].write_text("changed")
    assert model_need(root, "en", sources) == (ModelNeed.TRAINING, "")


def test_nothing_is_needed_when_their_model_is_in_service(
    root: Path, sources: TrainingSources
) -> None:
    ModelRegistry(root, "en").promote(MADE)
    assert model_need(root, "en", sources) == (ModelNeed.NOTHING, MADE)


def test_a_damaged_model_is_trained_again(root: Path, sources: TrainingSources) -> None:
    ModelRegistry(root, "en").promote(MADE)
    flip_a_byte(root / "en" / MADE / "report.json")
    assert model_need(root, "en", sources) == (ModelNeed.TRAINING, "")


def test_their_model_is_promoted_where_none_is_in_service(
    root: Path, sources: TrainingSources
) -> None:
    assert model_need(root, "en", sources) == (ModelNeed.PROMOTION, MADE)


def test_their_model_comes_back_when_only_training_replaced_it(
    root: Path, sources: TrainingSources
) -> None:
    for version in (MADE, NEWER):
        ModelRegistry(root, "en").promote(version, kind=ChangeKind.AUTOMATIC)
    assert model_need(root, "en", sources) == (ModelNeed.PROMOTION, MADE)


def test_a_candidate_waits_for_people(root: Path, sources: TrainingSources) -> None:
    ModelRegistry(root, "en").promote(OLD, kind=ChangeKind.AUTOMATIC)
    assert model_need(root, "en", sources) == (ModelNeed.DECISION, MADE)


def test_a_rollback_is_not_undone(root: Path, sources: TrainingSources) -> None:
    registry = ModelRegistry(root, "en")
    for version in (OLD, MADE):
        registry.promote(version, kind=ChangeKind.AUTOMATIC)
    registry.roll_back()
    assert model_need(root, "en", sources) == (ModelNeed.DECISION, MADE)


class Site:
    """A checkout with a small corpus of its own."""

    def __init__(self, folder: Path) -> None:
        self.corpus = write_small_corpus(folder).rename(folder / "en.csv")
        self.settings: Settings = load_settings(
            language="en", models_folder=folder / "models", corpus_folder=folder
        )
        self.registry = ModelRegistry(self.settings.models_folder, "en")
        self._said = io.StringIO()
        self._console = Console(file=self._said, width=200)

    def prepare(self) -> str:
        self._said.truncate(0)
        preparation.provide_model(self.settings, self._console)
        return self._said.getvalue()

    def train(self, *, force: bool = True, promote: bool = False) -> str:
        self._said.truncate(0)
        preparation.train(self.settings, self._console, force=force, promote=promote)
        return self._said.getvalue()

    def change_corpus(self, sentence: str) -> None:
        row = f"{sentence},pin,en,written,one,s1\n"
        self.corpus.write_text(self.corpus.read_text() + row)


def test_a_machines_story_from_nothing_to_a_candidate_its_promotion_and_a_changed_corpus(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path)
    site.prepare()
    first = site.registry.current
    assert f"{first} is up to date" in site.prepare()

    site.change_corpus("give me a pin again")
    assert f"{first} stays in service" in site.train()
    assert "as was decided; to use" in site.prepare()
    assert site.registry.current == first

    assert "nothing has changed" in site.train(force=False, promote=True)
    second = site.registry.current
    assert (site.registry.before, second != first) == (first, True)

    site.change_corpus("where does one set a pin")
    site.prepare()
    assert site.registry.before == second
    assert [change.kind for change in site.registry.history()] == [
        ChangeKind.AUTOMATIC,
        ChangeKind.PROMOTE,
        ChangeKind.AUTOMATIC,
    ]
