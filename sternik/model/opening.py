"""Composition: a verified artefact becomes a model at work, with recognisers that are ready to hear."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

import structlog

from ivr.errors import ModelUnusableError
from ivr.models.artefact import ModelArtefact
from ivr.models.artefact_lease import ArtefactLease
from ivr.models.model_check import open_classifier
from ivr.models.recogniser_engine import EngineOptions
from ivr.models.recogniser_link import LinkTimes
from ivr.models.recogniser_pool import ProcessPool
from ivr.models.registry import ModelRegistry
from ivr.ports import IntentClassifier
from ivr.steering.intents import CONSULTANT, OUT_OF_SCOPE, IntentId
from sternik.model.in_service import ServedModel
from sternik.settings import Settings
from sternik.speech.choice import Ears, EarsChoice

_log = structlog.get_logger(__name__)

_WITHOUT_TOPIC = frozenset({OUT_OF_SCOPE, CONSULTANT})


@dataclass(frozen=True, slots=True, kw_only=True)
class _OpenArtefact:
    """What was read from the disk: verified, tried, and held against removal."""

    artefact: ModelArtefact
    classifier: IntentClassifier
    lease: ArtefactLease


class ModelOpener:
    """Opens models for the worker. The ears that listened first listen to all that follow.

    `topics` are those that the policy has rules for: where a model's differ, the log says so.
    """

    def __init__(
        self,
        settings: Settings,
        choice: EarsChoice,
        *,
        topics: Collection[IntentId] = (),
        times: LinkTimes | None = None,
    ) -> None:
        self._settings = settings
        self._topics = topics
        self._times = times
        self._ears = choice.ears
        self._otherwise = choice.otherwise
        self._registry = ModelRegistry(settings.models_folder, settings.language)

    async def open_first(self) -> ServedModel:
        """The model in service, or the last whole one before it; the ears are settled here.

        Where Sternik itself chose a damaged speech model, the next best ears listen. Raises
        `ModelUnusableError` and `ConfigurationError`.
        """
        opened = await asyncio.to_thread(self._read_usable)
        try:
            return await self._with_ears(opened)
        except ModelUnusableError as error:
            if self._otherwise is None:
                raise
            _log.error("ears.unusable", error=str(error), instead=self._otherwise.engine)
        self._ears = self._otherwise
        return await self._with_ears(await asyncio.to_thread(self._read_usable))

    async def open(self, version: str) -> ServedModel:
        """Another version, beside those that are open; raises `ModelUnusableError`.

        The disk is read and the classifier built on a thread, so that running calls go on.
        """
        return await self._with_ears(await asyncio.to_thread(self._read, version))

    async def _with_ears(self, opened: _OpenArtefact) -> ServedModel:
        pool = ProcessPool(
            options=_engine_options(self._settings, opened.artefact, self._ears),
            max_processes=self._settings.recogniser_processes or None,
            sessions_per_process=self._settings.sessions_per_process or None,
            times=self._times,
        )
        try:
            await pool.start()
        except BaseException:
            opened.lease.close()
            await pool.close()
            raise
        if self._topics:
            compare_topics(opened.artefact, self._topics)
        return ServedModel(
            version=opened.artefact.version,
            classifier=opened.classifier,
            pool=pool,
            let_go=opened.lease.close,
        )

    def _read_usable(self) -> _OpenArtefact:
        return _opened(self._registry.load_usable())

    def _read(self, version: str) -> _OpenArtefact:
        return _opened(self._registry.load(version))


def compare_topics(artefact: ModelArtefact, topics: Collection[IntentId]) -> None:
    """Log topics that model and policy do not share; calls go on, by the default rule."""
    understood = {IntentId(label) for label in artefact.manifest.intents}
    without_rule = understood.difference(topics, _WITHOUT_TOPIC)
    never_understood = set(topics).difference(understood, _WITHOUT_TOPIC)
    if without_rule or never_understood:
        _log.warning(
            "model.topics_differ",
            version=artefact.version,
            default_queue=sorted(without_rule),
            never_understood=sorted(never_understood),
        )


def _opened(artefact: ModelArtefact) -> _OpenArtefact:
    lease = ArtefactLease(artefact.folder)
    try:
        return _OpenArtefact(artefact=artefact, classifier=open_classifier(artefact), lease=lease)
    except BaseException:
        with suppress(OSError):
            lease.close()
        raise


def _engine_options(settings: Settings, artefact: ModelArtefact, ears: Ears) -> EngineOptions:
    return EngineOptions(
        engine=ears.engine,
        artefact_folder=artefact.folder,
        language=settings.language,
        language_model=artefact.version,
        acoustic_model_folder=ears.model_folder,
        free_form=ears.free_form,
    )
