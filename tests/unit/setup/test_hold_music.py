from pathlib import Path

import numpy as np

from ivr.wav import read_wav, write_wav
from sternik.voices.hold_music import make_melody, provide_hold_music


def test_melody_is_quiet_never_silent_for_long_and_joins_its_own_beginning() -> None:
    melody = make_melody()
    assert len(melody) == 16 * 8000
    assert 0.05 < float(np.abs(melody).max()) < 0.2
    loudness = np.sqrt(np.mean(melody.reshape(-1, 4000) ** 2, axis=1))
    assert float(loudness.min()) > 0.005
    assert abs(float(melody[0]) - float(melody[-1])) < 0.05


def test_melody_is_made_once_where_nobody_recorded_anything(tmp_path: Path) -> None:
    output = tmp_path / "hold"
    provide_hold_music(tmp_path / "nothing", output)
    made = (output / "melody.wav").stat().st_mtime_ns
    assert read_wav(output / "melody.wav").format.rate_hz == 8000
    provide_hold_music(tmp_path / "nothing", output)
    assert (output / "melody.wav").stat().st_mtime_ns == made


def test_recordings_replace_the_melody_and_give_way_to_it_again(tmp_path: Path) -> None:
    recordings, output = tmp_path / "own", tmp_path / "hold"
    recordings.mkdir()
    write_wav(recordings / "jingle.wav", bytes(320))
    provide_hold_music(tmp_path / "nothing", output)
    provide_hold_music(recordings, output)
    assert [path.name for path in output.iterdir()] == ["jingle.wav"]
    (recordings / "jingle.wav").unlink()
    provide_hold_music(recordings, output)
    assert [path.name for path in output.iterdir()] == ["melody.wav"]
