"""The log: one line for each thing an operator may want to know, on stderr.

Owns the format (console for people, JSON for machines) and what is in every line: time, level, event, and the context
of the request. Never logs content: no arguments, no detached values, no keys; ids, counts, heights and codes only. So a
traceback shows places in the code and never the values there, which the library would add.
Reference: docs/reference/logs-and-metrics.md.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure_logs(log_format: str, log_level: str) -> None:
    """Send the process' log to stderr: `log_format` console or json, from `log_level` up; once, at start."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _ids_as_hex,
    ]
    structlog.configure(
        processors=[*shared, *_renderers(log_format)],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[log_level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _bridge(log_format, log_level, shared)


def _renderers(log_format: str) -> list[structlog.typing.Processor]:
    if log_format == "json":
        traceback = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
        return [traceback, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
    ]


def _bridge(log_format: str, log_level: str, shared: list[structlog.typing.Processor]) -> None:
    """Libraries log through `logging`; their lines take the same form, from `warning` up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(log_format)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.WARNING, _LEVELS[log_level]))


def _ids_as_hex(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Byte strings in a line are hashes and ids: readable, and searchable, as hexadecimal."""
    for name, value in event.items():
        if isinstance(value, bytes):
            event[name] = value.hex()
    return event


def log_event(event: str, level: str = "info", **fields: object) -> None:
    """One line of the node's own log."""
    getattr(structlog.get_logger("node"), level)(event, **fields)
