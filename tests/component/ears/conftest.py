"""Fixtures of these tests."""

from spoken_sentences import artefact, speak

__all__ = ["artefact", "speak"]
