from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from typing import TYPE_CHECKING

import psutil
import pytest
from streams import LIMIT_SECONDS, hear, lost, until_final

from ivr.errors import MisuseError, ModelUnusableError, OverloadedError, RecogniserLostError
from ivr.models.recogniser_engine import EngineOptions
from ivr.models.recogniser_link import LinkTimes
from ivr.models.recogniser_pool import ProcessPool
from ivr.models.recogniser_stream import PIECE_BYTES
from ivr.ports import FRAME_BYTES, GrammarName

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from spoken_sentences import Speak

OPEN = GrammarName.OPEN_QUESTION
# The tests give whole sentences at once, faster than anybody speaks.
PATIENT = LinkTimes(answer_seconds=LIMIT_SECONDS, behind_seconds=LIMIT_SECONDS)
HURRIED = LinkTimes(
    answer_seconds=LIMIT_SECONDS, behind_seconds=0.3, shed_seconds=LIMIT_SECONDS / 2
)


def make_pool(folder: Path, **changes) -> ProcessPool:  # noqa: ANN003
    return ProcessPool(
        **{
            "options": EngineOptions(
                engine="pocketsphinx",
                artefact_folder=folder,
                language="en",
                language_model="test",
            ),
            "max_processes": 1,
            "open_seconds": LIMIT_SECONDS,
            "times": PATIENT,
            **changes,
        }
    )


@pytest.fixture
async def pool(artefact: Path) -> AsyncIterator[ProcessPool]:
    async with make_pool(artefact) as pool:
        yield pool


async def test_a_sentence_is_heard_in_partials_and_a_final(pool: ProcessPool, speak: Speak) -> None:
    stream = await pool.open(OPEN)
    partials, final = await hear(stream, speak("please block my card"))
    assert final.text == "please block my card"
    assert all(one != other for one, other in itertools.pairwise(partials))


async def test_a_second_utterance_follows_the_first(pool: ProcessPool, speak: Speak) -> None:
    stream = await pool.open(OPEN)
    assert (await hear(stream, speak("i lost my card")))[1].text == "i lost my card"
    assert (await hear(stream, speak("where is my transfer")))[1].text == "where is my transfer"


async def test_ten_callers_at_once_are_all_heard(pool: ProcessPool, speak: Speak) -> None:
    streams = [await pool.open(OPEN) for _ in range(10)]
    said = ["what is my balance", "where is my transfer"] * 5
    heard = await asyncio.gather(
        *(hear(stream, speak(text)) for stream, text in zip(streams, said, strict=True))
    )
    assert [final.text for _, final in heard] == said


async def test_reset_drops_what_was_heard_and_no_result_follows(
    pool: ProcessPool, speak: Speak
) -> None:
    stream = await pool.open(OPEN)
    stream.feed(speak("let me talk to a consultant"))
    stream.finish()
    stream.reset(OPEN)
    partials, final = await hear(stream, speak("i lost my card"))
    assert final.text == "i lost my card"
    assert not any("consultant" in words or "talk" in words for words in partials)


async def test_closing_ends_the_results_and_gives_the_decoder_back(
    artefact: Path, speak: Speak
) -> None:
    async with make_pool(artefact, sessions_per_process=1, open_seconds=0.05) as pool:
        first = await pool.open(OPEN)
        _, heard = await hear(first, speak("i need a cash loan"))
        with pytest.raises(OverloadedError):
            await pool.open(OPEN)
        await first.close()
        await first.close()
        assert [words async for words in first.results()] == []
        second = await pool.open(OPEN)
        assert (await hear(second, speak("i need a cash loan")))[1].text == heard.text


async def test_a_killed_process_loses_its_sessions_and_the_pool_serves_again(
    pool: ProcessPool, speak: Speak
) -> None:
    stream = await pool.open(OPEN)
    stream.feed(speak("i lost my card")[: 20 * FRAME_BYTES])
    (before,) = pool.process_ids
    os.kill(before, signal.SIGKILL)
    await lost(stream)
    with pytest.raises(RecogniserLostError):
        stream.feed(bytes(FRAME_BYTES))
    again = await pool.open(OPEN)
    assert (await hear(again, speak("i lost my card")))[1].text == "i lost my card"
    assert pool.process_ids != (before,)


