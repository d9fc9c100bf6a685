"""A third engine, in one file: it hears how many bytes it was fed."""

from __future__ import annotations

import os

from ivr.models.recogniser_engine import EngineOptions, EnginePlan
from ivr.ports import FinalWords, GrammarName, RecogniserDescription


class EchoDecoder:
    def __init__(self) -> None:
        self._grammar = GrammarName.OPEN_QUESTION
        self._heard = 0

    def reset(self, grammar: GrammarName) -> None:
        self._grammar, self._heard = grammar, 0

    def feed(self, pcm: bytes) -> str:
        self._heard += len(pcm)
        return f"heard {self._heard}"

    def finish(self) -> FinalWords:
        heard, self._heard = self._heard, 0
        if not heard:
            os.abort()  # as native code does
        return FinalWords(
            text=f"{self._grammar} {heard}", confidence=0.75, word_confidences=(1.0, 0.5)
        )


class LoadedEcho:
    note = "it only counts"

    def build_decoder(self) -> EchoDecoder:
        return EchoDecoder()


class EchoEngine:
    def plan(self, options: EngineOptions, cores: int) -> EnginePlan:
        return EnginePlan(max_processes=1, threads=2, sessions_per_process=3, single_process=True)

    def describe(self, options: EngineOptions) -> RecogniserDescription:
        return RecogniserDescription(
            engine="echo 1",
            acoustic_model="none",
            language=options.language,
            language_model=options.language_model,
        )

    def load(self, options: EngineOptions) -> LoadedEcho:
        if options.free_form:
            os.abort()  # as native code does over a damaged file
        return LoadedEcho()


ENGINE = EchoEngine()
