# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a calendar as people write them (C(*/15), C(9-17), C(mon-fri)), as sets of numbers, and as ranges.

The grammar is the server's own (service/worker/scheduler/calendar.go). It is read here, so that a mistake is found
before any request, and so that what is live can be compared with what is wanted: the server keeps only the ranges.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_PART = re.compile(
    r"(?P<first>\*|[A-Za-z]+|[0-9]{1,4})(?:-(?P<last>[A-Za-z]+|[0-9]{1,4}))?(?:/(?P<step>[0-9]{1,4}))?", re.ASCII
)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


@dataclass(frozen=True)
class Field:
    """One field: its option, its JSON name, its least and greatest value, and what stands for a field left out.

    C(names) begin with the name of C(least); C(shortest) is the length from which a beginning of a name counts.
    """

    option: str
    key: str
    least: int
    most: int
    default: str
    names: tuple[str, ...] = ()
    shortest: int = 0

    @property
    def all_values(self) -> frozenset[int]:
        """Every value of the field."""
        return frozenset(range(self.least, self.most + 1))


YEAR = Field("year", "year", 2000, 2100, "*")
DAY_OF_WEEK = Field("day_of_week", "dayOfWeek", 0, 6, "*", _DAYS, 2)
FIELDS = (
    Field("second", "second", 0, 59, "0"),
    Field("minute", "minute", 0, 59, "0"),
    Field("hour", "hour", 0, 23, "0"),
    Field("day_of_month", "dayOfMonth", 1, 31, "*"),
    Field("month", "month", 1, 12, "*", _MONTHS, 3),
    YEAR,
    DAY_OF_WEEK,
)


def parse_values(field: Field, text: str) -> frozenset[int]:
    """Return the values that C(text) stands for. Raises ValueError with a sentence that shows what is wrong."""
    values: set[int] = set()
    for part in text.split(","):
        values.update(_values_of_part(field, part.strip()))
    if field is DAY_OF_WEEK:
        values = {value % 7 for value in values}
    return frozenset(values)


def format_values(field: Field, values: Iterable[int]) -> str:
    """Return the one text for these values: equal texts are equal sets. Empty for no value at all."""
    found = frozenset(values)
    # For the server no range of years means all of them.
    if found == field.all_values or (field is YEAR and not found):
        return "*"
    return ",".join(_text_of_run(field, *run) for run in _runs(sorted(found)))


def to_ranges(field: Field, text: str) -> list[dict[str, int]]:
    """Return the server's ranges of a text that parse_values accepts."""
    values = parse_values(field, text)
    if field is YEAR and values == field.all_values:
        return []
    return [{"start": first, "end": last, "step": step} for first, last, step in _runs(sorted(values))]


def from_ranges(field: Field, ranges: Iterable[Mapping[str, Any]]) -> str:
    """Return the text of the server's ranges, in which zeros may be left out."""
    values: set[int] = set()
    for entry in ranges:
        start, end, step = (int(entry.get(key, 0)) for key in ("start", "end", "step"))
        values.update(range(start, max(start, end) + 1, max(step, 1)))
    return format_values(field, values)


def _values_of_part(field: Field, part: str) -> range:
    # 7 is a second name of Sunday.
    most = 7 if field is DAY_OF_WEEK else field.most
    matched = _PART.fullmatch(part)
    if matched is None or (matched.group("first") == "*" and matched.group("last")):
        raise ValueError(f"{part!r} is not understood. {_help(field)}")
    first, last, step = matched.groups()
    if step is not None and int(step) == 0:
        raise ValueError(f"{part!r} has a step of 0: a step is 1 or more")
    if first == "*":
        low, high = field.least, most
    else:
        low = _value(field, first, most)
        # As the server has it, x/y goes on to the end and x alone is one value.
        high = _value(field, last, most) if last else (most if step else low)
    if high < low:
        raise ValueError(f"{part!r} ends before it begins. Write two ranges, divided by a comma")
    return range(low, high + 1, int(step or 1))


def _value(field: Field, text: str, most: int) -> int:
    if text.isdigit():
        value = int(text)
        if not field.least <= value <= most:
            raise ValueError(f"{text} is not between {field.least} and {most}")
        return value
    if field.names and len(text) >= field.shortest:
        for number, name in enumerate(field.names):
            if name.startswith(text.lower()):
                return field.least + number
    raise ValueError(f"{text!r} is not understood. {_help(field)}")


def _help(field: Field) -> str:
    example = f"names like {field.names[1][:3]}, " if field.names else ""
    return f"Write numbers from {field.least} to {field.most}, {example}* for all, ranges like a-b, a-b/step or */step"


def _runs(values: list[int]) -> list[tuple[int, int, int]]:
    """Cut sorted values into (first, last, step): three or more at the same distance make one, others stand alone."""
    found = []
    begin = 0
    while begin < len(values):
        end = begin + 1
        step = values[end] - values[begin] if end < len(values) else 1
        while end + 1 < len(values) and values[end + 1] - values[end] == step:
            end += 1
        if end >= len(values) or end - begin < 2:
            end, step = begin, 1
        found.append((values[begin], values[end], step))
        begin = end + 1
    return found


def _text_of_run(field: Field, first: int, last: int, step: int) -> str:
    if first == last:
        return str(first)
    whole = first == field.least and last + step > field.most
    return ("*" if whole else f"{first}-{last}") + (f"/{step}" if step > 1 else "")
