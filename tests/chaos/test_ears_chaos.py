"""Recognisers killed and frozen under many callers, for each engine: every call goes on with keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sternik.asterisk.programs import AsteriskPrograms
from sternik.rehearsal.hotline import Rehearsal
from tests.asterisk.conftest import hotline_in
from tests.asterisk.struck_ears import STRIKES, EarsStrike, prove_keys_follow
from tests.chaos.test_chaos import CALLERS

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(1800)]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["en", "ko"])
async def listening(
    request: pytest.FixtureRequest, programs: AsteriskPrograms, prepared: None, short_folder: Path
) -> AsyncIterator[Rehearsal]:
    overrides = {} if request.param == "en" else request.getfixturevalue("korean_site")
    folder = short_folder / f"ears-{request.param}"
    async with hotline_in(folder, programs, overrides=overrides) as hotline:
        yield hotline


@pytest.mark.parametrize("strike", STRIKES, ids=lambda strike: strike.name)
async def test_every_one_of_many_callers_goes_on_with_keys(
    listening: Rehearsal, strike: EarsStrike
) -> None:
    await prove_keys_follow(listening, strike, callers=CALLERS)
