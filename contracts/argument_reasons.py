"""Why arguments are refused: the codes and texts, in one place. Never decides anything."""

from contracts.errors import Reason

MISSING = Reason("arguments.missing", "the argument {argument} is missing; give it")
UNKNOWN = Reason("arguments.unknown", "the operation has no argument {argument}; leave it out or check its spelling")
WRONG_TYPE = Reason("arguments.type", "the argument {argument} has to be of type {expected}")
TOO_LONG = Reason("arguments.too-long", "the argument {argument} has {size} bytes, allowed are {limit}; shorten it")
OUT_OF_RANGE = Reason(
    "arguments.out-of-range", "the argument {argument} (or its size) has to be from {least} to {most}"
)
PATTERN = Reason("arguments.pattern", "the argument {argument} is not of the form that it needs: {pattern}")
TOO_MANY = Reason("arguments.too-many", "the argument {argument} lists {count} values, allowed are {limit}")
DUPLICATE = Reason("arguments.duplicate", "the argument {argument} lists a value twice; list it once")
NOT_DETACHED = Reason(
    "arguments.not-detached",
    "the argument {argument} is not for everyone: send it as a detached value, with only its commitment in the"
    " transaction",
)

ARGUMENT_REASONS = (
    MISSING,
    UNKNOWN,
    WRONG_TYPE,
    TOO_LONG,
    OUT_OF_RANGE,
    PATTERN,
    TOO_MANY,
    DUPLICATE,
    NOT_DETACHED,
)
