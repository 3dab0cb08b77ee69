"""`banyan pack check|test|propose`: policy packs, from their folder to the ledger. Source: docs/reference/packs.md."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.language import N_, _, translated
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from cli.client import Answer
    from contracts.packs.pack import Pack
    from contracts.packs.source import Compiled
    from ledger.encoding import Value

_Folder = Annotated[Path, typer.Argument(metavar="DIR", help=N_("The pack's folder, with its pack.toml."))]
_PART_THERE = "packs.part-there"
_PACK_THERE = "packs.pack-there"


def pack_check(
    session: Session,
    folder: _Folder,
    diagram: Annotated[
        bool, typer.Option("--diagram", help=N_("Print the states as Mermaid diagrams, and nothing else."))
    ] = False,
) -> int:
    """Tell what a pack declares, or everything that is wrong with it."""
    from cli.errors import EXIT_FAILED
    from cli.pack_folder import compile_folder

    compiled = compile_folder(folder)
    if compiled.pack is None:
        session.show(_faults(compiled), lambda printer: _render_faults(printer, compiled))
        return EXIT_FAILED
    pack = compiled.pack
    document = _document(pack)
    if diagram:
        from cli.pack_picture import mermaid

        session.show(document | {"diagram": mermaid(pack)}, lambda printer: printer.line(mermaid(pack)))
    else:
        session.show(document, lambda printer: _render_pack(printer, pack, document))
    return 0


def pack_test(
    session: Session,
    folder: _Folder,
    story: Annotated[
        list[str] | None,
        typer.Option("--story", metavar="NAME", help=N_("Only the scenario in NAME.toml; may be repeated.")),
    ] = None,
) -> int:
    """Play the scenarios of a pack on a ledger in memory, and tell what comes out otherwise than they say."""
    from cli.errors import EXIT_FAILED
    from cli.pack_folder import compile_folder
    from cli.pack_scenario_file import read_scenario_file
    from cli.pack_scenario_run import run_scenario

    compiled = compile_folder(folder)
    if compiled.pack is None:
        session.show(_faults(compiled), lambda printer: _render_faults(printer, compiled))
        return EXIT_FAILED
    files = _stories(folder, story or [])
    outcomes = []
    with session.progress(_("Playing"), len(files)) as advance:
        for done, path in enumerate(files, 1):
            scenario, faults = read_scenario_file(path)
            findings = faults if scenario is None else run_scenario(compiled.pack, scenario, compiled.below)
            outcomes.append((path.name, scenario.title if scenario is not None else "", findings))
            advance(done, None)
    document = {
        "scenarios": [
            {
                "file": name,
                "title": title,
                "findings": [
                    {"path": one.path, "step": getattr(one, "step", ""), "problem": translated(one)} for one in findings
                ],
            }
            for name, title, findings in outcomes
        ]
    }
    session.show(document, lambda printer: _render_scenarios(printer, document))
    return EXIT_FAILED if any(findings for _name, _title, findings in outcomes) else 0


def _stories(folder: Path, names: list[str]) -> list[Path]:
    """The scenarios of a pack, or those of these names.

    Raises:
        UsageError: there are none, or none of a name.
    """
    from cli.errors import UsageError
    from cli.pack_folder import SCENARIOS

    files = sorted((folder / SCENARIOS).glob("*.toml"))
    if not files:
        raise UsageError("{path} holds no scenarios: files of the form *.toml", path=str(folder / SCENARIOS))
    unknown = sorted(set(names).difference(path.stem for path in files))
    if unknown:
        raise UsageError(
            "{path} holds no {name}; it holds {known}",
            path=str(folder / SCENARIOS),
            name=f"{unknown[0]}.toml",
            known=", ".join(path.name for path in files),
        )
    return [path for path in files if not names or path.stem in names]


def _render_scenarios(printer: Printer, document: dict[str, Any]) -> None:
    for one in document["scenarios"]:
        if not one["findings"]:
            printer.good(f"{one['file']}: {one['title']}")
            continue
        printer.bad(f"{one['file']}: {one['title']}")
        for finding in one["findings"]:
            step = f" ({finding['step']})" if finding["step"] else ""
            printer.line(f"    {finding['path']}{step}: {finding['problem']}")


def pack_propose(
    session: Session,
    folder: _Folder,
    start: Annotated[
        int | None,
        typer.Option("--from", metavar="HEIGHT", help=N_("The block from which it is in force. Default: at once.")),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="FILE", help=N_("Key to sign with. Default: $BANYAN_KEY, then admin.key in --home.")
        ),
    ] = None,
) -> int:
    """Publish a pack's parts, and propose to put it in force; it is once enough administrators approve."""
    from cli.errors import UsageError
    from cli.pack_folder import compile_folder

    compiled = compile_folder(folder)
    if compiled.pack is None:
        raise UsageError(
            "the pack in {path} has faults ({count}); `banyan pack check` tells them",
            path=str(folder),
            count=len(compiled.faults),
        )
    pack = compiled.pack
    published = _publish(session, pack, key)
    arguments: dict[str, Value] = {"pack": pack.hash} | ({} if start is None else {"from": start})
    answer = _ask(session, "governance.pack-activate", arguments, key)
    proposal = _proposed(answer)
    document = {"pack": pack.hash.hex(), "published": published, "proposal": proposal, "height": answer["height"]}
    session.show(document, lambda printer: _render_proposal(printer, pack, document))
    return 0


