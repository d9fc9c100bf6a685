"""What the files in `dialplan/` promise of one another: Asterisk's side never knows less than ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ivr.asterisk import channel_variables
from ivr.policy_file import read_policy
from ivr.prompt_texts import read_prompt_texts
from ivr.steering.policy import KeyChoice

DIALPLAN = Path(__file__).parents[3] / "dialplan"
EXTENSIONS = (DIALPLAN / "extensions.conf").read_text()
POLICY = read_policy(DIALPLAN / "steering.yaml")
PROMPT_FILES = sorted((DIALPLAN / "prompts").glob("*.yaml"))


def context(name: str) -> str:
    """The lines of one context, without comments."""
    section = EXTENSIONS.split(f"\n[{name}]\n")[1].split("\n[")[0]
    return "\n".join(line for line in section.splitlines() if not line.lstrip().startswith(";"))


def queue_of(choice: KeyChoice) -> str:
    if choice.target is not None:
        return choice.target.queue
    assert choice.intent is not None
    return POLICY.rule_for(choice.intent).target.queue


def test_the_static_menu_has_the_keys_and_queues_of_the_policy() -> None:
    static = dict(
        re.findall(r"exten => (\d),1,Goto\(sternik-queue,([\w-]+),1\)", context("sternik-menu"))
    )
    choices = {digit: POLICY.choice_for(digit) for digit in (*POLICY.keys, POLICY.consultant_key)}
    assert static == {digit: queue_of(choice) for digit, choice in choices.items() if choice}


def test_queues_conf_lists_exactly_the_queues_of_the_policy() -> None:
    text = (DIALPLAN / "queues.conf").read_text()
    assert sorted(re.findall(r"^\[([\w-]+)\]\(sternik-queue\)", text, re.MULTILINE)) == sorted(
        POLICY.queues
    )


@pytest.mark.parametrize("file", PROMPT_FILES, ids=lambda file: file.stem)
def test_every_prompt_that_policy_and_dialplan_name_has_a_text_and_no_text_is_left_over(
    file: Path,
) -> None:
    named = re.findall(r"\$\{STERNIK_PROMPTS\}/en/(\w+)", EXTENSIONS)
    assert {"menu", "nobody_free"} <= set(named)
    assert set(read_prompt_texts(file)) == {*named, *POLICY.prompt_names()}


@pytest.mark.parametrize("name", ["INTERACTION", "QUEUE", "PRIORITY", "STEERED"])
def test_the_dialplan_reads_the_variables_that_we_set(name: str) -> None:
    assert f"${{{getattr(channel_variables, name)}}}" in EXTENSIONS


def test_only_the_flag_of_a_finished_steering_is_trusted_and_all_else_ends_with_a_person() -> None:
    steer = context("sternik-steer")
    agi = steer.index("AGI(agi://")
    for before in ("Set(STERNIK_STEERED=)", "AGIEXITONHANGUP=yes", "Set(TIMEOUT(absolute)=${"):
        assert 0 <= steer.index(before) < agi
    after = steer[agi:]
    assert "AGISTATUS" not in after
    test = f'"${{STERNIK_STEERED}}" = "{channel_variables.STEERED_YES}"]?steered'
    assert after.index("Set(TIMEOUT(absolute)=0)") < after.index(test)
    assert after.index(test) < after.index("Goto(sternik-menu,s,1)") < after.index("n(steered)")


@pytest.mark.parametrize("name", ["sternik-steer", "sternik-menu"])
def test_the_absolute_time_limit_leads_to_the_default_queue(name: str) -> None:
    limit = context(name).split("exten => T,1,")[1]
    assert limit.startswith("Set(TIMEOUT(absolute)=0)")
    assert "Goto(sternik-queue,${STERNIK_DEFAULT_QUEUE},1)" in limit


def test_nothing_a_caller_controls_is_used_in_an_expression() -> None:
    for variable in ("CALLERID", "SIP_HEADER", "PJSIP_HEADER", "CONNECTEDLINE"):
        assert variable not in EXTENSIONS
    # EXTEN only where a pattern of queue names let it in
    used = [line for line in EXTENSIONS.splitlines() if "${EXTEN}" in line]
    assert used == ["exten => _[a-z][a-z]!,1,Queue(${EXTEN},,,,${STERNIK_QUEUE_SECONDS})"]


def test_the_manager_user_reads_calls_and_may_do_nothing_dangerous() -> None:
    manager = (DIALPLAN / "manager.conf").read_text()
    for right in ("system", "command", "config", "originate", "all"):
        assert not re.search(rf"^(read|write) *=.*\b{right}\b", manager, re.MULTILINE)
    assert f"channelvars = {channel_variables.INTERACTION}" in manager
    assert "secret = " not in manager
