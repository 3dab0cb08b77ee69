"""A branch with members, a secretary who may open lists, and the device that shows the codes."""

from cli.attendance_codes import AttendanceCodes
from ledger.encoding import Value
from tests.contracts.organisation import Organisation

UNIT = "branch-1"
WINDOW_MS = 60_000
WINDOWS = 5
SECRET = bytes(range(32))


class AttendanceLedger(Organisation):
    """Ann is the secretary, Ben and Cui are members, Dan is probationary, Eve belongs to another unit."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for unit in (UNIT, "branch-2"):
            self.add_unit(unit)
        for person in ("ann", "ben", "cui", "dan", "eve"):
            self.add_person(person)
        for person in ("ann", "ben", "cui"):
            self.add_office(UNIT, "member", person)
        self.add_office(UNIT, "secretary", "ann")
        self.add_office(UNIT, "probationary", "dan")
        self.add_office("branch-2", "member", "eve")
        self.permit("attendance.open", "role:secretary")
        self.device = self.codes(self.time_ms + 10_000)

    def codes(self, starts_ms: int, unit: str = UNIT) -> AttendanceCodes:
        """The codes of a list that begins then."""
        return AttendanceCodes(SECRET, self.network_id, unit, "Assembly", starts_ms, WINDOW_MS // 1000, WINDOWS)

    def opening(self, **changes: Value) -> dict[str, Value]:
        """The arguments that open a list with the device's codes."""
        device = self.device
        arguments: dict[str, Value] = {
            "hashes": list(device.hashes()),
            "roles": ["member", "probationary"],
            "starts": device.starts_ms,
            "title": device.title,
            "unit": device.unit,
            "window_seconds": device.window_seconds,
        }
        return arguments | changes

    def open(self, **changes: Value) -> None:
        assert self.code("attendance.open", self.opening(**changes), "ann") == "ok"

    def into(self, window: int, after_ms: int = 20_000) -> None:
        """Let the next block come so long after the beginning of a window."""
        self.at(self.device.starts_ms + window * WINDOW_MS + after_ms)

    def sign(self, person: str, window: int, number: int = 1, code: str | None = None) -> str:
        """What becomes of somebody's signing in with the code of a window."""
        given = self.device.code(window) if code is None else code
        return self.code("attendance.sign-in", {"unit": UNIT, "number": number, "code": given}, person)

    def names(self, number: int = 1, page: int = 1) -> list[Value]:
        """The entries of a page."""
        names = self.fields("attendance-page", f"{UNIT}/{number:06d}/{page}")["names"]
        assert isinstance(names, list)
        return names

    def counts(self, number: int = 1) -> Value:
        """How many are listed by each role."""
        return self.fields("attendance", f"{UNIT}/{number:06d}")["counts"]
