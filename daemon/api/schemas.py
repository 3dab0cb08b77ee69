"""The shapes of requests and answers, as JSON schemas for the OpenAPI document.

Owns the schemas by name; docs/reference/api.md says the same in words.
"""

from daemon.api.json_value import Json
from daemon.disk_room import RoomLevel

_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "integer", "minimum": 0}
_FLAG: Json = {"type": "boolean"}
_HASH: Json = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_HEX: Json = {"type": "string", "pattern": "^([0-9a-f]{2})*$"}
_BASE64: Json = {"type": "string", "contentEncoding": "base64"}
_VALUE: Json = {"description": "A value of the ledger; byte strings as {$hex: …}, commitments as {#: …}."}
_FIELDS: Json = {"type": "object", "additionalProperties": _VALUE}


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(item: Json) -> Json:
    return {"type": "array", "items": item}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _object(optional: tuple[str, ...] = (), /, **properties: Json) -> Json:
    required: list[Json] = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


_ENDING = _object(at_ms=_NUMBER, address=_TEXT, reason=_TEXT, detail=_TEXT)
_PACK_WORDS = _or_null(_object(article=_TEXT, en=_TEXT, zh=_TEXT))
_REFUSAL = _or_null(_object(detail=_TEXT, template=_TEXT, params=_FIELDS, pack=_PACK_WORDS))
_PROTOCOL: dict[str, Json] = {
    "version": _NUMBER,
    "known": _list(_NUMBER),
    "scheduled": _or_null(_object(version=_NUMBER, height=_NUMBER)),
}
_PLACE = {"height": _NUMBER, "index": _NUMBER, "time_ms": _NUMBER}

