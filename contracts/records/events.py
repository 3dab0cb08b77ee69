"""What the record engine reports; the names, in one place."""

CREATED = "records.created"
CHANGED = "records.changed"
ASKED = "records.asked"
APPROVED = "records.approved"
WITHDRAWN = "records.withdrawn"
NOTICE = "records.notice"
DEADLINE_REFUSED = "records.deadline-refused"

RECORDS_EVENTS = frozenset((CREATED, CHANGED, ASKED, APPROVED, WITHDRAWN, NOTICE, DEADLINE_REFUSED))
