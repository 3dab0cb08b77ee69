"""Putting a pack in force, from a height on: what governance does once enough administrators agree.

Owns the check of the step from what is in force to the new pack, and the records of it. Never judges the pack itself:
it is published, so it is right. Invariants: the version of a pack only counts up; a kind of record changes from one
pack to another only from a base to local conventions on top of it; of a pack, one version is in force and at most one
is to come. Source: docs/reference/contracts.md, "packs"; docs/adr/0022-packs.md.
"""

from dataclasses import dataclass
from functools import partial

from contracts.arguments import Argument, Arguments, HashValue, Integer
from contracts.authority.permission import KIND_PERMISSION, Grants, permission_fields
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.indices.section import SECTION_INDICES
from contracts.packs.active import (
    KIND_ACTIVE,
    KIND_PACK,
    KIND_SECTION,
    KIND_TYPE,
    NO_PART,
    PackVersion,
    TypeVersion,
    extended,
    find_manifest,
    pack_versions,
    section_id,
    section_versions,
    versions_fields,
    versions_of,
)
from contracts.packs.check import BEGIN_PURPOSE
from contracts.packs.manifest import Base, Manifest
from contracts.packs.ownership import PACKS_FULL, ROLE_TAKEN, check_roles, versions_not_over
from contracts.packs.permitting import PERMISSION_FULL, changed_permissions
from contracts.packs.succession import ID_CHANGED, KIND_TAKEN, types_followed
from contracts.plan import Plan
from contracts.timers import set_timer
from contracts.warnings.names import PURPOSE_BEGIN
from ledger.hashing import Hash

ACTIVATED = "governance.pack-activated"
# Blocks that an activation may lie ahead: a year of blocks, if there are three in a second.
HEIGHT_AHEAD_MAX = 100_000_000

PACK_UNKNOWN = Reason(
    "governance.pack-unknown", "the pack {pack} is not published; `banyan pack propose` publishes it first"
)
VERSION_NOT_NEWER = Reason(
    "governance.pack-version", "version {found} of the pack {name} is in force or to come; {version} does not count up"
)
WAITING = Reason(
    "governance.pack-waiting",
    "version {found} of the pack {name} is to come in block {height}; let this one begin there or before, or wait",
)
HEIGHT_TOO_FAR = Reason("governance.pack-height", "the block {height} is more than {limit} blocks ahead")
BASE_OLDER = Reason(
    "governance.pack-base-older", "version {found} of the base {name} was in force; the pack is on top of {version}"
)

ACTIVATION_REASONS = (
    PACK_UNKNOWN,
    VERSION_NOT_NEWER,
    WAITING,
    KIND_TAKEN,
    ID_CHANGED,
    ROLE_TAKEN,
    PACKS_FULL,
    PERMISSION_FULL,
    HEIGHT_TOO_FAR,
    BASE_OLDER,
)
ACTIVATION_TIMERS = frozenset((BEGIN_PURPOSE, PURPOSE_BEGIN))
ACTIVATION_KINDS = frozenset((KIND_ACTIVE, KIND_PERMISSION, KIND_SECTION, KIND_TYPE))
ACTIVATION_ARGUMENTS = (
    Argument("pack", HashValue(), "public"),
    Argument("from", Integer(1, 2**53), "public", optional=True),
)


def plan_activation(context: Context, arguments: Arguments) -> Plan:
    """Put a published pack in force, from the block `from` on, at the earliest from the next."""
    pack = arguments.hash("pack")
    if context.read(KIND_PACK, pack.hex()) is None:
        raise Refusal(*PACK_UNKNOWN, pack=pack.hex())
    manifest = find_manifest(context, pack)
    wanted = arguments.integer("from") if "from" in arguments else 0
    height = max(wanted, context.height + 1)
    if height > context.height + HEIGHT_AHEAD_MAX:
        raise Refusal(*HEIGHT_TOO_FAR, height=height, limit=HEIGHT_AHEAD_MAX)
    before = pack_versions(context, manifest.name)
    if before and before[-1].version >= manifest.version:
        raise Refusal(*VERSION_NOT_NEWER, found=before[-1].version, name=manifest.name, version=manifest.version)
    if before and context.height < before[-1].from_height < height:
        raise Refusal(*WAITING, found=before[-1].version, name=manifest.name, height=before[-1].from_height)
    if manifest.base is not None:
        _check_base_version(context, manifest.base, before)
    bases = _bases(context, manifest)
    names = {manifest.name, *bases[:1]}
    types = types_followed(context, manifest, height, names)
    check_roles(context, manifest, (manifest.name, *bases))
    own = versions_not_over(context, manifest.name)
    below = [one for name in bases for one in versions_not_over(context, name)]
    permissions = changed_permissions(context, pack, manifest, height, (*own, *below), bases)
    sections = sorted({section for one in (manifest, *own) for section in one.sections})
    change = _Activation(pack, manifest, height, before, types, tuple(sections), permissions)
    return Plan(f"pack/{manifest.name}", partial(change.enact, context))


