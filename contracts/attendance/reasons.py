"""Why the contract `attendance` refuses: the codes and texts, in one place. Never decides anything."""

from contracts.errors import Reason

NOT_FOUND = Reason("attendance.not-found", "the unit {unit} has no attendance list {number}; see `list attendance`")
CLOSED = Reason("attendance.closed", "the attendance list {number} of the unit {unit} is closed")
NUMBERS_FULL = Reason("attendance.numbers-full", "the unit {unit} has {count} attendance lists, the most there can be")
EMPTY = Reason("attendance.empty", "the list of the argument {argument} is empty; give at least one")
BEGINS_IN_PAST = Reason(
    "attendance.begins-in-past",
    "an attendance list cannot begin {seconds} s before the block that opens it; open it in time, or enter the sheet"
    " of paper",
)
TOO_FAR = Reason("attendance.too-far", "an attendance list is opened at most {limit} days before it begins")
NO_PERSON = Reason("attendance.no-person", "the sender acts for no person; only persons sign in")
NOT_ENTITLED = Reason(
    "attendance.not-entitled", "{person} is not {roles} in the unit {unit} and is not on this list; ask its secretary"
)
SIGNED_IN_ALREADY = Reason(
    "attendance.signed-in-already", "{person} is on the list {number} of the unit {unit} already"
)
NOT_BEGUN = Reason("attendance.not-begun", "signing in begins in {seconds} s; wait for the code that is shown then")
OVER = Reason(
    "attendance.over", "signing in was over {seconds} s ago; who was there can be entered from the sheet of paper"
)
CODE_LATE = Reason(
    "attendance.code-late",
    "the code was shown until {seconds} s ago and counts no more; give the one that is shown now",
)
CODE_EARLY = Reason(
    "attendance.code-early",
    "the code is for a window that begins in {seconds} s; the clock of the device that shows the codes is ahead",
)
CODE_FOREIGN = Reason(
    "attendance.code-foreign",
    "the code is none of this list's: it is mistyped, or belongs to another meeting; compare unit, number and code",
)
LIST_FULL = Reason(
    "attendance.list-full", "the list {number} of the unit {unit} has {count} names, the most there can be"
)
SHEET_EARLY = Reason("attendance.sheet-early", "a sheet of paper is entered once the list has begun, in {seconds} s")
SHEET_LATE = Reason("attendance.sheet-late", "a sheet of paper is entered within {limit} days of the end")

ATTENDANCE_REASONS = (
    NOT_FOUND,
    CLOSED,
    NUMBERS_FULL,
    EMPTY,
    BEGINS_IN_PAST,
    TOO_FAR,
    NO_PERSON,
    NOT_ENTITLED,
    SIGNED_IN_ALREADY,
    NOT_BEGUN,
    OVER,
    CODE_LATE,
    CODE_EARLY,
    CODE_FOREIGN,
    LIST_FULL,
    SHEET_EARLY,
    SHEET_LATE,
)
