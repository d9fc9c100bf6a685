from steering_examples import POLICY, STOLEN, classified

from ivr.steering.barge_in import SetGain, StopPlayback
from ivr.steering.endpointing import Endpoint, EndpointReason, SpeechBegan
from ivr.steering.turn_taking import DropWords, Signal, TurnTaking

GREETING = ("welcome", "to", "sternik", "bank", "how", "can", "i", "help", "you")
SURE = classified(STOLEN, 0.95, 0.02)


class Line:
    """One caller's line: plays scripts into the turn taking and keeps what it signals."""

    def __init__(self) -> None:
        self.turns = TurnTaking(POLICY)
        self.now_ms = 0
        self.signals: list[Signal] = []

    def sound(self, milliseconds: int, *, voice: bool) -> None:
        for _ in range(milliseconds // 20):
            self.now_ms += 20
            self.signals += self.turns.hear_frame(self.now_ms, voice=voice)

    def words(self, words: str) -> None:
        self.signals += self.turns.hear_words(words, SURE)

    def end_prompt(self) -> None:
        self.signals += self.turns.end_prompt()

    @property
    def kinds(self) -> list[type]:
        return [type(signal) for signal in self.signals]


def test_answer_after_the_prompt_begins_and_ends_once() -> None:
    line = Line()
    line.sound(800, voice=True)
    line.words("stole my card")
    line.sound(400, voice=False)
    assert line.kinds == [SpeechBegan, Endpoint]


def test_talking_over_the_prompt_lowers_it_stops_it_and_is_heard_whole() -> None:
    line = Line()
    line.turns.start_prompt(GREETING)
    line.sound(600, voice=True)
    assert line.kinds == [SetGain]
    line.words("someone stole")
    assert line.kinds == [SetGain, StopPlayback, SetGain, SpeechBegan]
    line.sound(600, voice=True)
    line.words("someone stole my card")
    line.sound(400, voice=False)
    assert line.kinds == [SetGain, StopPlayback, SetGain, SpeechBegan, Endpoint]
    assert line.signals[-1].words == "someone stole my card"


def test_echo_of_the_prompt_neither_stops_it_nor_counts_as_an_answer() -> None:
    line = Line()
    line.turns.start_prompt(GREETING)
    line.sound(800, voice=True)
    line.words("welcome to bank")
    line.sound(1500, voice=False)
    assert line.kinds == [SetGain, SetGain, DropWords]
    line.end_prompt()
    line.sound(1500, voice=False)
    assert line.kinds == [SetGain, SetGain, DropWords]


def test_echo_heard_as_other_speech_is_echo_all_the_same() -> None:
    line = Line()
    line.turns.start_prompt(GREETING)
    line.sound(800, voice=True)
    line.words("[welcome] to [unk] [bank]")
    line.sound(400, voice=True)
    assert line.kinds == [SetGain]


def test_echo_that_lasts_to_the_end_of_the_prompt_is_not_taken_for_unclear_speech() -> None:
    line = Line()
    line.turns.start_prompt(GREETING)
    line.sound(3000, voice=True)
    line.words("how can i help you")
    line.end_prompt()
    line.sound(100, voice=True)
    line.sound(2000, voice=False)
    ends = [signal for signal in line.signals if isinstance(signal, Endpoint)]
    assert DropWords in line.kinds
    assert [end.reason for end in ends] == [EndpointReason.FALSE_START]


def test_one_word_that_is_settled_before_it_has_stood_interrupts_and_is_not_lost() -> None:
    line = Line()
    line.turns.start_prompt(GREETING)
    line.sound(500, voice=True)
    line.sound(160, voice=False)
    line.words("mortgage")
    line.sound(600, voice=False)
    assert line.kinds == [SetGain, StopPlayback, SetGain, SpeechBegan, Endpoint]


def test_caller_who_begins_under_the_last_syllable_of_the_prompt_is_heard() -> None:
    line = Line()
    line.turns.start_prompt(GREETING)
    line.sound(300, voice=True)
    line.end_prompt()
    line.sound(500, voice=True)
    line.words("stole my card")
    line.sound(400, voice=False)
    assert line.kinds == [SetGain, SetGain, SpeechBegan, Endpoint]
    assert line.signals[1] == SetGain(gain=1.0)


def test_new_utterance_is_announced_again() -> None:
    line = Line()
    for _ in range(2):
        line.sound(400, voice=True)
        line.words("stole my card")
        line.sound(400, voice=False)
        line.turns.begin_utterance()
    assert line.kinds == [SpeechBegan, Endpoint] * 2
