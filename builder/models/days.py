"""Days of the calendar as a sheet or site file writes them, ends in time and periods."""

import calendar
import re
from datetime import MAXYEAR, date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_PERIOD = re.compile(r"([1-9][0-9]{0,2}) (day|week|month|year)s?")


def _day(value: Any) -> Any:
    return value.isoformat() if type(value) is date else value


def _real_day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as wrong:
        raise ValueError(f'"{text}" is no day; write YYYY-MM-DD') from wrong


def _real_end(text: str) -> str:
    if last_day(text) is None:
        raise ValueError(f'"{text}" is no day and no month; write YYYY-MM-DD, or YYYY-MM for the end of a month')
    return text


Day = Annotated[str, BeforeValidator(_day, json_schema_input_type=str), AfterValidator(_real_day),
                Field(description="YYYY-MM-DD")]  # fmt: skip
End = Annotated[str, BeforeValidator(_day, json_schema_input_type=str), AfterValidator(_real_end),
                Field(description="last day on which it holds, YYYY-MM-DD, or YYYY-MM for a whole month")]  # fmt: skip
Period = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2} (day|week|month|year)s?$")]


def last_day(text: str) -> date | None:
    """The last day that `text` means: that day, or the last of a month ("2026-06"). None when it is neither."""
    month = _MONTH.fullmatch(text)
    try:
        if month is not None:
            year, number = int(month[1]), int(month[2])
            return date(year, number, calendar.monthrange(year, number)[1])
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except (ValueError, calendar.IllegalMonthError):
        return None


def before(day: date, period: str) -> date:
    """The day that lies `period` ("5 years") before `day`; of a month that is too short, its last. The first day of
    the calendar when the period reaches further. Raises ValueError when `period` is none."""
    return _moved(day, period, -1)


def after(day: date, period: str) -> date:
    """The day that lies `period` after `day`, in the same way."""
    return _moved(day, period, 1)


def _moved(day: date, period: str, sign: int) -> date:
    read = _PERIOD.fullmatch(period)
    if read is None:
        raise ValueError(f'"{period}" is no period; write it as 5 years')
    count, unit = sign * int(read[1]), read[2]
    if unit in ("day", "week"):
        ordinal = day.toordinal() + count * (7 if unit == "week" else 1)
        return date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    if not 1 <= year <= MAXYEAR:
        return date.min if sign < 0 else date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
