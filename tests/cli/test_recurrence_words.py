"""Plans in people's words at the command line."""

import pytest

from cli.errors import UsageError
from cli.operation_arguments import declaration_of, parse_settings
from contracts.calendar.dates import parse_date
from contracts.calendar.recurrence import OF_MONTHS, Recurrence, weeks

PLAN = declaration_of("schedule.plan")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("every two weeks", weeks(2, parse_date("2026-09-01"))),
        ("每季度一次", Recurrence(OF_MONTHS, 3)),
        ("third Wednesday of the month", Recurrence(OF_MONTHS, 1, 0, 1, ((0, 3, 2),))),
    ],
)
def test_words_become_the_canonical_form(words: str, expected: Recurrence) -> None:
    values = parse_settings([f"recurrence={words}", "since=2026-09-01"], PLAN)
    assert values["recurrence"] == expected.encode_value()


def test_the_canonical_form_is_taken_as_it_is() -> None:
    setting = 'recurrence:={"every":1,"from":0,"of":"months","times":1}'
    assert parse_settings([setting], PLAN)["recurrence"] == Recurrence(OF_MONTHS, 1).encode_value()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (["recurrence=weekly"], "needs the argument since"),
        (["recurrence=weekly", "since=soon"], "soon is not a date"),
        (["recurrence=biweekly", "since=2026-09-01"], "biweekly can mean two things"),
        (["recurrence=when the moon is full", "since=2026-09-01"], "when moon is full"),
    ],
)
def test_what_is_not_understood_is_told(settings: list[str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse_settings(settings, PLAN)
