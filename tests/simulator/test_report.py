"""What a run leaves for people: page, document, words of a trace."""

import json
import re
from functools import cache
from xml.etree import ElementTree

from simulator.faults import parse_faults
from simulator.report import command, document, page
from simulator.run import Report, run
from simulator.scenario import Scenario
from tests.simulator.broken_nodes import Stumbles


@cache
def good() -> Report:
    return run(2, Scenario(nodes=1, seconds=30), "abc123")


@cache
def bad() -> Report:
    return run(2, Scenario(nodes=3, seconds=20, kinds=("kill", "partition"), factory=Stumbles), "abc123", 3)


def drawing(report: Report) -> ElementTree.Element:
    found = re.search(r"<svg.*</svg>", page(report), re.DOTALL)
    assert found is not None
    return ElementTree.fromstring(found.group())


def test_a_page_needs_nothing_but_itself_and_tells_the_verdict() -> None:
    for report in (good(), bad()):
        text = page(report)
        outside = re.findall(r"""(?:src|href)\s*=|url\(|@import|<script|https?://(?!www\.w3\.org/2000/svg)""", text)
        assert outside == []
        assert f"seed {report.seed}" in text
        assert "abc123" in text
    assert "Every rule held." in page(good())
    assert "no node gives up by itself" in page(bad())
    assert "ZeroDivisionError" in page(bad())


def test_the_drawing_has_a_lane_for_each_node_its_terms_and_every_fault() -> None:
    names = [element.text for element in drawing(bad()).iter("{http://www.w3.org/2000/svg}text")]
    assert [f"node {number}" for number in range(3)] == [name for name in names if name and name.startswith("node")]
    titles = [element.text or "" for element in drawing(good()).iter("{http://www.w3.org/2000/svg}title")]
    began = [fault for fault in good().faults if fault.start_ms * 1000 <= good().figures.ended_us]
    assert all(str(fault) in titles for fault in began)
    assert any(title.startswith("leader in term 1") for title in titles)
    assert any("transactions" in title for title in titles)


def test_the_document_is_json_and_its_faults_can_be_given_back() -> None:
    for report in (good(), bad()):
        shown = json.loads(json.dumps(document(report)))
        assert shown["ok"] is report.ok
        assert parse_faults(json.dumps(shown["faults"]), 3) == report.faults
    assert document(good())["violation"] is None
    assert document(bad())["violation"]["rule"] == "no node gives up by itself"
    assert "ZeroDivisionError" in document(bad())["violation"]["text"]
    assert "--seed 2" in command(bad())


def test_a_trace_can_be_read() -> None:
    assert bad().trace
    text = "\n".join(bad().trace)
    assert re.search(r"node \d: ticked at \d+", text)
    assert re.search(r"from node \d gossip heartbeat of term 1", text)
    assert re.search(r"store \d+ \(block 1/\d+ [0-9a-f]{8} \(\d entries\)", text)
    assert "* NodeBroke" in bad().trace[-2]
    assert "* NodeEnded" in bad().trace[-1]
    assert not re.search(r"<|object at|b'", text)
    assert good().trace == ()
