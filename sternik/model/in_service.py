"""The model that new calls get, and those that running calls still hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from ivr.ports import IntentClassifier, RecogniserPool

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServedModel:
    """One artefact at work: classifier and recognisers belong together.

    `let_go` is called once its recognisers are closed.
    """

    version: str
    classifier: IntentClassifier
    pool: RecogniserPool
    let_go: Callable[[], None] = lambda: None


@dataclass(slots=True, eq=False)
class _Tenure:
    """A model and the number of calls that hold it."""

    model: ServedModel
    calls: int = 0
    closing: bool = False


class ModelInService:
    """Hands each call the model of its beginning; a replaced model closes when its last call has gone.

    Closed by the composition root: `await close()` ends the recognisers of all models.
    """

    def __init__(self, model: ServedModel) -> None:
        self._serving = _Tenure(model)
        self._retired: set[_Tenure] = set()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def model(self) -> ServedModel:
        """What a call that begins now gets."""
        return self._serving.model

    @property
    def models_open(self) -> int:
        """How many are in memory: the one in service, and those that calls still hold."""
        return 1 + len(self._retired)

    @contextmanager
    def held(self) -> Iterator[ServedModel]:
        """The model in service, for one call; it stays open until the call lets go of it."""
        tenure = self._serving
        tenure.calls += 1
        try:
            yield tenure.model
        finally:
            tenure.calls -= 1
            self._close_if_free(tenure)

    def replace(self, model: ServedModel) -> None:
        """Give `model` to the calls that begin from now on."""
        left = self._serving
        self._serving = _Tenure(model)
        self._retired.add(left)
        self._close_if_free(left)

    async def close(self) -> None:
        """Close every model, also those that calls hold: nobody is served any more."""
        for tenure in tuple(self._retired):
            self._close_soon(tenure)
        while self._closing:
            await asyncio.wait(tuple(self._closing))
        await _close(self._serving.model)

    def _close_if_free(self, tenure: _Tenure) -> None:
        if tenure in self._retired and not tenure.calls:
            self._close_soon(tenure)

    def _close_soon(self, tenure: _Tenure) -> None:
        if tenure.closing:
            return
        tenure.closing = True
        task = asyncio.create_task(self._retire(tenure), name=f"close {tenure.model.version}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _retire(self, tenure: _Tenure) -> None:
        try:
            await _close(tenure.model)
        finally:
            self._retired.discard(tenure)
        _log.info("model.closed", version=tenure.model.version)


async def _close(model: ServedModel) -> None:
    try:
        await model.pool.close()
    finally:
        model.let_go()
