"""What became of a run, for people and programs: a JSON document, and a page that needs nothing but itself.

Owns both forms; writes no file (whoever asked for the page does). Pages are for developers and are in English.
"""

from html import escape
from typing import Any

from simulator.chart import Chart, legend
from simulator.faults import faults_to_json
from simulator.liars.every_liar import LIARS
from simulator.run import Report
from simulator.spread import SpreadFigures

# As much of the trace as a browser shows without effort; the JSON document has none of it.
TRACE_LINES_MAX = 1500
_STYLE = """
body{font:14px/1.45 sans-serif;margin:24px auto;max-width:1240px;padding:0 16px;color:#1c2126}
h1{font-size:20px}h2{font-size:16px;margin-top:28px}
.good{color:#1f7a4d;font-weight:bold}.bad{color:#b3261e;font-weight:bold}
table{border-collapse:collapse}td,th{padding:3px 14px 3px 0;text-align:left;vertical-align:top}
pre{background:#f5f6f8;padding:10px;overflow-x:auto;font-size:12px;line-height:1.35}
.key{margin-right:14px;white-space:nowrap}.key i{display:inline-block;width:12px;height:12px;margin-right:5px}
svg{width:100%;height:auto;border:1px solid #e3e6ea}
"""


def document(report: Report) -> dict[str, Any]:
    """The report as JSON has it."""
    setting, figures, violation = report.setting, report.figures, report.violation
    return {
        "ok": report.ok,
        "seed": report.seed,
        "commit": report.commit,
        "nodes": setting.scenario.nodes,
        "observers": setting.scenario.observers,
        "seconds": setting.scenario.seconds,
        "liars": [{"node": node, "how": how} for node, how in _liars(report).items()],
        "overlay": setting.overlay,
        "network": setting.profile,
        "violation": None
        if violation is None
        else {"rule": violation.rule, "text": violation.text, "time_ms": violation.time_us // 1000},
        "faults": [fault.to_value() for fault in report.faults],
        "planned_fault_count": len(report.planned),
        "shrink_runs": report.shrink_runs,
        "figures": {
            "virtual_ms": figures.ended_us // 1000,
            "events": figures.events,
            "blocks": figures.blocks,
            "transactions": figures.transactions,
            "terms": figures.terms,
            "process_starts": figures.starts,
            "frames": figures.frames,
            "frame_bytes": figures.size_bytes,
            "frames_lost": figures.frames_lost,
            "copies_per_message": round(figures.copies_per_message, 3),
            "latency_median_ms": figures.latency_median_us / 1000,
            "latency_highest_ms": figures.latency_highest_us / 1000,
        },
        "spread": [_spread(one) for one in report.spread],
    }


def _spread(figures: SpreadFigures) -> dict[str, Any]:
    return {
        "kind": figures.kind,
        "messages": figures.messages,
        "copies": round(figures.copies, 3),
        "reached": round(figures.reached, 3),
        "reached_least": round(figures.reached_least, 3),
        "hops_median": figures.hops_median,
        "hops_highest": figures.hops_highest,
        "latency_median_ms": figures.latency_median_us / 1000,
        "latency_highest_ms": figures.latency_highest_us / 1000,
    }


def page(report: Report) -> str:
    """The report as one HTML page, with the timeline drawn into it."""
    violation = report.violation
    chart = Chart(report.timeline, report.figures.ended_us, violation.time_us if violation is not None else None)
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        f"<title>Simulation, seed {report.seed}</title><style>{_STYLE}</style></head><body>",
        f"<h1>Simulation of {report.setting.scenario.nodes} nodes, seed {report.seed}</h1>",
        _verdict(report),
        f"<p>{legend()}</p>{chart.svg()}",
        f"<h2>Figures</h2>{_table(document(report)['figures'].items())}",
        "<h2>How broadcast messages spread</h2>",
        _spread_table(report.spread),
        "<h2>Faults</h2>",
        _table((fault.number, str(fault)) for fault in report.faults) if report.faults else "<p>None.</p>",
        f"<h2>Again</h2><pre>{escape(command(report))}</pre>",
    ]
    if report.trace:
        lines = report.trace[-TRACE_LINES_MAX:]
        parts.append(f"<h2>Trace: the last {len(lines)} lines</h2><pre>{escape(chr(10).join(lines))}</pre>")
    parts.append("</body></html>\n")
    return "".join(parts)


def command(report: Report) -> str:
    """The command line that runs this again."""
    scenario = report.setting.scenario
    words = f"banyan simulate --nodes {scenario.nodes} --seconds {scenario.seconds} --seed {report.seed}"
    if scenario.observers:
        words += f" --observers {scenario.observers}"
    if scenario.reminders:
        words += " --reminders"
    words += "".join(f" --liar {how}" for how in _liars(report).values())
    if report.faults != report.planned:
        words += f" --faults '{faults_to_json(report.faults)}'"
    return words


def _liars(report: Report) -> dict[int, str]:
    """How each lying node lies; those of tests, which have no name, are left out."""
    names = {liar: name for name, liar in LIARS.items()}
    return {node: names[how] for node, how in report.setting.scenario.liars.items() if how in names}


def _verdict(report: Report) -> str:
    setting = report.setting
    about = (
        f"{setting.scenario.seconds} virtual seconds, overlay {setting.overlay}, network {setting.profile},"
        f" commit {report.commit or 'not told'}"
    )
    about += "".join(f", node {node} lies: {how}" for node, how in _liars(report).items())
    if report.violation is None:
        return f'<p class="good">Every rule held.</p><p>{escape(about)}</p>'
    violation = report.violation
    text = f"{violation.rule}: {violation.text} (at {violation.time_us / 1_000_000:.6f} s)"
    shrunk = f"{len(report.faults)} of {len(report.planned)} faults are enough, found in {report.shrink_runs} runs."
    return f'<p class="bad">{escape(text)}</p><p>{escape(about)}. {shrunk}</p>'


def _spread_table(spread: tuple[SpreadFigures, ...]) -> str:
    if not spread:
        return "<p>Nothing was counted.</p>"
    rows = [_spread(one) for one in spread]
    head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in rows[0])
    body = "".join(f"<tr>{''.join(f'<td>{value}</td>' for value in row.values())}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _table(rows: Any) -> str:
    cells = "".join(f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"
