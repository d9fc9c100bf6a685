"""Which model is in service, who decided so, and that nothing is lost on the way."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.models.artefact import load_artefact
from ivr.models.artefact_lease import ArtefactLease
from ivr.models.artefact_writer import point_to
from ivr.models.model_check import open_classifier
from ivr.models.registry import ModelRegistry, user_name
from ivr.models.service_history import HISTORY
from tests.unit.trainer.tiny_artefacts import flip_a_byte, install_tiny, version_of

ONE, TWO, THREE, FOUR, FIVE = (version_of(number) for number in range(1, 6))
OF_THE_EPOCH = "1970-01-01T00:00:00+00:00"


def registry_with(root: Path, count: int) -> ModelRegistry:
    for number in range(1, count + 1):
        install_tiny(root, number)
    clock = itertools.count()
    return ModelRegistry(root, "en", who="ola", now=lambda: float(next(clock)))


def versions(registry: ModelRegistry) -> list[str]:
    return [listed.version for listed in registry.versions()]


def test_a_promoted_version_is_in_service_and_the_history_says_by_whom_and_why(
    tmp_path: Path,
) -> None:
    registry = registry_with(tmp_path, 2)
    registry.promote(ONE, reason="first")
    assert registry.promote(TWO, reason="hears “leasing”").version == TWO
    assert load_artefact(tmp_path, "en").version == TWO
    assert registry.before == ONE
    lines = (tmp_path / "en" / HISTORY).read_text("utf-8").splitlines()
    assert json.loads(lines[0])["at"] == OF_THE_EPOCH
    assert json.loads(lines[1]) == {
        "at": "1970-01-01T00:00:01+00:00",
        "who": "ola",
        "kind": "promote",
        "from": ONE,
        "to": TWO,
        "reason": "hears “leasing”",
    }


def test_promoting_what_is_in_service_changes_no_history(tmp_path: Path) -> None:
    registry = registry_with(tmp_path, 1)
    registry.promote(ONE)
    registry.promote(ONE)
    assert len(registry.history()) == 1


def test_rollback_leads_to_the_one_before_and_then_to_the_one_before_that(tmp_path: Path) -> None:
    registry = registry_with(tmp_path, 3)
    for version in (ONE, TWO, THREE):
        registry.promote(version)
    assert registry.roll_back(reason="worse").version == TWO
    assert registry.roll_back().version == ONE
    with pytest.raises(ConfigurationError) as caught:
        registry.roll_back()
    assert "sternik model promote" in caught.value.advice
    assert registry.current == ONE
    assert registry.history()[-2].reason == "worse"


def test_a_version_promoted_after_a_rollback_lies_on_the_one_rolled_back_to(
    tmp_path: Path,
) -> None:
    registry = registry_with(tmp_path, 3)
    for version in (ONE, TWO):
        registry.promote(version)
    registry.roll_back()
    registry.promote(THREE)
    assert registry.stack == (ONE, THREE)
    registry.promote(TWO)
    registry.promote(ONE)
    assert registry.stack == (ONE, THREE, TWO, ONE)


@pytest.mark.parametrize(("by_hand", "stack"), [(ONE, (ONE,)), (THREE, (ONE, TWO, THREE))])
def test_a_pointer_written_by_hand_is_understood(
    tmp_path: Path, by_hand: str, stack: tuple[str, ...]
) -> None:
    registry = registry_with(tmp_path, 4)
    registry.promote(ONE)
    registry.promote(TWO)
    point_to(tmp_path / "en", by_hand)
    assert registry.stack == stack
    registry.promote(FOUR)
    assert registry.stack == (*stack, FOUR)
    assert registry.roll_back().version == by_hand


def _flip(root: Path) -> None:
    flip_a_byte(root / "en" / TWO / "classifier.npz")


def _flip_manifest(root: Path) -> None:
    flip_a_byte(root / "en" / TWO / "manifest.json")


def _lose_a_file(root: Path) -> None:
    (root / "en" / TWO / "grammars.json").unlink()


def _add_a_file(root: Path) -> None:
    (root / "en" / TWO / "surprise.pickle").write_text("x")


def _change_labels(root: Path) -> None:
    (root / "en" / TWO / "manifest.json").unlink()
    install_tiny(root, 2, labels=("mortgage", "pin"))


@pytest.mark.parametrize(
    "damage", [_flip, _flip_manifest, _lose_a_file, _add_a_file, _change_labels]
)
def test_what_cannot_be_used_is_not_promoted_and_nothing_changes(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    registry = registry_with(tmp_path, 2)
    registry.promote(ONE)
    damage(tmp_path)
    with pytest.raises(ModelUnusableError, match=r"sternik train|take it away"):
        registry.promote(TWO)
    assert registry.current == ONE
    assert len(registry.history()) == 1


def test_a_damaged_version_is_not_rolled_back_to(tmp_path: Path) -> None:
    registry = registry_with(tmp_path, 2)
    registry.promote(ONE)
    registry.promote(TWO)
    flip_a_byte(tmp_path / "en" / ONE / "report.json")
    with pytest.raises(ModelUnusableError, match=r"report\.json"):
        registry.roll_back()
    assert registry.current == TWO


@pytest.mark.parametrize("name", ["", "../en", "en", "nonsense", version_of(9)])
def test_a_version_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    registry = registry_with(tmp_path, 1)
    registry.promote(ONE)
    with pytest.raises(ModelUnusableError, match="sternik model list"):
        registry.promote(name)
    assert registry.current == ONE


def test_a_start_with_a_damaged_model_falls_back_on_the_last_whole_one(tmp_path: Path) -> None:
    registry = registry_with(tmp_path, 3)
    for version in (ONE, TWO, THREE):
        registry.promote(version)
    flip_a_byte(tmp_path / "en" / THREE / "report.json")
    assert registry.load_usable().version == TWO
    (tmp_path / "en" / TWO / "report.json").unlink()
    assert registry.load_usable().version == ONE
    (tmp_path / "en" / "current").unlink()
    assert registry.load_usable().version == ONE


def test_a_start_without_any_whole_model_tells_of_the_one_in_service(tmp_path: Path) -> None:
    registry = registry_with(tmp_path, 2)
    for version in (ONE, TWO):
        registry.promote(version)
        flip_a_byte(tmp_path / "en" / version / "report.json")
    with pytest.raises(ModelUnusableError, match=TWO):
        registry.load_usable()


def test_versions_are_listed_oldest_first_with_what_is_wrong(tmp_path: Path) -> None:
    registry = registry_with(tmp_path, 3)
    flip_a_byte(tmp_path / "en" / THREE / "report.json")
    (tmp_path / "en" / version_of(4)).mkdir()
    (tmp_path / "en" / "speech.json").write_text("{}")
    listed = registry.versions()
    assert [one.version for one in listed] == [version_of(4), ONE, TWO, THREE]
    assert [bool(one.problem) for one in listed] == [True, False, False, True]
    assert listed[0].manifest is None
    assert listed[3].manifest is not None


def test_pruning_keeps_the_newest_the_one_in_service_and_the_one_before(tmp_path: Path) -> None:
    registry = registry_with(tmp_path, 5)
    for version in (THREE, ONE, TWO):
        registry.promote(version)
    assert registry.prune(1, dry_run=True) == (THREE, FOUR)
    assert versions(registry) == [ONE, TWO, THREE, FOUR, FIVE]
    assert registry.prune(1) == (THREE, FOUR)
    assert versions(registry) == [ONE, TWO, FIVE]
    assert registry.prune(0) == (FIVE,)
    assert load_artefact(tmp_path, "en").version == TWO
    assert registry.roll_back().version == ONE


def test_pruning_leaves_what_a_running_server_still_serves(tmp_path: Path) -> None:
    registry = registry_with(tmp_path, 3)
    registry.promote(TWO)
    registry.promote(THREE)
    lease = ArtefactLease(tmp_path / "en" / ONE)
    assert registry.prune(0) == ()
    lease.close()
    assert registry.prune(0) == (ONE,)


def test_a_torn_line_of_the_history_is_passed_over_and_not_glued_to_the_next(
    tmp_path: Path,
) -> None:
    registry = registry_with(tmp_path, 2)
    registry.promote(ONE)
    with (tmp_path / "en" / HISTORY).open("a") as file:
        file.write('{"at": "2026-')
    registry.promote(TWO)
    assert [change.entered for change in registry.history()] == [ONE, TWO]


def test_a_language_without_models_says_what_to_do(tmp_path: Path) -> None:
    registry = ModelRegistry(tmp_path, "pl")
    assert registry.versions() == ()
    assert (registry.current, registry.before) == ("", "")
    for change in (registry.roll_back, lambda: registry.promote(ONE)):
        with pytest.raises(ConfigurationError) as caught:
            change()
        assert "sternik train" in caught.value.advice


def test_a_classifier_that_knows_other_labels_than_promised_is_refused(tmp_path: Path) -> None:
    artefact = install_tiny(tmp_path, 1, labels=("mortgage", "out_of_scope", "pin"))
    with pytest.raises(ModelUnusableError, match="differ in their labels: mortgage"):
        open_classifier(artefact)


def test_the_user_behind_sudo_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    alone = user_name()
    monkeypatch.setenv("SUDO_USER", "ola-of-the-bank")
    assert user_name() == f"ola-of-the-bank (as {alone})"
