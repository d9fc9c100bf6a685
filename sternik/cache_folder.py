"""Where what was fetched once is kept for all checkouts of a user."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Sternik's folder in the user's cache folder (XDG base directories); may not exist yet."""
    configured = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(configured) if configured.startswith("/") else Path.home() / ".cache"
    return base / "sternik"