def _publish(session: Session, pack: "Pack", key: Path | None) -> int:
    """Publish what is not on the ledger yet; how many transactions that took."""
    published = 0
    steps: list[tuple[str, bytes, str]] = [
        ("packs.publish-part", data, _PART_THERE) for _kind, data in sorted(pack.parts().items())
    ]
    steps.append(("packs.publish", pack.manifest.encode(), _PACK_THERE))
    with session.progress(_("Publishing"), len(steps)) as advance:
        for done, (operation, data, there) in enumerate(steps, 1):
            published += _ask(session, operation, {"data": data}, key, there)["result"]["code"] != there
            advance(done, None)
    return published


def _ask(
    session: Session, operation: str, arguments: "dict[str, Value]", key: Path | None, accepted: str = ""
) -> "Answer":
    from cli.handing_in import check_result, hand_in
    from cli.operation_arguments import PreparedArguments

    answer = hand_in(session, operation, PreparedArguments(arguments, ()), key)
    if answer["result"]["code"] != accepted:
        check_result(answer)
    return answer


def _proposed(answer: "Answer") -> str | None:
    """The proposal that waits for approvals after this transaction; None if the pack is put in force."""
    for event in answer["result"]["events"]:
        if event["name"] == "governance.approved" and event["data"]["approvals"] < event["data"]["needed"]:
            return str(event["data"]["proposal"]["$hex"])
    return None


def _faults(compiled: "Compiled") -> dict[str, Any]:
    return {
        "faults": [{"file": fault.file, "path": fault.path, "problem": translated(fault)} for fault in compiled.faults]
    }


def _render_faults(printer: Printer, compiled: "Compiled") -> None:
    for fault in compiled.faults:
        printer.bad(f"{fault.file}: {fault.path}" if fault.file else fault.path)
        printer.line(f"    {translated(fault)}")
    printer.line(_("Faults: {count}").format(count=len(compiled.faults)))


def _document(pack: "Pack") -> dict[str, Any]:
    manifest = pack.manifest
    parts = pack.parts()
    return {
        "name": manifest.name,
        "version": manifest.version,
        "hash": pack.hash.hex(),
        "base": None if manifest.base is None else {"name": manifest.base.name, "hash": manifest.base.hash.hex()},
        "size_bytes": len(manifest.encode()) + sum(map(len, parts.values())),
        "roles": sorted(manifest.roles),
        "parameters": sorted(manifest.parameters),
        "sections": sorted(manifest.sections),
        "indices": _indices(pack),
        "types": [
            {
                "kind": kind,
                "fields": len(one.fields),
                "states": sorted(one.states),
                "transitions": sorted(one.transitions),
                "rules": len(one.rules),
                "size_bytes": len(parts[kind]),
            }
            for kind, one in pack.types.items()
        ],
    }


def _indices(pack: "Pack") -> dict[str, list[str]]:
    """What the section `indices` declares, by name."""
    from contracts.indices.section import SECTION_INDICES, IndexSection

    section = pack.sections.get(SECTION_INDICES)
    if not isinstance(section, IndexSection):
        return {}
    return {
        "index": sorted(section.indices),
        "requirement": sorted(section.requirements),
        "warning": sorted(section.warnings),
    }


def _render_pack(printer: Printer, pack: "Pack", document: dict[str, Any]) -> None:
    from cli.pack_picture import title_of, transition_lines

    manifest = pack.manifest
    rows: list[tuple[str, object]] = [
        (_("Pack"), f"{manifest.name} {manifest.version}: {title_of(manifest.title)}"),
        (_("Hash"), document["hash"]),
        (_("Size"), _("{size} bytes").format(size=document["size_bytes"])),
        (_("Roles"), ", ".join(document["roles"])),
        (_("Parameters"), ", ".join(document["parameters"])),
    ]
    if manifest.sections:
        rows.append((_("Sections"), ", ".join(document["sections"])))
    if manifest.base is not None:
        rows.append((_("On top of"), f"{manifest.base.name} {manifest.base.hash.hex()}"))
    printer.fields(rows)
    for kind, definition in pack.types.items():
        printer.line()
        printer.line(f"{kind}: {title_of(definition.title)}", "bold")
        printer.table([_("From"), _("Transition"), _("To"), _("Conditions")], transition_lines(definition))
    _render_indices(printer, pack)
    printer.line()
    printer.good(_("Nothing is wrong with it."))


def _render_indices(printer: Printer, pack: "Pack") -> None:
    """What the pack measures of units, and what it warns of."""
    from cli.pack_picture import title_of
    from contracts.indices.evaluation import formulas_of
    from contracts.indices.section import SECTION_INDICES, IndexSection
    from contracts.rules.printer import print_tree

    section = pack.sections.get(SECTION_INDICES)
    if not isinstance(section, IndexSection):
        return
    for index in section.indices.values():
        printer.line()
        printer.line(f"{index.name}: {title_of(index.title)}", "bold")
        formulas = formulas_of(index, section.parameters)
        printer.table(
            [_("Part"), _("Weight"), _("Formula")],
            ([title_of(one.title), one.weight, print_tree(formulas[one.name])] for one in index.terms.values()),
        )
    watched = {name: one.title for name, one in section.warnings.items()}
    watched |= {name: one.title for name, one in section.requirements.items()}
    if watched:
        printer.line()
        printer.table([_("Warnings and requirements"), ""], ([name, title_of(one)] for name, one in watched.items()))


def _render_proposal(printer: Printer, pack: "Pack", document: dict[str, Any]) -> None:
    name = pack.manifest.name
    if document["proposal"] is None:
        printer.good(_("{name} is decided on, in block {height}.").format(name=name, height=document["height"]))
    else:
        printer.line(
            _("Proposed. It is done once more administrators approve: `banyan voters approve {proposal}`.").format(
                proposal=document["proposal"]
            )
        )
