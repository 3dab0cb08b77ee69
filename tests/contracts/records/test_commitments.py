"""What rules see of a commitment: the very hash that stands for a detached value."""

import pytest

from ledger.detached import detach
from ledger.encoding import Value
from tests.contracts.records.packs import CLUB, club

SALT = bytes(range(32))
PROMISE = """
[type.promise]
title = { en = "Promise", zh = "承诺" }
id = "number"
[type.promise.field.seal]
type = "hash"
class = "ledger"
required = true
title = { en = "Seal", zh = "封印" }
[type.promise.field.salt]
type = "hash"
class = "ledger"
required = true
title = { en = "Salt", zh = "盐值" }
[type.promise.field.words]
type = "text"
class = "ledger"
required = true
title = { en = "Words", zh = "文字" }
[type.promise.state.opened]
title = { en = "Opened", zh = "已开启" }
final = true
[type.promise.transition.open]
from = ""
to = "opened"
title = { en = "Open", zh = "开启" }
by = "anyone"
sets = ["seal", "salt", "words"]
guards = ["the-very-words"]
[type.promise.rule.the-very-words]
expression = "commitment_of(salt, words) == seal"
text = { en = "other words", zh = "文字不符" }
"""


@pytest.mark.parametrize(
    ("salt", "words", "code"),
    [
        (SALT, "I shall be there. 我会到场。", "ok"),
        (SALT, "I shall be there.", "records.guard"),
        (bytes(32), "I shall be there. 我会到场。", "records.guard"),
    ],
)
def test_words_are_compared_with_what_was_committed_to(salt: bytes, words: str, code: str) -> None:
    ledger = club(CLUB + PROMISE)
    seal = detach("I shall be there. 我会到场。", SALT).commitment
    fields: dict[str, Value] = {"seal": seal, "salt": salt, "words": words}
    assert ledger.code("records.create", {"type": "promise", "unit": "branch-1", "fields": fields}, "eve") == code
