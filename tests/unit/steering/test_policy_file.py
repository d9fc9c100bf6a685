from pathlib import Path

import pytest

from ivr.errors import ConfigurationError
from ivr.policy_file import read_policy
from ivr.prompt_texts import read_prompt_texts
from ivr.steering.policy import KeyChoice, Policy

DIALPLAN = Path(__file__).parents[3] / "dialplan"
SHIPPED = DIALPLAN / "steering.yaml"
DIGITS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "pl": (
        *("zero", "jeden", "dwa", "trzy", "cztery"),
        *("pięć", "sześć", "siedem", "osiem", "dziewięć"),
    ),
}


def read_changed(tmp_path: Path, old: str, new: str) -> Policy:
    """The shipped policy with one change, which must be there to make."""
    text = SHIPPED.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path = tmp_path / "steering.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return read_policy(path)


def error_of(tmp_path: Path, old: str, new: str) -> tuple[ConfigurationError, str]:
    with pytest.raises(ConfigurationError) as caught:
        read_changed(tmp_path, old, new)
    line = SHIPPED.read_text(encoding="utf-8").partition(old)[0].count("\n") + 1
    return caught.value, f"{tmp_path}/steering.yaml:{line}"


def test_shipped_policy_sends_each_intent_to_its_queue() -> None:
    policy = read_policy(SHIPPED)
    queues = {intent: rule.target.queue for intent, rule in policy.intents.items()}
    assert queues == {
        "card_lost_or_stolen": "cards-urgent",
        "fraud_alert": "cards-urgent",
        "lost_document": "cards-urgent",
        "card_declined": "cards",
        "pin": "cards",
        "card_activation": "cards",
        "limits": "cards",
        "balance": "accounts",
        "fees": "accounts",
        "account_opening": "accounts",
        "account_closing": "accounts",
        "address_change": "accounts",
        "login_app": "accounts",
        "transfer_status": "payments",
        "wrong_transfer": "payments",
        "instant_payment": "payments",
        "cash_loan": "loans",
        "loan_terms": "loans",
        "mortgage": "mortgages",
        "sme_credit": "business",
        "merchant_terminal": "business",
        "currency": "currency",
        "deposits": "savings",
        "investments": "savings",
        "insurance": "insurance",
        "branch": "branches",
        "complaint": "complaints",
        "consultant": "consultants",
        "other_bank_matter": "consultants",
    }
    assert policy.rule_for("card_lost_or_stolen").target.priority == 10
    assert policy.default_rule.target.queue == "consultants"


def test_shipped_menu_reaches_these_queues() -> None:
    policy = read_policy(SHIPPED)

    def queue(choice: KeyChoice) -> str:
        return (choice.target or policy.rule_for(choice.intent).target).queue

    assert {digit: queue(choice) for digit, choice in policy.keys.items()} == {
        "1": "cards-urgent",
        "2": "cards",
        "3": "accounts",
        "4": "payments",
        "5": "loans",
        "6": "mortgages",
        "7": "business",
        "8": "currency",
        "9": "branches",
    }


@pytest.mark.parametrize("language", DIGITS)
def test_every_prompt_the_policy_may_play_has_a_text(language: str) -> None:
    texts = read_prompt_texts(DIALPLAN / "prompts" / f"{language}.yaml")
    assert set(read_policy(SHIPPED).prompt_names()) <= set(texts)


@pytest.mark.parametrize("language", DIGITS)
def test_menu_prompt_reads_out_exactly_the_keys_of_the_policy(language: str) -> None:
    policy = read_policy(SHIPPED)
    menu = read_prompt_texts(DIALPLAN / "prompts" / f"{language}.yaml")["menu"]
    words = menu.lower().replace(".", "").split()
    digits = DIGITS[language]
    read_out = [str(digits.index(word)) for word in words if word in digits]
    assert sorted(read_out) == sorted((*policy.keys, policy.consultant_key))


def test_version_is_the_label_and_a_fingerprint_that_changes_with_the_file(tmp_path: Path) -> None:
    shipped = read_policy(SHIPPED).version
    assert shipped.startswith("bank-hotline-")
    assert len(shipped.removeprefix("bank-hotline-")) == 12
    assert read_changed(tmp_path, "menu_seconds: 8", "menu_seconds: 9").version != shipped


