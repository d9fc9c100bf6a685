"""What the prompts of a language say: a YAML file that people write, `name: text` a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pydantic import RootModel

from ivr.steering.policy import PromptName
from ivr.yaml_file import read_yaml

if TYPE_CHECKING:
    from pathlib import Path

MAX_TEXT_CHARACTERS: Final = 1000
_NAME: Final = re.compile(r"[a-z0-9_][a-z0-9_-]{0,99}")


class _Written(RootModel[dict[str, str]]):
    pass


def read_prompt_texts(path: Path) -> dict[PromptName, str]:
    """Texts by prompt, each on one line; raises `ConfigurationError` with file and line."""
    file = read_yaml(path)
    texts = {}
    for name, text in file.check(_Written).root.items():
        if not is_prompt_name(name):
            raise file.mistake(
                f"{name!r} is no name of a prompt",
                advice="use small letters, digits, - and _",
                at=(name,),
            )
        words = " ".join(text.split())
        if not any(character.isalnum() for character in words) or len(words) > MAX_TEXT_CHARACTERS:
            raise file.mistake(
                f"the prompt {name!r} has no text, or more than {MAX_TEXT_CHARACTERS} characters",
                advice="write what is to be spoken after the colon",
                at=(name,),
            )
        texts[PromptName(name)] = words
    return texts


def is_prompt_name(name: str) -> bool:
    """Whether a prompt may be called so: it becomes the name of a file."""
    return _NAME.fullmatch(name) is not None
