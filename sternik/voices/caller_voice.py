"""Who can be a caller in demonstrations and tests."""

from __future__ import annotations

from enum import StrEnum


class CallerVoice(StrEnum):
    """Flite's recorded people, by Flite's names."""

    SLT = "slt"
    RMS = "rms"
    AWB = "awb"
    KAL16 = "kal16"
