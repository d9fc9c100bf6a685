from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.models.vosk_model_folder import VoskGraph, VoskModelFolder
from sternik.speech.choice import Ears, EarsChoice, Wishes, choose
from sternik.speech.remembered import RememberedEars


def model(name: str, graph: VoskGraph = VoskGraph.DYNAMIC) -> VoskModelFolder:
    return VoskModelFolder(
        path=Path("/models") / name,
        graph=graph,
        sample_rate_hz=16_000,
        allows_lower_rates=False,
        allows_higher_rates=True,
        language=None,
        size_bytes=1,
    )


NAMED, CHOSEN, CACHED = model("named"), model("chosen"), model("cached")
STATIC = model("static", VoskGraph.STATIC)


@dataclass
class Shelf:
    """Models by name or path, and the one that is best for a language."""

    best: dict[str, VoskModelFolder] = field(default_factory=dict)

    def read(self, named: str) -> VoskModelFolder:
        for known in (NAMED, CHOSEN, CACHED, STATIC):
            if named in {known.name, str(known.path)}:
                return known
        raise ModelUnusableError(f"{named}: there is no such folder")

    def of_language(self, language: str) -> VoskModelFolder | None:
        return self.best.get(language)


FULL, EMPTY = Shelf({"en": CACHED, "pl": CACHED}), Shelf()
CHOSE_VOSK = RememberedEars(engine="vosk", model_folder=CHOSEN.path)
CHOSE_POCKETSPHINX = RememberedEars(engine="pocketsphinx")


def vosk(found: VoskModelFolder, *, free_form: bool = False) -> Ears:
    return Ears(engine="vosk", model_folder=found.path, free_form=free_form)


@pytest.mark.parametrize(
    ("wishes", "shelf", "ears"),
    [
        # What the settings name goes first …
        (Wishes(language="en", model="named", remembered=CHOSE_VOSK), FULL, vosk(NAMED)),
        (Wishes(language="en", model="/models/named"), EMPTY, vosk(NAMED)),
        (Wishes(language="en", engine="vosk", model="named"), FULL, vosk(NAMED)),
        (Wishes(language="en", engine="pocketsphinx"), FULL, Ears(engine="pocketsphinx")),
        (
            Wishes(language="en", engine="pocketsphinx", model="named", remembered=CHOSE_VOSK),
            FULL,
            Ears(engine="pocketsphinx"),
        ),
        # … then what was chosen by command …
        (Wishes(language="en", remembered=CHOSE_VOSK), FULL, vosk(CHOSEN)),
        (Wishes(language="pl", remembered=CHOSE_VOSK), EMPTY, vosk(CHOSEN)),
        (Wishes(language="en", remembered=CHOSE_POCKETSPHINX), FULL, Ears(engine="pocketsphinx")),
        (Wishes(language="en", engine="vosk", remembered=CHOSE_POCKETSPHINX), FULL, vosk(CACHED)),
        # … then what is here, then PocketSphinx for English.
        (Wishes(language="pl"), FULL, vosk(CACHED)),
        (Wishes(language="en", engine="vosk"), FULL, vosk(CACHED)),
        (Wishes(language="en"), EMPTY, Ears(engine="pocketsphinx")),
        # Free-form when told to, and where there is no other way.
        (Wishes(language="en", free_form=True), FULL, vosk(CACHED, free_form=True)),
        (Wishes(language="en", model="static"), FULL, vosk(STATIC, free_form=True)),
        # An engine of one's own is taken at its word.
        (
            Wishes(language="pl", engine="bank.ears", model="/srv/model", free_form=True),
            EMPTY,
            Ears(engine="bank.ears", model_folder=Path("/srv/model"), free_form=True),
        ),
        (Wishes(language="pl", engine="whisper"), FULL, Ears(engine="whisper")),
    ],
)
def test_who_listens(wishes: Wishes, shelf: Shelf, ears: Ears) -> None:
    assert choose(wishes, shelf).ears == ears


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        (Wishes(language="en", model="gone"), "STERNIK_SPEECH_MODEL: gone: there is no such"),
        (
            Wishes(
                language="en",
                remembered=RememberedEars(engine="vosk", model_folder=Path("/gone")),
            ),
            "chosen by `sternik speech use en`: /gone: there is no such folder",
        ),
        (Wishes(language="pl"), r"nothing can listen \(pl\): no Vosk model is here"),
        (Wishes(language="en", engine="vosk"), r"nothing can listen \(en\)"),
        (Wishes(language="pl", engine="pocketsphinx"), "PocketSphinx does not know 'pl'"),
        (Wishes(language="ru", remembered=CHOSE_POCKETSPHINX), "does not know 'ru'"),
    ],
)
def test_what_was_asked_for_and_is_no_use_is_an_error_with_advice(
    wishes: Wishes, told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        choose(wishes, EMPTY)
    assert re.search("sternik speech|unset STERNIK_SPEECH_MODEL", caught.value.advice)


def line(wishes: Wishes, shelf: Shelf) -> str:
    choice = choose(wishes, shelf)
    assert isinstance(choice, EarsChoice)
    assert "\n" not in choice.line
    return choice.line


def test_the_choice_is_told_in_one_plain_line() -> None:
    assert line(Wishes(language="en"), FULL) == "Vosk listens (en) with cached"
    assert line(Wishes(language="en", free_form=True), FULL).endswith("with cached, free-form")
    assert "free-form (it takes no grammar)" in line(Wishes(language="en", model="static"), FULL)
    tried = Wishes(language="en", tried="alphacephei.com did not answer within 3 s")
    assert line(tried, EMPTY) == (
        "PocketSphinx listens (en): no Vosk model could be fetched (alphacephei.com did not answer "
        "within 3 s). To get Vosk: .venv/bin/sternik speech fetch en, on a machine that reaches "
        "Vosk's site, or name a model's folder: STERNIK_SPEECH_MODEL=…"
    )
    assert line(Wishes(language="en", engine="pocketsphinx"), FULL) == (
        "PocketSphinx listens (en): STERNIK_SPEECH_ENGINE says so"
    )