async def test_a_stopped_process_is_noticed_killed_and_replaced(artefact: Path) -> None:
    async with make_pool(artefact, times=LinkTimes()) as pool:
        stream = await pool.open(OPEN)
        (before,) = pool.process_ids
        os.kill(before, signal.SIGSTOP)
        stopped_at = asyncio.get_running_loop().time()
        stream.feed(bytes(PIECE_BYTES))
        assert "not answered" in await lost(stream)
        assert asyncio.get_running_loop().time() - stopped_at < 2.0
        again = await pool.open(OPEN)
        again.feed(bytes(FRAME_BYTES))
        again.finish()
        assert (await until_final(again))[1].text == ""
        assert not psutil.pid_exists(before)


async def test_an_idle_stopped_process_is_noticed_too(artefact: Path) -> None:
    async with make_pool(artefact, times=LinkTimes()) as pool:
        stream = await pool.open(OPEN)
        os.kill(pool.process_ids[0], signal.SIGSTOP)
        assert "not answered" in await lost(stream)


async def test_more_callers_than_one_process_takes_get_a_second(
    artefact: Path, speak: Speak
) -> None:
    async with make_pool(artefact, max_processes=2, sessions_per_process=2) as pool:
        streams = [await pool.open(OPEN) for _ in range(4)]
        assert len(pool.process_ids) == 2
        with pytest.raises(OverloadedError):
            await pool.open(OPEN)
        heard = await asyncio.gather(*(hear(s, speak("i lost my card")) for s in streams))
        assert {final.text for _, final in heard} == {"i lost my card"}


async def test_closing_the_pool_ends_all_processes_and_streams(artefact: Path) -> None:
    pool = make_pool(artefact)
    await pool.start()
    stream = await pool.open(OPEN)
    (process,) = pool.process_ids
    await pool.close()
    await pool.close()
    await lost(stream)
    assert not psutil.pid_exists(process)
    with pytest.raises(OverloadedError):
        await pool.open(OPEN)


async def test_an_unusable_model_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusableError, match=r"dictionary\.dict is missing.*train"):
        await make_pool(tmp_path).start()


async def test_half_a_frame_is_refused_before_it_is_sent(pool: ProcessPool) -> None:
    stream = await pool.open(OPEN)
    with pytest.raises(MisuseError, match="whole number of frames"):
        stream.feed(bytes(FRAME_BYTES + 2))


async def test_recogniser_processes_die_with_a_killed_owner(artefact: Path) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from ivr.models.recogniser_engine import EngineOptions\n"
        "from ivr.models.recogniser_pool import ProcessPool\n"
        "async def main():\n"
        "    options = EngineOptions(engine='pocketsphinx', language='en', language_model='test',\n"
        "        artefact_folder=pathlib.Path(sys.argv[1]))\n"
        "    pool = ProcessPool(options=options, max_processes=1)\n"
        "    await pool.start()\n"
        "    print(pool.process_ids[0], flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(artefact), stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    async with asyncio.timeout(LIMIT_SECONDS):
        recogniser = psutil.Process(int(await owner.stdout.readline()))
    owner.kill()
    await owner.wait()
    await asyncio.to_thread(psutil.wait_procs, [recogniser], LIMIT_SECONDS)
    assert not recogniser.is_running() or recogniser.status() == psutil.STATUS_ZOMBIE


async def test_a_busy_process_sheds_the_caller_with_most_left_to_hear_and_hears_the_others(
    artefact: Path, speak: Speak
) -> None:
    async with make_pool(artefact, max_processes=1, times=HURRIED) as pool:
        talker, other = await pool.open(OPEN), await pool.open(OPEN)
        for _ in range(20):  # half a minute of speech at once: more than is decoded in time
            talker.feed(speak("i lost my card"))
        assert "too busy" in await lost(talker)
        _, final = await hear(other, speak("i lost my card"))
        assert final.text == "i lost my card"


async def test_a_busy_process_takes_no_new_caller(artefact: Path, speak: Speak) -> None:
    async with make_pool(
        artefact, max_processes=1, times=LinkTimes(answer_seconds=LIMIT_SECONDS)
    ) as pool:
        stream = await pool.open(OPEN)
        for _ in range(60):
            stream.feed(speak("i lost my card"))
        await lost(stream)
        with pytest.raises(OverloadedError):
            await pool.open(OPEN)
