"""Where Sternik keeps what can be fetched again: Asterisk's tree, acoustic models."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Sternik's folder in the user's cache folder (XDG base directories); may not exist yet."""
    configured = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(configured) if configured.startswith("/") else Path.home() / ".cache"
    return base / "sternik"
