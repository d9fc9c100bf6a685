"""Models change under running calls, which notice nothing; scripted pools, no processes."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from ivr.errors import ModelUnusableError
from ivr.models.artefact_writer import point_to
from ivr.ports import GrammarName, RecogniserDescription, RecogniserStream
from ivr.steering.intents import Classification, IntentId
from sternik.model.in_service import ModelInService, ServedModel
from sternik.model.opening import compare_topics
from sternik.model.watch import MOST_MODELS, ModelWatch
from tests.unit.steering.steering_examples import classified
from tests.unit.trainer.tiny_artefacts import install_tiny
from tests.waiting import until

ONE, TWO, THREE, FOUR = (f"en-2026010{number}-0123abcd" for number in range(1, 5))


class ScriptedPool:
    description = RecogniserDescription(
        engine="none", acoustic_model="none", language="en", language_model="none"
    )

    def __init__(self) -> None:
        self.closed = False

    async def open(self, grammar: GrammarName) -> RecogniserStream:
        raise NotImplementedError

    async def close(self) -> None:
        self.closed = True


class ScriptedClassifier:
    def __init__(self, version: str) -> None:
        self.version = version

    def classify(self, text: str) -> Classification:
        return classified("branch", 0.5)


class Disk:
    """Opens what it is asked for, but for what is broken."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.broken: dict[str, Exception] = {}
        self.opened: list[str] = []
        self.let_go: list[str] = []
        (root / "en").mkdir()
        point_to(root / "en", ONE)
        self.service = ModelInService(self.model(ONE))
        self.watch = ModelWatch(
            root=root, language="en", service=self.service, open_model=self.open, look_seconds=0.0
        )

    def model(self, version: str) -> ServedModel:
        return ServedModel(
            version=version,
            classifier=ScriptedClassifier(version),
            pool=ScriptedPool(),
            let_go=lambda: self.let_go.append(version),
        )

    async def open(self, version: str) -> ServedModel:
        self.opened.append(version)
        if version in self.broken:
            raise self.broken[version]
        return self.model(version)

    async def promote(self, version: str) -> None:
        point_to(self.root / "en", version)
        await self.watch.look()

    @property
    def serving(self) -> str:
        return self.service.model.version


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    written = io.StringIO()
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(written),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    yield written
    structlog.reset_defaults()


def closed(model: ServedModel) -> bool:
    assert isinstance(model.pool, ScriptedPool)
    return model.pool.closed


async def test_a_model_put_in_service_is_for_new_calls_and_the_old_one_closes_after_its_last(
    disk: Disk,
) -> None:
    with disk.service.held() as first, disk.service.held() as second:
        await disk.promote(TWO)
        assert disk.serving == TWO
        with disk.service.held() as third:
            assert (first.version, second.version, third.version) == (ONE, ONE, TWO)
            assert first.classifier.version == ONE
        assert not closed(first)
    await until(lambda: disk.let_go == [ONE])
    assert closed(first)
    assert not closed(disk.service.model)
    assert disk.service.models_open == 1


async def test_a_model_without_calls_closes_as_it_is_replaced(disk: Disk) -> None:
    await disk.promote(TWO)
    await until(lambda: disk.let_go == [ONE])
    await disk.service.close()
    assert disk.let_go == [ONE, TWO]


async def test_a_call_that_fails_lets_go_of_its_model_too(disk: Disk) -> None:
    async def failing_call() -> None:
        with disk.service.held():
            await disk.promote(TWO)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await failing_call()
    await until(lambda: disk.let_go == [ONE])


async def test_closing_the_service_closes_models_that_calls_still_hold(disk: Disk) -> None:
    with disk.service.held() as held:
        await disk.promote(TWO)
        await disk.service.close()
        assert closed(held)
        assert closed(disk.service.model)


async def test_looking_again_opens_nothing(disk: Disk) -> None:
    for _ in range(3):
        await disk.watch.look()
    assert disk.opened == []
    await disk.promote(TWO)
    await disk.watch.look()
    assert disk.opened == [TWO]


@pytest.mark.parametrize(
    "error", [ModelUnusableError("its hash differs; run `sternik train`"), ValueError("surprise")]
)
async def test_a_refused_model_is_logged_once_and_the_old_one_stays(
    disk: Disk, log: io.StringIO, error: Exception
) -> None:
    disk.broken[TWO] = error
    await disk.promote(TWO)
    for _ in range(3):
        await disk.watch.look()
    assert disk.serving == ONE
    assert disk.opened == [TWO]
    assert log.getvalue().count("model.refused") == 1
    assert str(error) in log.getvalue()


async def test_a_refused_model_is_tried_again_once_it_is_promoted_again(disk: Disk) -> None:
    disk.broken[TWO] = ModelUnusableError("half copied")
    await disk.promote(TWO)
    disk.broken.clear()
    await disk.promote(TWO)
    assert disk.serving == TWO


@pytest.mark.parametrize("raw", [None, b"", b"../../etc", b"\xff"])
async def test_a_pointer_to_nowhere_changes_nothing(
    disk: Disk, log: io.StringIO, raw: bytes | None
) -> None:
    pointer = disk.root / "en" / "current"
    await disk.watch.look()
    pointer.unlink()
    if raw is not None:
        pointer.write_bytes(raw)
    await disk.watch.look()
    await disk.watch.look()
    assert disk.serving == ONE
    assert log.getvalue().count("model.refused") == 1
    await disk.promote(TWO)
    assert disk.serving == TWO


async def test_so_many_models_at_once_and_no_more(disk: Disk) -> None:
    with disk.service.held():
        await disk.promote(TWO)
        with disk.service.held():
            await disk.promote(THREE)
            assert disk.service.models_open == MOST_MODELS
            with disk.service.held():
                await disk.promote(FOUR)
                assert disk.serving == THREE
    await until(lambda: disk.service.models_open == 1)
    await disk.watch.look()
    assert disk.serving == FOUR


def test_topics_that_model_and_policy_do_not_share_are_logged(
    tmp_path: Path, log: io.StringIO
) -> None:
    artefact = install_tiny(tmp_path, 1)
    compare_topics(artefact, [IntentId("pin")])
    assert log.getvalue() == ""
    compare_topics(artefact, [IntentId("leasing"), IntentId("consultant")])
    assert '"default_queue": ["pin"], "never_understood": ["leasing"]' in log.getvalue()
