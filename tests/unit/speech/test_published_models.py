from __future__ import annotations

import json

import pytest

from sternik.speech.errors import DownloadError
from sternik.speech.published_models import ModelSize, model_for, parse_model_list


def entry(name: str, lang: str, **more: object) -> dict[str, object]:
    return {
        "name": name,
        "lang": lang,
        "lang_text": "a language",
        "md5": "0123456789abcdef0123456789abcdef",
        "size": 41_205_931,
        "size_text": "39.3MiB",
        "type": "small",
        "url": f"https://example.org/{name}.zip",
        "version": "0.15",
        "obsolete": "false",
    } | more


def listed(*entries: object) -> bytes:
    return json.dumps(entries).encode()


def chosen(language: str, *entries: object) -> str | None:
    model = model_for(parse_model_list(listed(*entries), where="list"), language)
    return model and model.name


def test_an_entry_is_read_as_the_site_writes_it() -> None:
    (model,) = parse_model_list(listed(entry("vosk-model-small-uk-v3-small", "ua")), where="list")
    assert (model.language, model.size, model.is_obsolete) == ("uk", ModelSize.SMALL, False)
    assert (model.size_bytes, model.md5) == (41_205_931, "0123456789abcdef0123456789abcdef")
    assert model.url == "https://example.org/vosk-model-small-uk-v3-small.zip"


def test_the_preferred_model_goes_before_a_newer_one() -> None:
    entries = [
        entry("vosk-model-small-en-us-0.30", "en-us"),
        entry("vosk-model-small-en-us-0.15", "en-us"),
    ]
    assert chosen("en", *entries) == "vosk-model-small-en-us-0.15"


def test_without_it_the_newest_small_model_is_chosen() -> None:
    entries = [
        entry("vosk-model-small-en-us-0.15", "en-us", obsolete="true"),
        entry("vosk-model-small-en-us-0.9", "en-us"),
        entry("vosk-model-small-en-us-0.22", "en-us"),
        entry("vosk-model-en-us-0.42", "en-us", type="big"),
        entry("vosk-model-small-en-us-0.50", "en-us", obsolete="true"),
        entry("vosk-model-small-pl-0.99", "pl"),
    ]
    assert chosen("en", *entries) == "vosk-model-small-en-us-0.22"


def test_a_language_that_the_list_lacks_has_none() -> None:
    assert chosen("sk", entry("vosk-model-small-cs-0.4", "cs")) is None
    assert chosen("en", entry("vosk-model-en-us-0.22", "en-us", type="big")) is None


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "vosk-model",
        {},
        entry("../../etc/passwd", "en"),
        entry("vosk model", "en"),
        entry("m", "en", size="many"),
        entry("m", "en", size=0),
        entry("m", "en", size=1 << 50),
        entry("m", "en", md5="none"),
        entry("m", "en", url="file:///etc/passwd"),
        entry("m", "en", url=None),
        entry("m", 5),
        entry("m", "en", obsolete="perhaps"),
    ],
)
def test_entries_that_make_no_sense_are_left_out(odd: object) -> None:
    good = entry("vosk-model-small-pl-0.22", "pl")
    models = parse_model_list(listed(odd, good), where="list")
    assert [model.name for model in models] == ["vosk-model-small-pl-0.22"]
    with pytest.raises(DownloadError):
        parse_model_list(listed(odd), where="list")


@pytest.mark.parametrize(
    "blob",
    [b"", b"<html>log in</html>", b"{}", b'"text"', b"[]", b"[[]]", b"\xff\xfe", b"[" * 100_000],
)
def test_what_is_no_list_is_told_with_its_address(blob: bytes) -> None:
    with pytest.raises(DownloadError) as caught:
        parse_model_list(blob, where="https://example.org/list.json")
    assert caught.value.where == "https://example.org/list.json"
    assert "proxy" in caught.value.advice
