from __future__ import annotations

import itertools

from ivr.models.recogniser_protocol import Message, MessageKind
from ivr.models.recogniser_service import RecogniserService
from ivr.ports import FinalWords, GrammarName

OPEN = GrammarName.OPEN_QUESTION.value.encode()


class DeafDecoder:
    def reset(self, grammar: GrammarName) -> None:
        """Nothing to drop."""

    def feed(self, pcm: bytes) -> str:
        return ""

    def finish(self) -> FinalWords:
        return FinalWords(text="", confidence=None)


def do(service: RecogniserService, kind: MessageKind, session: int) -> None:
    payload = OPEN if kind is MessageKind.OPEN else b""
    list(service.carry_out(Message(kind=kind, session=session, payload=payload)))


def build_all_wanted(service: RecogniserService) -> int:
    for built in itertools.count():
        if not service.wants_spare:
            return built
        service.build_spare()
    raise AssertionError


def test_decoders_are_built_ahead_of_callers() -> None:
    service = RecogniserService(DeafDecoder, built_ahead=2, most=5)
    assert build_all_wanted(service) == 2
    do(service, MessageKind.OPEN, 1)
    assert build_all_wanted(service) == 1


def test_no_more_decoders_are_built_than_callers_may_come() -> None:
    service = RecogniserService(DeafDecoder, built_ahead=2, most=3)
    built = build_all_wanted(service)
    for session in range(3):
        do(service, MessageKind.OPEN, session)
        built += build_all_wanted(service)
    assert built == 3
    do(service, MessageKind.CLOSE, 0)
    assert build_all_wanted(service) == 0
