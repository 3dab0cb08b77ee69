"""`banyan report index`: how well units run, by the formulas that their packs publish.

Owns the choice of what is computed, and the telling of it. What is counted and computed is `contracts.indices`.
Source: docs/reference/indices.md.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.language import N_, _, translated_template
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from cli.reports.reading import NodeRecords
    from contracts.indices.counted import Counted, Missing
    from contracts.indices.evaluation import IndexEvaluation, UnitIndex
    from contracts.indices.period import Period
    from contracts.packs.in_force import SectionInForce

# Of each input; the JSON document has them all.
RECORDS_SHOWN_MAX = 12


def index(
    session: Session,
    name: Annotated[str | None, typer.Argument(metavar="INDEX", help=N_("Name of the index. Default: all."))] = None,
    unit: Annotated[str | None, typer.Option("--unit", help=N_("Only this unit. Default: all active ones."))] = None,
    period: Annotated[
        str | None,
        typer.Option("--period", help=N_("2026, 2026-Q3, 2026-08 or a day. Default: the last one that is over.")),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help=N_("Show formulas, and every input with the records it was counted from."))
    ] = False,
) -> None:
    """Compute indices of units."""
    from cli.reports.period_words import first_day
    from cli.reports.reading import NodeRecords
    from contracts.indices.period import last_complete, period_with

    day = None if period is None else first_day(period)
    with NodeRecords(session.home) as records, session.progress(_("Counting"), None) as advance:
        evaluations = _evaluations(records, name)
        units = _units(records, unit)
        now_ms = records.now_ms()
        entries = []
        for found, evaluation in evaluations:
            every, offset = evaluation.index.every, _offset(found, now_ms)
            about = last_complete(every, now_ms, offset) if day is None else period_with(every, day, offset)
            results = []
            for one in units:
                result = evaluation.of(one, about)
                # A table of all units has those whom the index is about; one that was asked for is told why not.
                if result.is_concerned or unit is not None:
                    results.append(_describe(result, evaluation, explain=explain))
                advance(len(results), len(units))
            entries.append(_describe_index(found, evaluation, about) | {"units": results})
        document = {"indices": entries} | records.as_of()
    session.show(document, lambda printer: _render(session, printer, document, explain=explain))


def _evaluations(records: "NodeRecords", name: str | None) -> "list[tuple[SectionInForce, IndexEvaluation]]":
    from cli.errors import UsageError
    from contracts.indices.evaluation import IndexEvaluation
    from contracts.indices.section import SECTION_INDICES, IndexSection
    from contracts.packs.in_force import newest_definition, newest_sections

    evaluations, known = [], []
    for found in newest_sections(records, SECTION_INDICES):
        assert isinstance(found.section, IndexSection), "the section of this name is of this kind"
        for one in found.section.indices.values():
            known.append(one.name)
            if name not in (None, one.name):
                continue
            kinds = {wanted.kind for wanted in one.inputs.values() if wanted.kind}
            types = {kind: definition for kind in kinds if (definition := newest_definition(records, kind))}
            evaluations.append((found, IndexEvaluation(found.section, one, types, records)))
    if name is not None and not evaluations:
        raise UsageError(
            "no pack in force has an index {name}; there are: {known}", name=name, known=", ".join(known) or "none"
        )
    return evaluations


def _units(records: "NodeRecords", unit: str | None) -> list[str]:
    from contracts.units.tree import KIND_UNIT, STATE_ACTIVE

    if unit is not None:
        records.need(KIND_UNIT, unit)
        return [unit]
    return [found.id for found in records.each(KIND_UNIT, state=STATE_ACTIVE)]


def _offset(found: "SectionInForce", now_ms: int) -> int:
    from contracts.calendar.dates import day_at
    from contracts.indices.section import IndexSection

    assert isinstance(found.section, IndexSection), "the section of this name is of this kind"
    return found.section.offset_minutes(day_at(now_ms, 0))


def _describe_index(found: "SectionInForce", evaluation: "IndexEvaluation", period: "Period") -> dict[str, Any]:
    from contracts.calendar.dates import format_date

    one = evaluation.index
    return {
        "index": one.name,
        "title": one.title.to_value(),
        "summary": one.summary.to_value(),
        "article": one.article,
        "pack": {"name": found.pack, "hash": found.hash.hex()},
        "period": {"first": format_date(period.first), "last": format_date(period.last)},
    }


def _describe(result: "UnitIndex", evaluation: "IndexEvaluation", *, explain: bool) -> dict[str, Any]:
    from cli.reports.words import hundredths_text
    from contracts.rules.printer import print_tree

    terms = []
    for one in result.terms:
        shown: dict[str, Any] = {
            "term": one.term.name,
            "title": one.term.title.to_value(),
            "weight": one.weight,
            "score": one.score,
            "missing": _missing(one.missing),
        }
        if explain:
            shown |= {"article": one.term.article, "formula": print_tree(evaluation.formula(one.term.name))}
        terms.append(shown)
    document: dict[str, Any] = {
        "unit": result.unit,
        "value": None if result.value is None else hundredths_text(result.value),
        "weight_counted": result.weight_counted,
        "weight_whole": result.weight_whole,
        "terms": terms,
    }
    if explain:
        document["inputs"] = [_describe_input(name, counted, evaluation) for name, counted in result.inputs.items()]
    return document


def _describe_input(name: str, counted: "Counted", evaluation: "IndexEvaluation") -> dict[str, Any]:
    return {
        "input": name,
        "title": evaluation.index.inputs[name].title.to_value(),
        "counts": evaluation.index.inputs[name].count,
        "value": counted.value,
        "missing": _missing(counted.missing),
        "records": [{"kind": one.kind, "id": one.id, "amount": one.amount} for one in counted.cited],
    }


def _missing(missing: "Missing | None") -> dict[str, Any] | None:
    if missing is None:
        return None
    return {
        "code": missing.reason.code,
        "message": translated_template(missing.reason.template, missing.values),
        "values": missing.values,
    }


def _render(session: Session, printer: Printer, document: dict[str, Any], *, explain: bool) -> None:
    if not document["indices"]:
        session.note(_("No pack in force has an index."))
    for one in document["indices"]:
        printer.line(_said(one["title"]) + (f" ({one['article']})" if one["article"] else ""), "bold")
        printer.line(_said(one["summary"]))
        period = one["period"]
        printer.line(_("From {first} to {last}").format(first=period["first"], last=period["last"]))
        printer.line()
        if not one["units"]:
            printer.line(_("It is about none of the units."))
        elif len(one["units"]) == 1:
            _render_unit(printer, one["units"][0], explain=explain)
        else:
            _render_units(printer, one["units"])
        printer.line()


def _render_units(printer: Printer, units: list[dict[str, Any]]) -> None:
    printer.table(
        [_("Unit"), _("Index"), _("Rests on")],
        ([one["unit"], _value(one), f"{one['weight_counted']}/{one['weight_whole']}"] for one in units),
    )


def _render_unit(printer: Printer, one: dict[str, Any], *, explain: bool) -> None:
    printer.table(
        [_("Part"), _("Weight"), _("Score"), ""],
        (
            [
                _said(term["title"]),
                term["weight"],
                _("missing") if term["score"] is None else term["score"],
                term["missing"]["message"] if term["missing"] else "",
            ]
            for term in one["terms"]
        ),
    )
    printer.line()
    told = _("{unit}: {value}, resting on {counted} of {whole} of the weight")
    printer.line(
        told.format(unit=one["unit"], value=_value(one), counted=one["weight_counted"], whole=one["weight_whole"])
    )
    if explain:
        _render_explanation(printer, one)


def _render_explanation(printer: Printer, one: dict[str, Any]) -> None:
    printer.line()
    for term in one["terms"]:
        article = f" ({term['article']})" if term["article"] else ""
        printer.line(f"{_said(term['title'])}{article}: {term['formula']}")
    for counted in one["inputs"]:
        printer.line()
        value = counted["missing"]["message"] if counted["missing"] else counted["value"]
        printer.line(f"{counted['input']} = {value}  {_said(counted['title'])}", "bold")
        for record in counted["records"][:RECORDS_SHOWN_MAX]:
            printer.line(f"    {record['amount']}  {record['kind']} {record['id']}")
        more = len(counted["records"]) - RECORDS_SHOWN_MAX
        if more > 0:
            printer.line("    " + _("and {count} more: `--json` has them all").format(count=more))


def _value(one: dict[str, Any]) -> str:
    return _("missing") if one["value"] is None else str(one["value"])


def _said(title: dict[str, str]) -> str:
    from cli.reports.words import said
    from contracts.packs.words import Words

    return said(Words(title["en"], title["zh"]))
