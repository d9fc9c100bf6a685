from __future__ import annotations

import pytest

from ivr.errors import MisuseError
from ivr.models.voice_activity import WebRtcVoiceDetector
from ivr.ports import FRAME_BYTES


def test_digital_silence_is_no_voice() -> None:
    detector = WebRtcVoiceDetector()
    assert not any(detector.is_voice(bytes(FRAME_BYTES)) for _ in range(50))


def test_a_frame_of_another_length_is_refused() -> None:
    with pytest.raises(MisuseError, match="320"):
        WebRtcVoiceDetector().is_voice(bytes(160))
