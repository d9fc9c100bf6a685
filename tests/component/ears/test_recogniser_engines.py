from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from streams import LIMIT_SECONDS, lost, until_final

from ivr.errors import ConfigurationError, ModelUnusableError, OverloadedError
from ivr.models.recogniser_engine import EngineOptions, find_engine
from ivr.models.recogniser_pool import ProcessPool
from ivr.ports import FRAME_BYTES, FinalWords, GrammarName, PartialWords

OPEN = GrammarName.OPEN_QUESTION
ECHO = "ears_of_others.echo_engine"


@pytest.fixture(autouse=True)
def _module_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's module, in a package that this project knows nothing of."""
    package = tmp_path / "ears_of_others"
    package.mkdir()
    written = Path(__file__).with_name("echo_engine.py").read_text(encoding="utf-8")
    (package / "echo_engine.py").write_text(written, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def options(engine: str = ECHO, *, free_form: bool = False) -> EngineOptions:
    return EngineOptions(
        engine=engine,
        artefact_folder=Path("nowhere"),
        language="en",
        language_model="en-1",
        free_form=free_form,
    )


@pytest.fixture
async def pool() -> AsyncIterator[ProcessPool]:
    async with ProcessPool(options=options(), max_processes=5) as pool:
        yield pool


async def test_a_third_engine_is_one_module_of_ones_own(pool: ProcessPool) -> None:
    assert pool.description.engine == "echo 1"
    stream = await pool.open(GrammarName.YES_NO)
    stream.feed(bytes(FRAME_BYTES))
    async with asyncio.timeout(LIMIT_SECONDS):
        assert await anext(stream.results()) == PartialWords(text="heard 320")
    stream.finish()
    _, final = await until_final(stream)
    assert final == FinalWords(text="yes_no 320", confidence=0.75, word_confidences=(1.0, 0.5))


async def test_its_plan_says_how_many_processes_and_callers(pool: ProcessPool) -> None:
    for _ in range(3):
        await pool.open(OPEN)
    with pytest.raises(OverloadedError):
        await pool.open(OPEN)
    assert len(pool.process_ids) == 1


async def test_native_code_that_aborts_loses_its_callers_and_nothing_else(
    pool: ProcessPool,
) -> None:
    stream = await pool.open(OPEN)
    (before,) = pool.process_ids
    stream.finish()
    await lost(stream)
    async with asyncio.timeout(LIMIT_SECONDS):
        again = await pool.open(OPEN)
    again.feed(bytes(FRAME_BYTES))
    again.finish()
    assert (await until_final(again))[1].text == "open_question 320"
    assert pool.process_ids != (before,)


async def test_native_code_that_aborts_at_the_start_is_told_with_what_to_do() -> None:
    pool = ProcessPool(options=options(free_form=True))
    with pytest.raises(ModelUnusableError, match=r"nowhere cannot be loaded.*SIGABRT.*train"):
        await pool.start()


@pytest.mark.parametrize("name", ["nosuch", "no.such.engine", "../x", "os; x", "", "a" * 999])
def test_a_name_that_is_no_engine_is_a_configuration_error(name: str) -> None:
    with pytest.raises(ConfigurationError, match="engine"):
        find_engine(name)


def test_a_module_without_an_engine_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match=r"os\.path has no ENGINE"):
        find_engine("os.path")


def test_options_survive_the_command_line() -> None:
    written = EngineOptions(
        engine="vosk",
        artefact_folder=Path("a b"),
        language="ko",
        language_model="ko-1",
        acoustic_model_folder=Path("/ż/모델"),
        threads=2,
    )
    assert EngineOptions.from_json(written.to_json()) == written
    assert EngineOptions.from_json(options().to_json()) == options()
