"""The pack `land-registry` under any order of sales, mortgages and consents: shares always sum to the whole."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cli.pack_trial import PackTrial
from contracts.calendar.dates import parse_date
from contracts.packs.pack import Pack
from contracts.result import Result
from ledger.encoding import Value
from tests.packs.shipped_pack import ShippedPack, compiled

PACK: Pack = compiled(ShippedPack("land-registry").written())
OWNERS = ("chen", "liu", "he")
WHOLE = 12
# Fifteen working days and the weekends between them, whatever day it begins on.
PUBLICITY_DAYS = 24
HASH = bytes(32)
# Who of the owners gives to whom how many parts, whether the share is mortgaged before, and whether the bank consents.
DEALS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(OWNERS), st.integers(1, WHOLE), st.booleans(), st.booleans()),
    min_size=1,
    max_size=4,
)


class Registry:
    """A parcel with two owners, and what is done to it."""

    def __init__(self) -> None:
        self.trial = PackTrial(PACK, parse_date("2026-03-02"))
        self.trial.found("north")
        for person in (*OWNERS, "bank", "wang", "li"):
            self.trial.enrol(person)
        for person in ("wang", "li"):
            self.trial.appoint("north", "registrar", person)
        survey: dict[str, Value] = {"code": "P-12", "edition": 1, "location": "Well Lane", "purpose": "farming"}
        self.done("wang", "land-parcel", "survey", {**survey, "area_m2": 1, "parts": WHOLE, "boundary": HASH})
        for owner, parts in (("chen", 7), ("liu", 5)):
            claim: dict[str, Value] = {"parcel": "north/P-12/1", "owner": owner, "parts": parts, "evidence": HASH}
            self.done(owner, "land-title", "claim", claim)
        self.act("wang", "land-parcel", "north/P-12/1", "publish")
        self.publicity()
        self.enter("land-parcel", "north/P-12/1", "enter")
        for title in self.trial.ids("land-title"):
            self.act("wang", "land-title", title, "enter")

    def publicity(self) -> None:
        self.trial.pass_to(self.trial.day + PUBLICITY_DAYS)

    def done(self, person: str, kind: str, transition: str, fields: dict[str, Value]) -> str:
        """Create a record; its id."""
        before = set(self.trial.ids(kind))
        arguments: dict[str, Value] = {"type": kind, "unit": "north", "transition": transition, "fields": fields}
        result = self.trial.call("records.create", arguments, person)
        assert result.ok, (result.code, result.details)
        return (set(self.trial.ids(kind)) - before).pop()

    def act(self, person: str, kind: str, record: str, transition: str, **fields: Value) -> Result:
        arguments: dict[str, Value] = {"type": kind, "id": record, "transition": transition}
        return self.trial.call("records.act", arguments | ({"fields": fields} if fields else {}), person)

    def enter(self, kind: str, record: str, transition: str) -> bool:
        """Whether two registrars could enter it."""
        asked = self.act("wang", kind, record, transition)
        return asked.ok and self.trial.call("records.approve", {"type": kind, "id": record}, "li").ok

    def titles(self) -> dict[str, dict[str, Value]]:
        """The values of what is in force, by id."""
        found = {}
        for record in self.trial.ids("land-title"):
            fields = self.trial.fields("land-title", record)
            if fields is not None and fields["state"] == "entered":
                values = fields["values"]
                assert isinstance(values, dict)
                found[record] = values
        return found

    def mortgage(self, title: str, debtor: str) -> str:
        fields: dict[str, Value] = {"title": title, "debtor": debtor, "creditor": "bank", "amount": 1, "contract": HASH}
        mortgage = self.done(debtor, "land-mortgage", "offer", fields)
        self.act("bank", "land-mortgage", mortgage, "accept")
        assert self.enter("land-mortgage", mortgage, "enter")
        return mortgage

    def mortgages_on(self, share: str) -> int:
        fields = self.trial.fields("counter", f"north/mortgages={share}")
        count = 0 if fields is None else fields["value"]
        assert isinstance(count, int)
        return count


@settings(max_examples=8, deadline=None)
@given(deals=DEALS)
def test_shares_sum_to_the_whole_and_a_mortgaged_one_stays_where_it_is(
    deals: list[tuple[int, str, int, bool, bool]],
) -> None:
    registry = Registry()
    for place, receiver, wanted, mortgaged, consents in deals:
        titles = registry.titles()
        title = sorted(titles)[place % len(titles)]
        giver, owned, share = titles[title]["owner"], titles[title]["parts"], titles[title]["share"]
        assert isinstance(giver, str)
        assert isinstance(owned, int)
        assert isinstance(share, str)
        if giver == receiver:
            continue
        parts = min(wanted, owned)
        mortgage = registry.mortgage(title, giver) if mortgaged else None
        sale: dict[str, Value] = {"title": title, "ground": "sale", "giver": giver, "receiver": receiver}
        change = registry.done(giver, "land-change", "offer", {**sale, "parts": parts, "contract": HASH})
        registry.act(receiver, "land-change", change, "accept")
        registry.act("wang", "land-change", change, "publish")
        registry.publicity()
        if mortgage is not None and consents:
            assert registry.act("bank", "land-mortgage", mortgage, "consent", consents_to=change).ok
        # Creditors of earlier deals have not consented to this one.
        agreed = registry.mortgages_on(share) == (1 if mortgaged and consents else 0)
        entered = registry.enter("land-change", change, "enter" if parts == owned else "enter-part")
        assert entered == (agreed and (parts == owned or not registry.mortgages_on(share)))
        after = registry.titles()
        assert sum(int(str(one["parts"])) for one in after.values()) == WHOLE
        assert (title in after) == (not entered)
        assert registry.mortgages_on(share) >= mortgaged
