"""The OpenAPI document, made from the table of endpoints.

Owns the translation from a row to OpenAPI 3.1; the table (`daemon.api.table`) and the shapes (`daemon.api.schemas`) are
others'. Pure.
"""

import re
from collections.abc import Iterable
from typing import cast

from contracts.registry import Registry
from daemon.api.endpoint import Answer, Audience, Endpoint
from daemon.api.json_value import Json
from daemon.api.parameters import Parameter
from daemon.api.problems import MEDIA_TYPE
from daemon.api.schemas import SCHEMAS

OPENAPI_VERSION = "3.1.0"
_CONVERTER = re.compile(r"\{(\w+):path\}")
_AUDIENCES = {
    Audience.ANYBODY: "Anybody may ask.",
    Audience.CONTENT: "On TCP only where the network's visibility is `public`; always on the control socket.",
    Audience.OPERATOR: "On the control socket only.",
}


def openapi_document(endpoints: Iterable[Endpoint], registry: Registry, version: str) -> dict[str, Json]:
    """The document for these endpoints; the operations of the ledger's contracts are listed in an extension."""
    paths: dict[str, dict[str, Json]] = {}
    for endpoint in endpoints:
        paths.setdefault(openapi_path(endpoint.path), {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": OPENAPI_VERSION,
        "info": {
            "title": "Banyan node",
            "version": version,
            "description": "One node of a Banyan ledger. Words: docs/reference/api.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {path: dict(operations) for path, operations in paths.items()},
        "components": {"schemas": SCHEMAS},
        "x-banyan-operations": [cast(Json, description) for description in registry.describe()],
    }


def openapi_path(path: str) -> str:
    """A Starlette pattern as OpenAPI writes it."""
    return _CONVERTER.sub(r"{\1}", path)


def _operation(endpoint: Endpoint) -> Json:
    operation: dict[str, Json] = {
        "operationId": _operation_id(endpoint),
        "summary": endpoint.summary,
        "description": _AUDIENCES[endpoint.audience],
        "parameters": [
            *[_parameter(one, "path") for one in endpoint.path_parameters],
            *[_parameter(one, "query") for one in endpoint.query],
        ],
        "responses": _responses(endpoint.answers),
    }
    if endpoint.bodies:
        content: dict[str, Json] = {one.media_type: _media(one.schema, one.meaning) for one in endpoint.bodies}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _operation_id(endpoint: Endpoint) -> str:
    words = re.findall(r"\w+", openapi_path(endpoint.path).replace("{", "by_"))
    return "_".join([endpoint.method.lower(), *words])


def _parameter(parameter: Parameter, place: str) -> Json:
    return {
        "name": parameter.name,
        "in": place,
        "required": place == "path",
        "description": parameter.meaning,
        "schema": parameter.schema(),
    }


def _responses(answers: tuple[Answer, ...]) -> dict[str, Json]:
    by_status: dict[int, list[Answer]] = {}
    for answer in answers:
        by_status.setdefault(answer.status, []).append(answer)
    responses: dict[str, Json] = {
        str(status): {
            "description": " ".join(one.meaning for one in same),
            "content": {one.media_type: _media(one.schema, "") for one in same},
        }
        for status, same in by_status.items()
    }
    problem: dict[str, Json] = {MEDIA_TYPE: _media("Problem", "")}
    responses["default"] = {"description": "A problem (RFC 9457).", "content": problem}
    return responses


def _media(schema: str, meaning: str) -> Json:
    if schema:
        return {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {"schema": {"type": "string", "description": meaning}} if meaning else {}
