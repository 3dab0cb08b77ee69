"""Two projects under one roof: what one of them records is worth nothing in the other one's admissions."""

from ledger.encoding import Value
from tests.packs.project_ledger import UNIT, ProjectLedger

OTHER = "kubernetes-fork"
JOINED = 1_600_000_000_000


def given(ledger: ProjectLedger, unit: str, sponsor: str, membership: str) -> str:
    fields: dict[str, Value] = {"applicant": "eve", "sponsor": sponsor, "membership": membership}
    call: dict[str, Value] = {"type": "sponsorship", "unit": unit, "fields": fields}
    result = ledger.asked("records.create", call, sponsor)
    return str(result.details.get("rule", result.code))


def projects() -> ProjectLedger:
    """Ann and Bob, of one company in the one project and, by a registrar of their own, of two in the other."""
    ledger = ProjectLedger()
    ledger.found(OTHER)
    for person in ("ann", "bob", "eve", "reg"):
        ledger.add_person(person)
    ledger.add_office(UNIT, "registrar", "reg")
    for unit, person, company in (
        (UNIT, "ann", "Acme"),
        (UNIT, "bob", "Acme"),
        (OTHER, "ann", "Acme"),
        (OTHER, "bob", "Globex"),
    ):
        fields: dict[str, Value] = {"person": person, "company": company, "happened": JOINED}
        call: dict[str, Value] = {"type": "contributor", "unit": unit, "transition": "record-joined", "fields": fields}
        ledger.done("records.create", call)
    call = {"type": "contributor", "unit": UNIT, "transition": "apply", "fields": {"person": "eve"}}
    assert ledger.code("records.create", call, "eve") == "ok"
    return ledger


def admitted(ledger: ProjectLedger, *sponsorships: str) -> str:
    fields: dict[str, Value] = {"sponsorships": list(sponsorships)}
    call: dict[str, Value] = {"type": "contributor", "id": f"{UNIT}/eve", "transition": "admit", "fields": fields}
    result = ledger.asked("records.act", call, "reg")
    return str(result.details.get("rule", result.code))


def test_a_company_that_is_told_elsewhere_is_no_other_company() -> None:
    ledger = projects()
    assert given(ledger, UNIT, "bob", f"{OTHER}/bob") == "own-membership"
    assert given(ledger, UNIT, "ann", f"{UNIT}/ann") == given(ledger, UNIT, "bob", f"{UNIT}/bob") == "ok"
    assert admitted(ledger, f"{UNIT}/eve/ann", f"{UNIT}/eve/bob") == "companies-differ"


def test_a_sponsorship_of_another_project_admits_nobody_here() -> None:
    ledger = projects()
    assert given(ledger, UNIT, "ann", f"{UNIT}/ann") == "ok"
    assert given(ledger, OTHER, "bob", f"{OTHER}/bob") == "ok"
    assert admitted(ledger, f"{UNIT}/eve/ann", f"{OTHER}/eve/bob") == "sponsorships-of-the-applicant"
