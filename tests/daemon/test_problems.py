"""Every error has its status, its place in the reference, and a text that stands."""

from pathlib import Path

from contracts.errors import Refusal
from daemon.api.problems import STATUS_BY_CODE, problem_response, status_of
from daemon.api.request_errors import MethodNotAllowedError, RequestError
from daemon.mempool import MempoolFullError
from ledger.errors import DecodingError, LocalError
from storage.errors import StoreDamagedError, StoreFullError

PAGE = (Path(__file__).parents[2] / "docs/reference/api.md").read_text("utf-8")


def request_errors(kind: type[RequestError] = RequestError) -> list[type[RequestError]]:
    found: list[type[RequestError]] = []
    for one in kind.__subclasses__():
        found += [one, *request_errors(one)]
    return found


def test_the_reference_names_every_code_beside_its_status() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| 4") or line.startswith("| 5")]
    wanted = STATUS_BY_CODE | {one.code: one.status for one in request_errors()}
    for code, status in wanted.items():
        assert any(row.startswith(f"| {status} |") and f"`{code}`" in row for row in rows), code


def test_statuses() -> None:
    assert status_of(DecodingError("x")) == 400
    assert status_of(Refusal("sender.unknown", "x")) == 403
    assert status_of(Refusal("sender.quota-exceeded", "x")) == 429
    assert status_of(Refusal("notice.not-found", "x")) == 422
    assert status_of(StoreFullError("x")) == 507
    assert status_of(StoreDamagedError("x")) == 500
    assert status_of(LocalError("x")) == 500


def test_who_may_come_back_is_told_when() -> None:
    assert problem_response(MempoolFullError("full"), 2500).headers["retry-after"] == "3"
    assert problem_response(StoreFullError("full")).headers["retry-after"] == "1"
    assert "retry-after" not in problem_response(DecodingError("x")).headers
    assert problem_response(MethodNotAllowedError("x", headers={"Allow": "GET"})).headers["allow"] == "GET"


def test_parameters_are_shown_as_json() -> None:
    answer = problem_response(DecodingError("{id} {count} {inner}", id=b"\x0a", count=3, inner=DecodingError("in")))
    assert b'"params":{"id":"0a","count":3,"inner":"in"}' in bytes(answer.body)
