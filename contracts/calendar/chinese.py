"""The Chinese ways to say how often something takes place.

Owns the table of phrases, the longest and most special first. Never concludes anything. A number before 次 is how
often, one behind 周 is a weekday: 每周一次 is once a week, 每周一 every Monday.
Source: docs/reference/calendar.md, "Words".
"""

import re

from contracts.calendar.dates import Weekday, day_of
from contracts.calendar.facts import DAY, HALF_YEAR, MONTH, QUARTER, WEEK, YEAR, Facts, Period, Phrase, phrase

_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
_UNITS = {
    **{"天": DAY, "日": DAY, "周": WEEK, "星期": WEEK, "礼拜": WEEK, "月": MONTH, "月度": MONTH},
    **{"季": QUARTER, "季度": QUARTER, "半年": HALF_YEAR, "年": YEAR, "年度": YEAR},
}

_W = "(?:周|星期|礼拜)"
_WD = "[一二三四五六日天]"
_N = "(?:[0-9]{1,3}|[一二两三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])"
_U = "(?:天|日|周|星期|礼拜|月度|月|季度|季|半年|年度|年)"
_WHICH = "[一二三四五1-5]"
_AND = "(?:、|,|和|及|与)"


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    return (_DIGITS.get(tens, 1) * 10 if ten else 0) + _DIGITS.get(ones, 0)


def _weekdays(text: str) -> list[Weekday]:
    return [_WEEKDAYS[sign] for sign in re.findall(_WD, re.sub(f"{_W}|每", "", text))]


def _note_start(facts: Facts, match: re.Match[str]) -> None:
    facts.starts.add(day_of(int(match[1]), int(match[2]), int(match[3])))


def _note_ordinals(facts: Facts, match: re.Match[str]) -> None:
    (weekday,) = _weekdays(match[2])
    facts.ordinals |= {(_number(sign), weekday) for sign in re.findall(_WHICH, match[1])}


def _note_last(facts: Facts, match: re.Match[str]) -> None:
    facts.ordinals |= {(-1, weekday) for weekday in _weekdays(match[1])}


def _note_times(facts: Facts, match: re.Match[str]) -> None:
    facts.periods.add(Period(_UNITS[match[1]], 1))
    facts.times.add(_number(match[2]))


def _note_only_times(facts: Facts, match: re.Match[str]) -> None:
    facts.times.add(_number(match[1]))


def _note_every(facts: Facts, match: re.Match[str]) -> None:
    facts.periods.add(Period(_UNITS[match[2]], _number(match[1])))


def _note_every_other(facts: Facts, match: re.Match[str]) -> None:
    facts.periods.add(Period(_UNITS[match[1]], 2))


def _note_every_weekday(facts: Facts, match: re.Match[str]) -> None:
    facts.periods.add(Period(WEEK, 1))
    facts.weekdays |= set(_weekdays(match[0]))
    facts.every_weekday = True


def _note_period(facts: Facts, match: re.Match[str]) -> None:
    facts.periods.add(Period(_UNITS[match[1]], 1))


def _note_month_day(facts: Facts, match: re.Match[str]) -> None:
    facts.month_days.add(_number(match[1]))


def _note_last_day(facts: Facts, _match: re.Match[str]) -> None:
    facts.month_days.add(31)


def _note_year_day(facts: Facts, match: re.Match[str]) -> None:
    facts.periods.add(Period(YEAR, 1))
    facts.year_days.add((_number(match[1]), _number(match[2])))


def _note_weekday(facts: Facts, match: re.Match[str]) -> None:
    facts.weekdays |= set(_weekdays(match[0]))


def _note_as_needed(facts: Facts, match: re.Match[str]) -> None:
    facts.as_needed = match[0]


def _note_two_meanings(facts: Facts, match: re.Match[str]) -> None:
    facts.two_meanings = match[0]


def _note_alternates(facts: Facts, _match: re.Match[str]) -> None:
    facts.alternates = True


PHRASES: tuple[Phrase, ...] = (
    phrase("按需|视情况|视需要|不定期|根据需要|必要时|随时|临时", _note_as_needed),
    phrase("(?:与[^,;]*)?(?:交替|轮流|轮换)", _note_alternates),
    phrase("(?:从|自)?([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})[日号](?:起|开始)", _note_start),
    phrase(f"第(?=[^周星礼]*个)({_WHICH}个?(?:{_AND}第?{_WHICH}个?)*)({_W}{_WD})", _note_ordinals),
    phrase(f"最后一?个({_W}{_WD})", _note_last),
    # In the first, a week is left out, or two weeks lie between: nobody agrees above one.
    phrase(f"每?隔(?:[2-9]|[二两三四五六七八九十])个?{_U}", _note_two_meanings),
    phrase("双月|单月", _note_two_meanings),
    phrase(f"每?隔[一1]?个?({_U})", _note_every_other),
    phrase("双(周)", _note_every_other),
    phrase(f"(?:每一?个?|一个?)({_U})({_N})次", _note_times),
    phrase(f"每({_N})个?({_U})", _note_every),
    phrase(f"每{_W}{_WD}(?!次)(?:{_AND}每?{_W}?{_WD}(?!次))*", _note_every_weekday),
    phrase(f"每年({_N})月({_N})[日号]", _note_year_day),
    phrase(f"({_N})[日号]", _note_month_day),
    phrase("最后一[天日]", _note_last_day),
    phrase(f"(?:每个?|按)({_U})", _note_period),
    phrase("(月度|季度|年度)", _note_period),
    phrase(f"({_N})次", _note_only_times),
    phrase(f"{_W}{_WD}", _note_weekday),
)

# What may stand between phrases, or inside of them, without meaning anything of its own.
FILLERS = ("召开", "举行", "开展", "进行", "组织", "安排", "例会", "会议", "至少", "不少于", "开会", "的")
