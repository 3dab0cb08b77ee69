"""The kinds, timers and events of warnings, in one place: other contracts name some of them. Never does anything."""

KIND_WARNING = "warning"
KIND_WATCH = "watch"

_BEGIN, _SWEEP, _PERIOD = "begin", "sweep", "period"
# Set by governance, and by the genesis, when a pack with warnings comes into force.
PURPOSE_BEGIN = f"warnings.{_BEGIN}"
PURPOSE_SWEEP = f"warnings.{_SWEEP}"
# Set by the schedule when it has found periods missed.
PURPOSE_PERIOD = f"warnings.{_PERIOD}"

EVENT_OPENED = "warnings.opened"
EVENT_BEGUN = "warnings.begun"
EVENT_ENDED = "warnings.ended"
EVENT_DONE = "warnings.done"
