"""Keys in order: sets that change between questions, hidden keys, and the state of a block against a sorted list."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contracts.ordered_keys import _CHANGES_MAX, HiddenKeys, OrderedKeys
from contracts.state import BlockState
from tests.contracts.dict_state import DictState

KEYS = [f"{kind}\0{number}".encode() for kind in ("one", "two") for number in (1, 10, 11, 2, 20)]
PREFIXES = [b"one\0", b"two\0", b"one\x001", b"two\x0020", b"none\0"]
PLACES = [b"", b"one\0", b"one\x0010", b"two\x0019", b"zzz", *KEYS]


def first(keys: set[bytes], prefix: bytes, after: bytes) -> bytes | None:
    return next((key for key in sorted(keys) if key.startswith(prefix) and key > after), None)


class BlockStateMachine(RuleBasedStateMachine):
    """Writes and questions in any rhythm, over records that were there before, against a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.below = DictState({key: b"old" for key in KEYS[::2]})
        self.state = BlockState(self.below)
        self.model = dict(self.below)
        self.asks = False

    @rule(key=st.sampled_from(KEYS), content=st.none() | st.just(b"new"))
    def put(self, key: bytes, content: bytes | None) -> None:
        self.state.put(key, content)
        if content is None:
            self.model.pop(key, None)
        else:
            self.model[key] = content

    @rule(contents=st.dictionaries(st.sampled_from(KEYS), st.none() | st.just(b"newest"), max_size=3))
    def take(self, contents: dict[bytes, bytes | None]) -> None:
        self.state.take(contents)
        now: dict[bytes, bytes | None] = {**self.model, **contents}
        self.model = {key: content for key, content in now.items() if content is not None}

    @rule(key=st.sampled_from(KEYS))
    def get(self, key: bytes) -> None:
        assert self.state.get(key) == self.model.get(key)

    @rule()
    def begin_to_ask(self) -> None:
        self.asks = True

    @invariant()
    def the_changes_lead_from_below_to_now(self) -> None:
        changes = self.state.changes()
        assert [change.key for change in changes] == sorted(
            key for key in KEYS if self.below.get(key) != self.model.get(key)
        )
        for key, old, new in changes:
            assert (old, new) == (self.below.get(key), self.model.get(key))

    @invariant()
    def the_order_is_that_of_a_sorted_list(self) -> None:
        for prefix in PREFIXES if self.asks else ():
            for after in PLACES:
                assert self.state.next_key(prefix, after) == first(set(self.model), prefix, after)


BlockStateMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)
TestBlockStateMachine = BlockStateMachine.TestCase


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from(KEYS), st.booleans())))
def test_ordered_keys_are_a_sorted_set(steps: list[tuple[bool, bytes, bool]]) -> None:
    ordered, model = OrderedKeys(), set[bytes]()
    for adds, key, asks in steps:
        if adds:
            ordered.add(key)
            model.add(key)
        else:
            ordered.discard(key)
            model.discard(key)
        for prefix in PREFIXES if asks else ():
            assert [ordered.next_key(prefix, after) for after in PLACES] == [
                first(model, prefix, after) for after in PLACES
            ]


def test_many_changes_between_two_questions_are_sorted_afresh() -> None:
    ordered = OrderedKeys([b"kind\0" + number.to_bytes(4, "big").hex().encode() for number in range(10)])
    assert ordered.next_key(b"kind\0") == b"kind\x0000000000"
    for number in range(2 * _CHANGES_MAX):
        ordered.add(b"kind\0a" + number.to_bytes(4, "big").hex().encode())
        ordered.discard(b"kind\0" + number.to_bytes(4, "big").hex().encode())
    assert ordered.next_key(b"kind\0") == b"kind\0a00000000"


def test_what_was_gone_over_once_is_not_gone_over_again() -> None:
    """A queue whose first record is taken again and again costs two questions each time, not one for each taken."""
    queue = DictState({b"queue\0%06d" % number: b"" for number in range(500)})
    asked: list[bytes] = []

    def below(prefix: bytes, after: bytes) -> bytes | None:
        asked.append(after)
        return queue.next_key(prefix, after)

    hidden = HiddenKeys()
    for number in range(200):
        found = hidden.next_key(below, b"queue\0")
        assert found == b"queue\0%06d" % number
        hidden.hide(found)
    assert len(asked) < 450
    hidden.show(b"queue\x00000003")
    assert hidden.next_key(below, b"queue\0") == b"queue\x00000003"
    assert hidden.next_key(below, b"queue\0", b"queue\x00000003") == b"queue\x00000200"


def test_a_change_below_is_seen() -> None:
    queue = DictState({b"queue\x001": b"", b"queue\x003": b""})
    hidden = HiddenKeys([b"queue\x001"])
    assert hidden.next_key(queue.next_key, b"queue\0") == b"queue\x003"
    queue[b"queue\x002"] = b""
    hidden.changed_below()
    assert hidden.next_key(queue.next_key, b"queue\0") == b"queue\x002"
