"""Names of people that there are not, and that nobody can take for somebody's: a landscape and a number.

Owns the words. A name stands in detached values only; on the ledger somebody is a pseudonym.
"""

from random import Random

_LANDSCAPES = (
    "青山 Green Hill",
    "流水 Running Water",
    "松林 Pine Wood",
    "晨雾 Morning Mist",
    "石桥 Stone Bridge",
    "麦田 Wheat Field",
    "竹溪 Bamboo Brook",
    "雪岭 Snow Ridge",
    "荷塘 Lotus Pond",
    "海风 Sea Wind",
    "沙洲 Sand Bank",
    "秋月 Autumn Moon",
)


def invented_name(number: int, chance: Random) -> str:
    """The name of the member of this number, such as `石桥 Stone Bridge 000042`."""
    return f"{chance.choice(_LANDSCAPES)} {number:06}"
