"""The contract `packs`: the parts of policy packs, put on the ledger.

Owns the records `pack-part/<hash>` and `pack/<hash>`, and when one may be written: a part when it is consistent in
itself, a manifest when all its parts are there and fit each other, and are no weaker than the pack below. Never puts a
pack in force: the administrators do, through `governance.pack-activate`. Invariant: whatever is published could be put
in force. Source: docs/reference/contracts.md, "packs"; docs/adr/0022-packs.md.
"""

from contracts.arguments import Argument, Arguments, Bytes
from contracts.authority.judgement import Subject, require
from contracts.authority.permission import KIND_PERMISSION
from contracts.context import Context
from contracts.contract import Contract, Operation
from contracts.errors import Reason, Refusal
from contracts.packs.active import KIND_ACTIVE, KIND_PACK, KIND_PART, KIND_SECTION, KIND_TYPE
from contracts.packs.fault import PackFault
from contracts.packs.field_value import FIELD_REASONS
from contracts.packs.limits import PART_SIZE_BYTES_MAX
from contracts.packs.manifest import Manifest
from contracts.packs.overlay import not_weaker
from contracts.packs.pack import Pack
from contracts.packs.record_type import part_hash
from contracts.packs.sections.known import decode_part
from contracts.packs.sections.section import part_name
from ledger.hashing import Hash

PART_PUBLISHED = "packs.part-published"
PUBLISHED = "packs.published"

# In 16ths of a unit of `contracts.work` for each byte: reading a part and checking it. A node that has read it lately
# remembers it; what is counted must not depend on that.
_PART_BYTE_WORK_16THS = 11

PART_INVALID = Reason(
    "packs.part-invalid", "the part of a pack is not right at {path}; `banyan pack check` says what is wrong"
)
PART_THERE = Reason("packs.part-there", "the part {part} is published already")
PART_MISSING = Reason("packs.part-missing", "the part {kind} of the pack is not published; publish its parts first")
MANIFEST_INVALID = Reason(
    "packs.manifest-invalid", "the pack is not right at {path}; `banyan pack check` says what is wrong"
)
PACK_THERE = Reason("packs.pack-there", "the pack {pack} is published already")
BASE_MISSING = Reason("packs.base-missing", "the base {base} of the pack is not published; publish it first")
WEAKER = Reason(
    "packs.weaker", "the pack asks for less than its base at {path} ({rule}); `banyan pack check` says more"
)

PUBLISHING_REASONS = (PART_INVALID, PART_THERE, PART_MISSING, MANIFEST_INVALID, PACK_THERE, BASE_MISSING, WEAKER)


def publish_part(context: Context, arguments: Arguments) -> None:
    """Put one record type or section of a pack on the ledger; twice the same is refused."""
    require(context, Subject())
    data = arguments.octets("data")
    _count_work(context, data)
    try:
        name, _part = decode_part(data)
    except PackFault as fault:
        raise Refusal(*PART_INVALID, path=fault.path or "part") from fault
    found = part_hash(data)
    if context.read(KIND_PART, found.hex()) is not None:
        raise Refusal(*PART_THERE, part=found.hex())
    context.create(KIND_PART, found.hex(), {"data": data})
    context.emit(PART_PUBLISHED, {"kind": name, "part": found})


def publish(context: Context, arguments: Arguments) -> None:
    """Put a pack's manifest on the ledger; all its parts are there, and it is no weaker than its base."""
    require(context, Subject())
    data = arguments.octets("data")
    try:
        manifest = Manifest.decode(data)
    except PackFault as fault:
        raise Refusal(*MANIFEST_INVALID, path=fault.path or "manifest") from fault
    found = manifest.hash
    if context.read(KIND_PACK, found.hex()) is not None:
        raise Refusal(*PACK_THERE, pack=found.hex())
    pack = _whole(context, data, manifest)
    if manifest.base is not None:
        _check_base(context, manifest.base.hash, pack)
    context.create(KIND_PACK, found.hex(), {"data": data, "name": manifest.name, "version": manifest.version})
    context.link(f"pack/{manifest.name}")
    context.emit(PUBLISHED, {"name": manifest.name, "pack": found, "version": manifest.version})


def _whole(context: Context, data: bytes, manifest: Manifest) -> Pack:
    parts = {}
    listed = manifest.parts | {part_name(name): wanted for name, wanted in manifest.sections.items()}
    for kind, wanted in listed.items():
        record = context.read(KIND_PART, wanted.hex())
        part = None if record is None else record.fields.get("data")
        if not isinstance(part, bytes):
            raise Refusal(*PART_MISSING, kind=kind)
        _count_work(context, part)
        parts[kind] = part
    try:
        return Pack.decode(data, parts)
    except PackFault as fault:
        raise Refusal(*MANIFEST_INVALID, path=fault.path or "manifest") from fault


def _check_base(context: Context, base: Hash, pack: Pack) -> None:
    record = context.read(KIND_PACK, base.hex())
    data = None if record is None else record.fields.get("data")
    if not isinstance(data, bytes):
        raise Refusal(*BASE_MISSING, base=base.hex())
    weaker = not_weaker(_whole(context, data, Manifest.decode(data)), pack)
    if weaker:
        raise Refusal(*WEAKER, path=weaker[0].path, rule=weaker[0].rule)


def _count_work(context: Context, part: bytes) -> None:
    context.add_work(len(part) * _PART_BYTE_WORK_16THS >> 4)


_DATA = Argument("data", Bytes(PART_SIZE_BYTES_MAX), "public")

PACKS = Contract(
    name="packs",
    summary="Policy packs: what they declare, put on the ledger part by part",
    kinds=frozenset((KIND_ACTIVE, KIND_PACK, KIND_PART, KIND_PERMISSION, KIND_SECTION, KIND_TYPE)),
    events=frozenset((PART_PUBLISHED, PUBLISHED)),
    reasons=(*PUBLISHING_REASONS, *FIELD_REASONS),
    operations=(
        Operation(
            "publish-part",
            "Put one record type or section of a pack on the ledger",
            (_DATA,),
            publish_part,
            actors=("administrator",),
        ),
        Operation(
            "publish",
            "Put a pack on the ledger whose record types are there",
            (_DATA,),
            publish,
            actors=("administrator",),
        ),
    ),
)
