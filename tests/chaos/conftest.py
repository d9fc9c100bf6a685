"""The same hotline and report as the tests on the real Asterisk have."""

from __future__ import annotations

from tests.asterisk.conftest import (
    korean_site,
    prepared,
    programs,
    pytest_terminal_summary,
    short_folder,
)

__all__ = ["korean_site", "prepared", "programs", "pytest_terminal_summary", "short_folder"]