@pytest.mark.parametrize(
    ("old", "new", "problem", "advice"),
    [
        (
            "menu_seconds: 8 ",
            "menu_secnds: 8 ",
            "unknown key timers.menu_secnds",
            "mean menu_seconds?",
        ),
        (
            "    priority: 10",
            "    prioriti: 10",
            "unknown key intents.card_lost_or_stolen.prioriti",
            "did you mean priority?",
        ),
        ("probability: 0.55", "probability: 55", "less than or equal to 1", "correct"),
        ("probability: 0.55", "probability: .nan", "finite", "correct"),
        ("probability: 0.55", 'probability: "0.55"', "valid number", "correct"),
        ("probability: 0.55", "probability: yes", "valid number", "correct"),
        ("    queue: cards\n", "    queue: crads\n", "queue crads is not", "did you mean cards?"),
        (
            "default_queue: consultants",
            "default_queue: xx",
            "queue xx is not",
            "known here: accounts",
        ),
        ("  - currency", "  - currency\n  - currency", "listed twice", "remove one"),
        ("  - currency", "  - general\n  - currency", "queue general cannot be", "another name"),
        (
            '  "5": {intent: cash_loan}',
            '  "5": {intent: cash_laon}',
            "intent cash_laon is not",
            "did you mean cash_loan?",
        ),
        ('  "5": {intent: cash_loan}', '  "5": {}', "either `intent` or `queue`", "correct"),
        (
            '  "9": {intent: branch}',
            '  "0": {intent: branch}',
            "always reaches a consultant",
            "remove",
        ),
        ("  consultant:\n", "  consultnt:\n", "no intent consultant", "must reach one"),
        ("accepted_silence_ms: 450", "accepted_silence_ms: 4500", "surer, the shorter", "correct"),
        (
            "  early: {probability: 0.85",
            "  early: {probability: 0.25",
            "lower than `acceptance`",
            "early",
        ),
        ("  branch:\n", "  pin:\n", "duplicate key", "indentation"),
        ("language: en", "language: &x en", "anchors and aliases", "quotes"),
        ("language: en", "language: [en", "not valid YAML", "indentation"),
    ],
)
def test_mistake_is_told_with_its_line_and_what_to_do(
    tmp_path: Path, old: str, new: str, problem: str, advice: str
) -> None:
    error, _ = error_of(tmp_path, old, new)
    assert problem in error.problem
    assert advice in error.advice
    assert error.where.startswith(f"{tmp_path}/steering.yaml:")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("menu_seconds: 8 ", "menu_secnds: 8 "),
        ("    priority: 10", "    prioriti: 10"),
        ("    queue: cards\n", "    queue: crads\n"),
        ("no_input_seconds: 5", "no_input_seconds: -5"),
        ("  - currency", "  - Currency"),
    ],
)
def test_mistake_names_the_very_line(tmp_path: Path, old: str, new: str) -> None:
    error, where = error_of(tmp_path, old, new)
    assert error.where == where


def test_missing_key_is_told_where_it_belongs(tmp_path: Path) -> None:
    error, _ = error_of(tmp_path, "  menu_seconds: 8", "  # menu_seconds: 8")
    assert error.problem == "timers.menu_seconds is missing"
    assert "add the key menu_seconds" in error.advice


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"just words",
        b"- a\n- b",
        b"\xff\xfe",
        b"\x00",
        b"a: " + b"x" * 70_000,
        b"[" * 5000,
        b"[" * 3000 + b"]" * 3000,
        b"a: 2024-99-99",
        b"a: 1\n---\nb: 2",
        b"? [a]\n: 1",
        b"!!python/object:os.system x",
        b"a: &a [x, x]\nb: [*a, *a]",
        b"a: " + b"9" * 6000,
        b"menu: {1: x}",
    ],
)
def test_anything_else_is_a_configuration_error_naming_the_file(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "steering.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        read_policy(path)
    assert caught.value.where.startswith(str(path))
    assert caught.value.advice


def test_missing_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_policy(tmp_path / "nowhere.yaml")


def test_keys_may_be_written_without_quotes_but_not_twice(tmp_path: Path) -> None:
    assert "5" in read_changed(tmp_path, '"5":', "5:").keys
    error, _ = error_of(tmp_path, '  "5": {', '  5: {queue: cards}\n  "5": {')
    assert "twice" in error.problem
