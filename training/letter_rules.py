"""Rules from English letters to phones, the first that fits wins."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`letters` sound like `phones` between what `before` and `after` match."""

    letters: str
    phones: str
    before: re.Pattern[str]
    after: re.Pattern[str]

    def fits(self, word: str, at: int) -> bool:
        """Whether the rule speaks for `word` from position `at` on."""
        return (
            word.startswith(self.letters, at)
            and self.before.search(word[:at]) is not None
            and self.after.match(word[at + len(self.letters) :]) is not None
        )


# Each line: what goes before, letters, what follows, phones. C is a consonant, V a vowel, # an end.
_TABLE = """
# kn # N
# ps # S
# wr _ R
# wh _ W
# x _ Z
_ tch _ CH
_ sch _ SH
_ tion _ SH AH N
_ sion _ ZH AH N
_ ture # CH ER
_ cious _ SH AH S
_ tious _ SH AH S
_ ought _ AO T
_ augh _ AO
_ eigh _ EY
_ igh _ AY
_ ough _ OW
_ ch _ CH
_ sh _ SH
_ ph _ F
_ th _ TH
_ ck _ K
_ qu _ K W
_ dge _ JH
_ ng # NG
_ ng C NG
_ nk _ NG K
_ gh # _
_ gh _ G
C mb # M
V mb # M
_ sc [eiy] S
_ cc [eiy] K S
_ c [eiy] S
_ c _ K
_ gg _ G
_ g [ey] JH
_ g i JH
_ g _ G
_ j _ JH
_ x _ K S
_ z _ Z
V s V Z
_ s _ S
_ tt _ T
_ t _ T
_ dd _ D
_ d _ D
_ p _ P
_ b _ B
_ k _ K
_ f _ F
_ v _ V
_ m _ M
_ n _ N
_ ll _ L
_ l _ L
_ h # _
_ h _ HH
_ w _ W
# y _ Y
C le # AH L
_ ayer _ EY ER
_ air _ EH R
_ are # EH R
_ ear _ IH R
_ eer _ IH R
_ ier # IH R
_ ire # AY ER
_ ure # Y UH R
_ oor _ AO R
_ our _ AO R
_ ore _ AO R
_ oar _ AO R
_ ar _ AA R
_ er V EH R
_ er _ ER
_ ir _ ER
_ ur _ ER
_ or _ AO R
_ rr _ R
_ r _ R
_ ai _ EY
_ ay _ EY
_ au _ AO
_ aw _ AO
_ ee _ IY
_ ea _ IY
_ ei _ EY
_ ey # IY
_ ey _ EY
_ eu _ Y UW
_ ew _ UW
_ ie # IY
_ ie _ IY
_ oa _ OW
_ oi _ OY
_ oy _ OY
_ oo _ UW
_ ou _ AW
_ ow # OW
_ ow _ AW
_ ue # UW
_ ui _ UW
_ a CE# EY
_ e CE# IY
_ i CE# AY
_ o CE# OW
_ u CE# UW
_ e # _
_ es # Z
_ a # AH
_ a CV EY
_ o CV OW
_ u CV UW
_ i V IY
_ i # IY
_ o # OW
_ u # UW
_ y # IY
_ y C IH
_ y _ Y
_ a _ AE
_ e _ EH
_ i _ IH
_ o _ AA
_ u _ AH
"""

_CONTEXTS = {
    "_": "",
    "C": "[bcdfghjklmnpqrstvwxz]",
    "V": "[aeiouy]",
    "CV": "[bcdfghjklmnpqrstvwz][aeiou]",
    "CE#": "[bcdfgjklmnpqrstvz]e(s|d)?$",
}


def _rule(line: str) -> Rule:
    before, letters, after, *phones = line.split()
    first = "^$" if before == "#" else f"{_CONTEXTS.get(before, before)}$"
    last = "$" if after == "#" else _CONTEXTS.get(after, after)
    return Rule(
        letters=letters,
        phones="" if phones == ["_"] else " ".join(phones),
        before=re.compile(first),
        after=re.compile(last),
    )


RULES = tuple(_rule(line) for line in _TABLE.strip().splitlines())

LETTER_NAMES = {
    "a": "EY",
    "b": "B IY",
    "c": "S IY",
    "d": "D IY",
    "e": "IY",
    "f": "EH F",
    "g": "JH IY",
    "h": "EY CH",
    "i": "AY",
    "j": "JH EY",
    "k": "K EY",
    "l": "EH L",
    "m": "EH M",
    "n": "EH N",
    "o": "OW",
    "p": "P IY",
    "q": "K Y UW",
    "r": "AA R",
    "s": "EH S",
    "t": "T IY",
    "u": "Y UW",
    "v": "V IY",
    "w": "D AH B AH L Y UW",
    "x": "EH K S",
    "y": "W AY",
    "z": "Z IY",
}
