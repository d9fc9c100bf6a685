"""Whatever happens to the recognisers, the call goes on with keys; for each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sternik.asterisk.programs import AsteriskPrograms
from sternik.rehearsal.hotline import Rehearsal
from tests.asterisk.conftest import hotline_in
from tests.asterisk.struck_ears import (
    AT_ONCE,
    STRIKES,
    EarsStrike,
    prove_keys_follow,
    prove_slow_ears_shed,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["en", "ko"])
async def listening(
    request: pytest.FixtureRequest, programs: AsteriskPrograms, prepared: None, short_folder: Path
) -> AsyncIterator[Rehearsal]:
    """English as this machine hears it, then Korean, which Vosk hears."""
    overrides = {} if request.param == "en" else request.getfixturevalue("korean_site")
    folder = short_folder / f"struck-{request.param}"
    async with hotline_in(folder, programs, overrides=overrides) as hotline:
        yield hotline


@pytest.mark.parametrize("strike", STRIKES, ids=lambda strike: strike.name)
async def test_callers_go_on_with_keys_when_their_recogniser_is_struck(
    listening: Rehearsal, strike: EarsStrike
) -> None:
    await prove_keys_follow(listening, strike, callers=AT_ONCE)


async def test_ears_that_fall_behind_shed_callers_to_the_keys_before_latency_piles_up(
    listening: Rehearsal,
) -> None:
    await prove_slow_ears_shed(listening)
