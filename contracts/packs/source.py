"""A pack from the tables that its authors write, with everything that is wrong with it.

Owns the order of the compilation: files are put together, base and local conventions merged, tables lowered to maps,
maps read, expressions parsed, and all of it checked. Never reads a file. Invariant: a pack without faults decodes from
its own bytes to itself, so the ledger will take it. Source: docs/reference/packs.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from contracts.packs.fault import Faults, PackFault
from contracts.packs.field import Field
from contracts.packs.form import Form
from contracts.packs.gathering import PACK_TABLE, Gathered, Table, gather
from contracts.packs.lowering import Lowered, lower_parameter, lower_type
from contracts.packs.manifest import Base, Manifest
from contracts.packs.merging import merge
from contracts.packs.overlay import not_weaker
from contracts.packs.pack import Pack, check_pack, counters_of
from contracts.packs.parsing import Surroundings, parameters_used, parse_expressions, used_by
from contracts.packs.record_type import TypeDefinition, part_hash
from contracts.packs.sections.known import SECTION_KINDS, SECTION_TABLES, encode_section
from contracts.packs.sections.section import Section, SectionSurroundings
from contracts.packs.type_check import check_shape
from ledger.hashing import ZERO_HASH

_RULE_OF_TYPE = re.compile(r"type\.(?P<kind>[a-z0-9-]+)\.rule\.(?P<rule>[a-z0-9-]+)")


@dataclass(frozen=True, slots=True)
class Compiled:
    """What became of a pack's files: the pack if nothing is wrong with it, and else all that is.

    `tables` are those of the pack with its base merged in, for packs on top of this one; `below` are those that it is
    on top of, the lowest first.
    """

    pack: Pack | None
    faults: tuple[PackFault, ...]
    tables: Mapping[str, Table]
    below: tuple[Pack, ...] = ()


def base_name(files: Mapping[str, Table]) -> str | None:
    """The name of the pack that these files put local conventions on; None if they stand alone."""
    for table in files.values():
        pack = table.get(PACK_TABLE)
        if isinstance(pack, dict) and isinstance(pack.get("base"), str):
            return str(pack["base"])
    return None


def compile_pack(files: Mapping[str, Table], base: Compiled | None = None) -> Compiled:
    """Compile the parsed files of a pack.

    Args:
        files: Tables by the name of the file; dates in them are texts.
        base: The compiled pack that `base_name` asks for.

    Cost: some tens of milliseconds for a large pack.
    """
    faults = Faults(strict=False)
    gathered = gather(files, faults, SECTION_TABLES)
    wanted = base_name(files)
    if wanted is not None and (base is None or base.pack is None):
        faults.add(PackFault("the base {name} is not there, or has faults of its own", name=wanted), "pack.base")
        return _finished(None, faults, gathered)
    if base is not None and base.pack is not None:
        sections = [kind.tables for kind in SECTION_KINDS.values()]
        gathered = Gathered(merge(base.tables, gathered.tables, faults, sections), gathered.origins)
    compilation = _Compilation(gathered.tables, faults)
    pack = compilation.run(base.pack if base is not None else None)
    below = (*base.below, base.pack) if base is not None and base.pack is not None else ()
    return replace(_finished(pack if not faults.found else None, faults, gathered), below=below)


def _finished(pack: Pack | None, faults: Faults, gathered: Gathered) -> Compiled:
    told: dict[tuple[str, str], PackFault] = {}
    for fault in faults.found:
        fault.path = _written_at(fault.path, gathered)
        fault.file = fault.file or gathered.file_of(fault.path)
        # A rule that several types share is wrong in one place.
        told.setdefault((fault.path, str(fault)), fault)
    return Compiled(pack, tuple(told.values()), gathered.tables)


def _written_at(path: str, gathered: Gathered) -> str:
    """Where the author wrote what is at `path`: a shared rule stands outside of the types that it was copied into."""
    found = _RULE_OF_TYPE.match(path)
    if found is None or found["rule"] not in gathered.tables["rule"]:
        return path
    own = gathered.tables["type"].get(found["kind"])
    rules = own.get("rule") if isinstance(own, dict) else None
    return path if isinstance(rules, dict) and found["rule"] in rules else path[found.start("rule") - len("rule.") :]


class _Compilation:
    """One pack under way."""

    def __init__(self, tables: Mapping[str, Table], faults: Faults) -> None:
        self._tables = tables
        self._faults = faults

    def run(self, base: Pack | None) -> Pack:
        """The pack as far as it can be read."""
        faults = self._faults
        manifest = self._manifest(base)
        rules = self._tables["rule"]
        lowered = {kind: lower_type(kind, one, rules) for kind, one in sorted(self._tables["type"].items())}
        drafts = {kind: TypeDefinition.read(one.value, f"type.{kind}", faults) for kind, one in lowered.items()}
        self._check_shared_rules(lowered)
        types = {kind: self._definition(kind, lowered[kind], drafts, manifest) for kind in drafts}
        for kind, definition in types.items():
            check_shape(definition, f"type.{kind}", faults)
        pack = Pack(manifest, types, self._sections(types, manifest))
        if not faults.found:
            pack = self._with_parts(pack)
        check_pack(pack, faults)
        if base is not None:
            for violation in not_weaker(base, pack):
                faults.add(violation, violation.path)
        return pack

    def _manifest(self, base: Pack | None) -> Manifest:
        written: dict[str, Any] = dict(self._tables[PACK_TABLE])
        if not written:
            self._faults.add(PackFault("there is no table [pack] with the pack's name, version and title"), PACK_TABLE)
        written.pop("base", None)
        for name in ("part", "parameter", "role", "permission", "section"):
            if name in written:
                self._faults.add(PackFault("there is no key {key} here", key=repr(name)), f"pack.{name}")
        value = written | {"part": {}, "role": self._tables["role"], "permission": self._tables["permission"]}
        value["parameter"] = {
            name: lower_parameter(one, f"parameter.{name}", self._faults)
            for name, one in self._tables["parameter"].items()
        }
        value["permission"] = {
            name: [actors] if isinstance(actors, str) else actors for name, actors in value["permission"].items()
        }
        manifest = Manifest.read(value, "", _Moved(self._faults))
        return manifest if base is None else replace(manifest, base=Base(base.manifest.name, base.hash))

    def _definition(
        self, kind: str, lowered: Lowered, drafts: Mapping[str, TypeDefinition], manifest: Manifest
    ) -> TypeDefinition:
        path = f"type.{kind}"
        draft = drafts[kind]
        surroundings = Surroundings(manifest.roles, counters_of(drafts), _fields_of(drafts), manifest.parameters)
        if self._scope_is_faulty(path):
            return replace(draft, parameters=manifest.parameters)
        trees = parse_expressions(draft, lowered, surroundings, path, self._faults)
        # Read again, with the trees in their places; its faults are known.
        definition = TypeDefinition.read(lowered.value, path, Faults(strict=False))
        return replace(
            definition,
            uses=used_by(definition, trees, surroundings),
            parameters=parameters_used(definition, trees, manifest.parameters),
        )

    def _sections(self, types: Mapping[str, TypeDefinition], manifest: Manifest) -> dict[str, Section]:
        """The sections that some table was written for."""
        named = Surroundings(manifest.roles, counters_of(types), _fields_of(types), manifest.parameters)
        surroundings = SectionSurroundings(types, manifest, named)
        found: dict[str, Section] = {}
        for name, kind in sorted(SECTION_KINDS.items()):
            tables = {table: self._tables[table] for table in kind.tables}
            if any(tables.values()):
                form = Form(kind.lower(tables, surroundings, self._faults), kind.path, self._faults)
                found[name] = kind.read(form)
                form.close()
        return found

    def _scope_is_faulty(self, path: str) -> bool:
        """Whether fields, parameters or effects cannot be read, so that complaints about rules would mislead."""
        return any(
            fault.path.startswith(f"{path}.field.")
            or (fault.path.startswith("parameter.") and fault.path.endswith(".type"))
            or (fault.path.startswith(f"{path}.transition.") and ".effects[" in fault.path)
            for fault in self._faults.found
        )

    def _check_shared_rules(self, lowered: Mapping[str, Lowered]) -> None:
        used = {name for one in lowered.values() for name in one.value.get("rule", {})}
        for name in self._tables["rule"]:
            if name not in used:
                fault = PackFault(
                    "no transition asks for the rule {name}; name it in `guards`, or remove it", name=name
                )
                self._faults.add(fault, f"rule.{name}")

    def _with_parts(self, pack: Pack) -> Pack:
        parts = {}
        for kind, definition in pack.types.items():
            try:
                parts[kind] = part_hash(definition.encode())
            except PackFault as fault:
                self._faults.add(fault, f"type.{kind}")
                parts[kind] = ZERO_HASH
        sections = {}
        for name, section in pack.sections.items():
            try:
                sections[name] = part_hash(encode_section(section))
            except PackFault as fault:
                self._faults.add(fault, name)
        manifest = replace(pack.manifest, parts=parts, sections=sections)
        try:
            manifest.encode()
        except PackFault as fault:
            self._faults.add(fault, PACK_TABLE)
        return Pack(manifest, pack.types, pack.sections)


class _Moved(Faults):
    """Faults of the manifest, where their authors find them: what is about the pack itself stands in `[pack]`."""

    __slots__ = ("_faults",)

    def __init__(self, faults: Faults) -> None:
        super().__init__(strict=False)
        self._faults = faults

    def add(self, fault: PackFault, path: str) -> None:
        """Keep the fault where the author finds it."""
        own = path.startswith(("parameter.", "role.", "permission.")) or path in ("parameter", "role", "permission")
        self._faults.add(fault, path if own else f"{PACK_TABLE}.{path}" if path else PACK_TABLE)


def _fields_of(drafts: Mapping[str, TypeDefinition]) -> dict[str, dict[str, Field]]:
    return {kind: draft.fields for kind, draft in drafts.items()}
