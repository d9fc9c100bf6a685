"""How a test talks to a stream of any engine."""

from __future__ import annotations

import asyncio

import pytest

from ivr.errors import RecogniserLostError
from ivr.models.recogniser_stream import ProcessStream
from ivr.ports import FRAME_BYTES, FinalWords, PartialWords

LIMIT_SECONDS = 30.0


async def hear(stream: ProcessStream, pcm: bytes) -> tuple[list[str], FinalWords]:
    """Partials and the final; a frame is fed when the one before had time to be sent."""
    for start in range(0, len(pcm), FRAME_BYTES):
        stream.feed(pcm[start : start + FRAME_BYTES])
        await asyncio.sleep(0)
    stream.finish()
    return await until_final(stream)


async def until_final(stream: ProcessStream) -> tuple[list[str], FinalWords]:
    partials = []
    async with asyncio.timeout(LIMIT_SECONDS):
        async for words in stream.results():
            if isinstance(words, FinalWords):
                return partials, words
            assert isinstance(words, PartialWords)
            partials.append(words.text)
    raise AssertionError("the results ended without a final")


async def lost(stream: ProcessStream) -> str:
    with pytest.raises(RecogniserLostError) as caught:
        await until_final(stream)
    return str(caught.value)
