"""Fixtures of these tests."""

from korean import korean_artefact, loaded_korean, speak_korean
from spoken_sentences import artefact, speak

__all__ = ["artefact", "korean_artefact", "loaded_korean", "speak", "speak_korean"]
