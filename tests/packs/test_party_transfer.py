"""A member's way between two branches: the letter times out and comes back, is sent again, and is received."""

from tests.packs.party_ledger import PartyLedger

FIELDS = {"person": "chen", "joined_on": "2010-07-01", "full_on": "2011-07-01", "dues_until": "2026-12-31"}
MEMBER, LETTER = "party-member/north/chen/2026-03-02", "member-transfer/north/000001"
RECEIPT = {"person": "chen", "letter": "north/000001"}


def responsible(ledger: PartyLedger) -> list[str]:
    """The units that chen belongs to and votes in."""
    return [
        unit
        for unit in ("north", "south")
        if ledger.holds(unit, "member", "chen") and ledger.holds(unit, "voter", "chen")
    ]


def test_a_letter_that_nobody_receives_comes_back_and_is_sent_again() -> None:
    ledger = PartyLedger("2026-03-02")
    assert ledger.ask("li", "party-member", "register", since="2026-03-02", **FIELDS).ok
    assert ledger.approve("zhou", MEMBER).ok
    assert ledger.ask(
        "chen", "member-transfer", "request", person="chen", member="north/chen/2026-03-02", to="south"
    ).ok
    assert ledger.ask("wang", LETTER, "send").ok
    # On its ninetieth day the letter is still out, and the branch that sent it is responsible.
    ledger.pass_to("2026-05-31")
    assert (ledger.state(LETTER), responsible(ledger)) == ("sent", ["north"])
    ledger.pass_to("2026-06-01")
    assert (ledger.state(LETTER), ledger.state(MEMBER), responsible(ledger)) == ("returned", "full", ["north"])
    case = ledger.trial.fields("case", "north/000001")
    assert case is not None and (case["owner"], case["basis"]) == ("role:secretary", LETTER)
    told = ledger.told(ledger.ask("deng", "arrival", "receive", unit="south", **RECEIPT))
    assert told[0] == "letter-in-time"
    assert "it is returned; the unit that sent it has to send it again" in told[1]
    assert "介绍信无效" in told[2] and "重新开具" in told[2]

    assert ledger.ask("wang", LETTER, "send").ok
    ledger.pass_to("2026-06-20")
    assert responsible(ledger) == ["north"]
    result = ledger.ask("deng", "arrival", "receive", unit="south", **RECEIPT)
    assert result.ok
    # One transaction: nobody is a member of two units, or of none, in between.
    written = {(one.kind, one.id) for one in result.writes}
    assert {("office", "north/member/chen"), ("office", "south/member/chen")} <= written
    assert responsible(ledger) == ["south"]
    assert (ledger.state(LETTER), ledger.state(MEMBER)) == ("received", "moved")
    arrived = ledger.trial.fields("party-member", "south/chen/2026-06-20")
    left = ledger.trial.fields("party-member", "north/chen/2026-03-02")
    assert arrived is not None and left is not None
    kept, before = arrived["values"], left["values"]
    assert isinstance(kept, dict) and isinstance(before, dict)
    assert [kept[name] for name in ("joined_on", "full_on", "dues_until")] == [
        before[name] for name in ("joined_on", "full_on", "dues_until")
    ]
    # The chain of the person has both units' records.
    assert f"record/{LETTER}" in {link.subject for link in result.links}
    assert "person/chen" in {link.subject for link in result.links}