SCHEMAS: dict[str, Json] = {
    "Problem": _object(
        ("retry_after_ms",),
        type=_TEXT,
        title=_TEXT,
        status=_NUMBER,
        detail=_TEXT,
        code=_TEXT,
        template=_TEXT,
        params={"type": "object"},
        retry_after_ms=_NUMBER,
    ),
    "Submission": _object(("detached",), envelope=_BASE64, detached=_list(_object(salt=_BASE64, value=_BASE64))),
    "Result": _object(
        code=_TEXT,
        details=_FIELDS,
        events=_list(_object(name=_TEXT, data=_FIELDS)),
        links=_list(_object(subject=_TEXT, sequence=_NUMBER, link=_HASH)),
        writes=_list(_object(kind=_TEXT, id=_TEXT, version=_NUMBER)),
        refusal=_REFUSAL,
    ),
    "Submitted": _object(
        ("height", "index", "time_ms", "result"),
        id=_HASH,
        status={"enum": ["committed", "pending"]},
        known=_FLAG,
        **_PLACE,
        result=_reference("Result"),
    ),
    "BatchLine": _object(
        ("number", "id", "known", "height", "index", "code", "details", "detail", "problem"),
        number=_NUMBER,
        id=_HASH,
        status={"enum": ["committed", "pending", "refused", "aborted"]},
        known=_FLAG,
        height=_NUMBER,
        index=_NUMBER,
        code=_TEXT,
        details=_FIELDS,
        detail=_or_null(_TEXT),
        problem={"type": "object"},
    ),
    "Transaction": _object(
        id=_HASH,
        status={"enum": ["committed"]},
        **_PLACE,
        result=_reference("Result"),
        result_leaf=_BASE64,
        transaction=_object(
            network=_HASH,
            **{"from": _HASH},
            operation=_TEXT,
            arguments=_FIELDS,
            nonce=_HEX,
            expires_ms=_NUMBER,
            expect=_or_null(_object(kind=_TEXT, id=_TEXT, version=_NUMBER)),
            signatures=_list(_object(scheme=_TEXT, key=_HEX, signature=_HEX)),
        ),
        envelope=_BASE64,
    ),
    "Receipt": _object(id=_HASH, index=_NUMBER, height=_NUMBER, tree_size=_NUMBER, receipt=_TEXT, result_proof=_TEXT),
    "Block": _object(
        height=_NUMBER,
        term=_NUMBER,
        hash=_HASH,
        previous_hash=_HASH,
        time_ms=_NUMBER,
        proposer=_HASH,
        leaf_count=_NUMBER,
        tree_size=_NUMBER,
        tree_root=_HASH,
        voter_set_hash=_HASH,
        election_certificate_hash=_HASH,
        executed_height=_NUMBER,
        state_digest=_HASH,
        checkpoint=_FLAG,
        protocol_version=_NUMBER,
        first_index=_NUMBER,
        signature=_HEX,
        header=_BASE64,
        certificate=_or_null(_BASE64),
        election_certificate=_or_null(_BASE64),
        outcome=_object(
            parent_hash=_HASH,
            height=_NUMBER,
            time_ms=_NUMBER,
            executed_height=_NUMBER,
            state_digest=_HASH,
            results_root=_HASH,
            results_count=_NUMBER,
        ),
        timers=_list(_object(number=_NUMBER, id=_TEXT, purpose=_TEXT, code=_TEXT)),
        transactions=_list(_object(id=_HASH, index=_NUMBER, operation=_TEXT, **{"from": _HASH}, code=_or_null(_TEXT))),
    ),
    "TimerEffect": _object(
        number=_NUMBER,
        id=_TEXT,
        purpose=_TEXT,
        code=_TEXT,
        height=_NUMBER,
        time_ms=_NUMBER,
        result=_reference("Result"),
        effect_leaf=_BASE64,
    ),
    "Record": _object(kind=_TEXT, id=_TEXT, version=_NUMBER, fields=_FIELDS, executed_height=_NUMBER),
    "RecordList": _object(
        kind=_TEXT,
        records=_list(_object(id=_TEXT, version=_NUMBER, fields=_FIELDS)),
        next=_or_null(_TEXT),
        executed_height=_NUMBER,
    ),
    "History": _object(
        subject=_TEXT,
        links=_list(
            _object(
                sequence=_NUMBER,
                **_PLACE,
                id=_or_null(_HASH),
                leaf_hash=_or_null(_HASH),
                link=_HASH,
                entry=_or_null(_BASE64),
                timer=_or_null(_TEXT),
                effect=_or_null(_BASE64),
            )
        ),
        next=_or_null(_NUMBER),
    ),
    "Payload": _object(commitment=_HASH, salt=_BASE64, value=_BASE64, decoded=_VALUE),
    "Transfer": _object(term=_NUMBER, successor=_or_null(_HASH)),
    "Invitation": _object(invitation=_TEXT, node=_HASH, expiry_ms=_NUMBER),
    "Peers": _object(
        peers=_list(
            _object(
                id=_HASH,
                name=_or_null(_TEXT),
                connected=_FLAG,
                neighbour=_FLAG,
                dialled=_FLAG,
                address=_or_null(_TEXT),
                since_ms=_or_null(_NUMBER),
                height=_or_null(_NUMBER),
                lag_blocks=_or_null(_NUMBER),
                score=_NUMBER,
                standing=_TEXT,
                avoided_ms=_NUMBER,
                offences=_list(_object(offence=_TEXT, detail=_TEXT, age_ms=_NUMBER)),
                sent_size_bytes=_NUMBER,
                received_size_bytes=_NUMBER,
                queued_size_bytes=_NUMBER,
                dropped_frames=_NUMBER,
                banned_until_ms=_or_null(_NUMBER),
                ending=_or_null(_ENDING),
                version=_or_null(_NUMBER),
                sight=_or_null(
                    _object(
                        age_ms=_NUMBER,
                        clock_offset_ms=_NUMBER,
                        software=_TEXT,
                        address=_TEXT,
                        reach=_TEXT,
                        reach_age_ms=_NUMBER,
                    )
                ),
            )
        ),
        strangers=_list(_ENDING),
        clock_ms=_NUMBER,
    ),
    "Protocol": _object(
        **_PROTOCOL, statement=_object(node=_HASH, versions=_list(_NUMBER), time_ms=_NUMBER, signature=_HEX)
    ),
    "Snapshots": _object(
        interval_blocks=_NUMBER,
        making=_or_null(_NUMBER),
        asked=_FLAG,
        snapshots=_list(
            _object(
                height=_NUMBER,
                name=_HASH,
                header_hash=_HASH,
                tree_size=_NUMBER,
                state_digest=_HASH,
                records=_NUMBER,
                chunks=_NUMBER,
                size_bytes=_NUMBER,
            )
        ),
    ),
    "Status": _object(
        version=_TEXT,
        network=_object(id=_HASH, name=_TEXT, visibility=_TEXT, quorum=_TEXT, created_ms=_NUMBER),
        node=_object(id=_HASH, name=_TEXT, address=_TEXT, http=_or_null(_TEXT)),
        keys=_or_null(
            _object(
                registered_ms=_NUMBER,
                lifetime_days=_NUMBER,
                expires_ms=_or_null(_NUMBER),
                state=_TEXT,
                successor=_or_null(_HASH),
            )
        ),
        role=_TEXT,
        term=_NUMBER,
        leader=_or_null(_HASH),
        opened=_FLAG,
        accepting=_FLAG,
        reason=_or_null(_TEXT),
        problem=_or_null({"type": "object"}),
        protocol=_object(**_PROTOCOL),
        voters=_list(_HASH),
        voters_heard_ms={"type": "object"},
        voters_number=_NUMBER,
        voters_confirmed=_FLAG,
        change_waits=_or_null(_object(reason=_TEXT, problem={"type": "object"})),
        peers=_object(count=_NUMBER),
        lag_blocks=_NUMBER,
        height=_NUMBER,
        committed_height=_NUMBER,
        executed_height=_NUMBER,
        tree_size=_NUMBER,
        tree_root=_HASH,
        state_digest=_HASH,
        kept_from=_NUMBER,
        sync=_object(stage=_TEXT, height=_NUMBER, done=_NUMBER, total=_NUMBER, size_bytes=_NUMBER, sources=_NUMBER),
        checkpoint_size=_NUMBER,
        mempool=_object(count=_NUMBER, size_bytes=_NUMBER),
        unstored_batches=_NUMBER,
        disk=_object(
            free_bytes=_or_null(_NUMBER),
            used_bytes=_or_null(_NUMBER),
            room_bytes=_or_null(_NUMBER),
            quota_bytes=_NUMBER,
            reserve_bytes=_NUMBER,
            level={"enum": [level.value for level in RoomLevel]},
        ),
        clock_ms=_NUMBER,
        uptime_ms=_NUMBER,
    ),
}