@dataclass(frozen=True, slots=True)
class _Activation:
    """A step that was checked: the pack, from when on, the versions of the pack and its types before, the sections that
    begin or end with it, and the grants of operations after it."""

    pack: Hash
    manifest: Manifest
    height: int
    before: tuple[PackVersion, ...]
    types: dict[str, tuple[TypeVersion, ...]]
    sections: tuple[str, ...]
    permissions: dict[str, Grants]

    def enact(self, context: Context, decision: Hash) -> None:
        """Write it."""
        manifest, height = self.manifest, self.height
        kept = tuple(one for one in self.before if one.from_height < height)
        newest = PackVersion(height, self.pack, manifest.version)
        context.put(KIND_ACTIVE, manifest.name, {**versions_fields((*kept, newest)), "decision": decision})
        for kind, part in manifest.parts.items():
            versions = extended(self.types[kind], TypeVersion(height, self.pack, part))
            context.put(KIND_TYPE, kind, {**versions_fields(versions), "decision": decision})
        self._take_back_kinds(context, decision)
        self._write_sections(context, decision)
        self._write_permissions(context, decision)
        # In the next block, by itself: this transaction may have written all that one may.
        set_timer(context, context.time_ms, BEGIN_PURPOSE, {"pack": self.pack})
        if SECTION_INDICES in manifest.sections:
            set_timer(context, context.time_ms, PURPOSE_BEGIN, {"pack": self.pack})
        context.emit(ACTIVATED, {"from": height, "name": manifest.name, "pack": self.pack, "version": manifest.version})

    def _take_back_kinds(self, context: Context, decision: Hash) -> None:
        """Take back the kinds that only versions have which were to come and give way."""
        gone = [one.pack for one in self.before if one.from_height >= self.height]
        kinds = {kind: None for pack in gone for kind in find_manifest(context, pack).parts}
        for kind in kinds:
            if kind in self.manifest.parts:
                continue
            left = tuple(one for one in versions_of(context, kind) if one.pack not in gone)
            if left:
                context.put(KIND_TYPE, kind, {**versions_fields(left), "decision": decision})
            else:
                context.delete(KIND_TYPE, kind)

    def _write_sections(self, context: Context, decision: Hash) -> None:
        """Each section of this version begins; one that only the version before has ends."""
        name, sections = self.manifest.name, self.manifest.sections
        for section in self.sections:
            newest = TypeVersion(self.height, self.pack, sections.get(section, NO_PART))
            versions = extended(section_versions(context, name, section), newest)
            context.put(KIND_SECTION, section_id(name, section), {**versions_fields(versions), "decision": decision})

    def _write_permissions(self, context: Context, decision: Hash) -> None:
        for operation, grants in self.permissions.items():
            if grants:
                context.put(KIND_PERMISSION, operation, {**permission_fields(grants), "decision": decision})
            else:
                context.delete(KIND_PERMISSION, operation)


def _bases(context: Context, manifest: Manifest) -> tuple[str, ...]:
    """The names of the packs that one stands on, its own base first; a read for each."""
    names: dict[str, None] = {}
    one = manifest
    while one.base is not None:
        names[one.base.name] = None
        one = find_manifest(context, one.base.hash)
    return tuple(name for name in names if name != manifest.name)


def _check_base_version(context: Context, base: Base, before: tuple[PackVersion, ...]) -> None:
    """Local conventions never go back behind a version of their base that they, or everybody, had before."""
    version = find_manifest(context, base.hash).version
    found = [one.version for one in pack_versions(context, base.name)[-1:]]
    own = find_manifest(context, before[-1].pack).base if before else None
    if own is not None and own.name == base.name:
        found.append(find_manifest(context, own.hash).version)
    if found and max(found) > version:
        raise Refusal(*BASE_OLDER, found=max(found), name=base.name, version=version)
