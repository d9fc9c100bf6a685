"""What can go wrong on the way to a model."""

from __future__ import annotations

from ivr.errors import ConfigurationError


class SiteUnreachableError(ConfigurationError):
    """The site did not answer, in time or at all: an attempt later may do better."""


class DownloadError(ConfigurationError):
    """The site answered, and what came is no use: cut off, too slow, another file, an error page."""
