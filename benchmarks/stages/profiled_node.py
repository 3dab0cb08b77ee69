"""`banyan run`, looked at from within: what its event loop is doing, by its own processor clock.

A timer of the kernel that counts the main thread's processor time alone sends a signal every half a millisecond of it;
the handler notes the stage of the place that is being executed. Nothing is noted before the file `on` is in the folder
that `BANYAN_STAGES` names; at the end, `<process number>.json` is written there: samples by stage.

Run: as `python -m cli`.
"""

import ctypes
import json
import os
import signal
import sys
import sysconfig
import threading
import time
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

from benchmarks.stages.stage_of import stage_of
from cli.main import main

ENVIRONMENT = "BANYAN_STAGES"
_STEP_NS = 500_000
# How often the file is looked for.
_LOOK_S = 0.2
_ROOT = str(Path(__file__).resolve().parents[2]) + "/"
_LIBRARIES = sysconfig.get_path("purelib") + "/"
_SIGEV_SIGNAL = 0


class _Event(ctypes.Structure):
    """`struct sigevent` of Linux, 64 bytes."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_char * 48),
    )


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Rhythm(ctypes.Structure):
    _fields_ = (("interval", _Time), ("value", _Time))


class Samples:
    """Counts stages while the file is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._switch = folder / "on"
        self._counts: Counter[str] = Counter()
        self._paths: dict[CodeType, str] = {}
        self._is_on = False
        self._look_at_s = 0.0

    def take(self, _signal: int, frame: FrameType | None) -> None:
        """One sample."""
        now_s = time.monotonic()
        if now_s >= self._look_at_s:
            self._look_at_s = now_s + _LOOK_S
            self._is_on = self._switch.exists()
        if not self._is_on:
            return
        paths = []
        while frame is not None:
            paths.append(self._path(frame.f_code))
            frame = frame.f_back
        self._counts[stage_of(paths)] += 1

    def write(self) -> None:
        """Put what was counted into the folder; nothing is counted from then on."""
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
        (self._folder / f"{os.getpid()}.json").write_text(json.dumps(self._counts), encoding="utf-8")

    def _path(self, code: CodeType) -> str:
        path = self._paths.get(code)
        if path is None:
            path = self._paths[code] = code.co_filename.removeprefix(_LIBRARIES).removeprefix(_ROOT)
        return path


def start_clock() -> None:
    """Let the signal come, every so much of the main thread's processor time."""
    system = ctypes.CDLL(None, use_errno=True)
    clock = time.pthread_getcpuclockid(threading.main_thread().ident or 0)
    event, timer = _Event(signal=signal.SIGPROF, notify=_SIGEV_SIGNAL), ctypes.c_void_p()
    step = _Time(0, _STEP_NS)
    if system.timer_create(ctypes.c_int(clock), ctypes.byref(event), ctypes.byref(timer)):
        raise OSError(ctypes.get_errno(), "timer_create")
    if system.timer_settime(timer, 0, ctypes.byref(_Rhythm(step, step)), None):
        raise OSError(ctypes.get_errno(), "timer_settime")


if __name__ == "__main__":
    samples = Samples(Path(os.environ[ENVIRONMENT]))
    signal.signal(signal.SIGPROF, samples.take)
    start_clock()
    try:
        status = main()
    finally:
        samples.write()
    sys.exit(status)
