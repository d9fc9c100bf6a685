"""How languages say numbers: the words that masking knows them by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberWords:
    """How a language says numbers. All words are lower case; each stands in one field only.

    `zeros` to `tens` are digits (one, one, two and two of them); `hundreds` are single words for
    200 to 900 where a language has them (Polish). `repeats` ("double") say how often the next digit
    is meant. `joiners` may stand inside a spoken number without being a part of it. `homophones`
    are what recognisers write for a digit; they count as one only between two digits.
    """

    zeros: frozenset[str]
    units: frozenset[str]
    teens: frozenset[str]
    tens: frozenset[str]
    hundreds: frozenset[str]
    hundred: frozenset[str]
    thousand: frozenset[str]
    million: frozenset[str]
    repeats: Mapping[str, int]
    joiners: frozenset[str]
    homophones: frozenset[str]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENGLISH = NumberWords(
    zeros=_words("zero oh o nought naught nil"),
    units=_words("one two three four five six seven eight nine"),
    teens=_words("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"),
    tens=_words("twenty thirty forty fourty fifty sixty seventy eighty ninety"),
    hundreds=frozenset(),
    hundred=_words("hundred hundreds"),
    thousand=_words("thousand thousands"),
    million=_words("million millions billion billions"),
    repeats={"double": 2, "triple": 3, "treble": 3, "quadruple": 4},
    joiners=_words(
        "and dash hyphen minus space dot point slash stroke plus comma then er um uh erm"
    ),
    homophones=_words("to too for won ate"),
)


POLISH = NumberWords(
    zeros=_words("zero zera zer zerko"),
    units=_words(
        "jeden jedna jedno jedną jednego jednej jedynka jedynkę jedynki "
        "dwa dwie dwóch dwu dwoma dwójka dwójkę dwójki trzy trzech trzema trójka trójkę trójki "
        "cztery czterech czwórka czwórkę czwórki pięć pięciu piątka piątkę piątki "
        "sześć sześciu szóstka szóstkę szóstki siedem siedmiu siódemka siódemkę siódemki "
        "osiem ośmiu ósemka ósemkę ósemki dziewięć dziewięciu dziewiątka dziewiątkę dziewiątki"
    ),
    teens=_words(
        "dziesięć dziesięciu jedenaście jedenastu dwanaście dwunastu trzynaście trzynastu "
        "czternaście czternastu piętnaście piętnastu szesnaście szesnastu siedemnaście siedemnastu "
        "osiemnaście osiemnastu dziewiętnaście dziewiętnastu"
    ),
    tens=_words(
        "dwadzieścia dwudziestu trzydzieści trzydziestu czterdzieści czterdziestu pięćdziesiąt "
        "pięćdziesięciu sześćdziesiąt sześćdziesięciu siedemdziesiąt siedemdziesięciu "
        "osiemdziesiąt osiemdziesięciu dziewięćdziesiąt dziewięćdziesięciu"
    ),
    # A hundred is a word of its own here, never "two hundred".
    hundreds=_words(
        "sto stu dwieście dwustu trzysta trzystu czterysta czterystu pięćset pięciuset sześćset "
        "sześciuset siedemset siedmiuset osiemset ośmiuset dziewięćset dziewięciuset"
    ),
    hundred=frozenset(),
    thousand=_words("tysiąc tysiąca tysiące tysięcy tysiącach tysiącami tysiącom"),
    million=_words(
        "milion miliona miliony milionów milionach milionami miliard miliarda miliardy miliardów"
    ),
    repeats={
        **dict.fromkeys(("podwójne", "podwójna", "podwójny", "podwójną"), 2),
        **dict.fromkeys(("potrójne", "potrójna", "potrójny", "potrójną"), 3),
    },
    # "dwa razy pięć" says five twice; "no" is what people put between digits they are sure of.
    joiners=_words(
        "i kreska kreski myślnik minus plus spacja przerwa kropka przecinek ukośnik łamane przez "
        "razy potem dalej następnie no eee ee yyy yy y ymm hmm hm"
    ),
    homophones=_words("raz"),
)
