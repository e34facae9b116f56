# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a schedule acts: from options to one normal form, from that to the server's fields, and back.

The server compiles what it gets, cron strings too, to calendars of ranges and keeps only those. So both sides are
brought to the same form here: fields of calendars as the shortest text, durations and times as one text, lists sorted.
Equal forms mean equal times. Cron strings become calendars and intervals here, by the server's rules
(service/worker/scheduler/calendar.go and spec.go): what is not stored need not be remembered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.calendar_fields import (
    FIELDS,
    format_values,
    from_ranges,
    parse_values,
    to_ranges,
)
from ansible_collections.aegis.temporal.plugins.module_utils.durations import (
    duration_option,
    format_duration,
    parse_duration,
    server_duration,
)
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.timestamps import format_timestamp, parse_timestamp

# Form only: which zones there are is for the server's database to say, and the one of this host may know others.
_TIME_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", re.ASCII)
_LONGEST_COMMENT = 200
_CLOCK = ("second", "minute", "hour")
_CRON_FIELDS = ("second", "minute", "hour", "day_of_month", "month", "day_of_week", "year")
_CRON_WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


def read_spec(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the normal form of the option C(spec). Raises Problem that names option, value and fix."""
    calendars = [
        _calendar(f"spec.calendars[{number}]", entry) for number, entry in enumerate(options["calendars"] or [])
    ]
    intervals = [
        _interval(f"spec.intervals[{number}]", entry["every"], entry["offset"])
        for number, entry in enumerate(options["intervals"] or [])
    ]
    zones = set()
    for number, text in enumerate(options["cron"] or []):
        calendar, interval, zone = _cron(f"spec.cron[{number}]", text)
        if interval:
            intervals.append(interval)
        if calendar:
            calendars.append(calendar)
            zones.add(zone)
    excluded = [
        # Whole days, hours or minutes: who excludes the 25th of December means more than its first second.
        _calendar(f"spec.excluded_calendars[{number}]", {**entry, **{f: entry[f] or "*" for f in _CLOCK}})
        for number, entry in enumerate(options["excluded_calendars"] or [])
    ]
    start, end = (read_time(f"spec.{name}", options[name]) for name in ("start_time", "end_time"))
    if start and end and parse_timestamp(end) < parse_timestamp(start):
        raise Problem(f"spec.end_time is {end!r}, before spec.start_time {start!r}: the schedule would never act.")
    return {
        "calendars": _sorted(calendars),
        "intervals": _sorted(intervals),
        "excluded_calendars": _sorted(excluded),
        "jitter": _duration("spec.jitter", options["jitter"]),
        "start_time": start,
        "end_time": end,
        "time_zone": _time_zone(options["time_zone"], zones),
    }


def spec_request(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the server's ScheduleSpec of a normal form."""
    request: dict[str, Any] = {
        "structuredCalendar": [_calendar_request(entry) for entry in spec["calendars"]],
        "excludeStructuredCalendar": [_calendar_request(entry) for entry in spec["excluded_calendars"]],
        "interval": [
            {"interval": f"{parse_duration(entry['every'])}s", "phase": f"{parse_duration(entry['offset'])}s"}
            for entry in spec["intervals"]
        ],
        "jitter": f"{parse_duration(spec['jitter'])}s",
        "timezoneName": spec["time_zone"],
    }
    times = {"startTime": spec["start_time"], "endTime": spec["end_time"]}
    request.update({key: value for key, value in times.items() if value})
    return request


def spec_summary(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the normal form of the server's ScheduleSpec."""
    excluded = spec.get("excludeStructuredCalendar", [])
    return {
        "calendars": _sorted([_calendar_summary(entry) for entry in spec.get("structuredCalendar", [])]),
        "intervals": _sorted(
            [
                {"every": server_duration(entry["interval"]), "offset": server_duration(entry.get("phase", "0s"))}
                for entry in spec.get("interval", [])
            ]
        ),
        "excluded_calendars": _sorted([_calendar_summary(entry) for entry in excluded]),
        "jitter": server_duration(spec.get("jitter", "0s")),
        "start_time": time_summary(spec.get("startTime", "")),
        "end_time": time_summary(spec.get("endTime", "")),
        "time_zone": spec.get("timezoneName") or "UTC",
    }


def read_time(option: str, text: str | None) -> str:
    """Return the normal form of a time, empty when there is none. Raises Problem naming C(option)."""
    if text is None:
        return ""
    try:
        return format_timestamp(parse_timestamp(text))
    except ValueError as error:
        raise Problem(f"{option}: {error}.") from None


def read_period(start_option: str, start: str, end_option: str, end: str) -> tuple[str, str]:
    """Return the normal form of both ends. Raises Problem naming the option that is wrong."""
    first, last = read_time(start_option, start), read_time(end_option, end)
    if parse_timestamp(last) <= parse_timestamp(first):
        raise Problem(f"{end_option} is {end!r}: it must be after {start_option}, which is {start!r}.")
    return first, last


def time_summary(text: str) -> str:
    """The server's time in the same form."""
    return format_timestamp(parse_timestamp(text)) if text else ""


def _calendar(option: str, entry: Mapping[str, Any]) -> dict[str, str]:
    calendar = {}
    for field in FIELDS:
        text = entry[field.option]
        try:
            calendar[field.option] = format_values(field, parse_values(field, field.default if text is None else text))
        except ValueError as error:
            raise Problem(f"{option}.{field.option} is {text!r}: {error}.") from None
    comment = entry["comment"] or ""
    if len(comment.encode()) > _LONGEST_COMMENT:
        raise Problem(f"{option}.comment is {len(comment.encode())} bytes long: the server takes {_LONGEST_COMMENT}.")
    return {**calendar, "comment": comment}


def _calendar_request(calendar: Mapping[str, str]) -> dict[str, Any]:
    ranges = {field.key: to_ranges(field, calendar[field.option]) for field in FIELDS}
    return {**ranges, "comment": calendar["comment"]}


def _calendar_summary(calendar: Mapping[str, Any]) -> dict[str, str]:
    texts = {field.option: from_ranges(field, calendar.get(field.key, [])) for field in FIELDS}
    return {**texts, "comment": calendar.get("comment", "")}


def _interval(option: str, every: str, offset: str | None) -> dict[str, str]:
    seconds = duration_option(f"{option}.every", every)
    if seconds < 1:
        raise Problem(f"{option}.every is {every!r}: an interval is at least 1s.")
    shift = duration_option(f"{option}.offset", offset or "0s")
    if shift >= seconds:
        raise Problem(f"{option}.offset is {offset!r}: it must be shorter than every, which is {every!r}.")
    return {"every": format_duration(seconds), "offset": format_duration(shift)}


def _cron(option: str, text: str) -> tuple[dict[str, str] | None, dict[str, str] | None, str]:
    """Return the calendar or the interval of a cron string, and the time zone in it (empty: none)."""
    rest, zone = text.strip(), ""
    if rest.startswith(("TZ=", "CRON_TZ=")):
        zone, _blank, rest = rest.partition(" ")
        zone = zone.partition("=")[2]
    rest, _hash, comment = rest.partition("#")
    rest = rest.strip()
    if rest.startswith("@every"):
        every, _slash, offset = rest[len("@every") :].strip().partition("/")
        return None, _interval(option, every, offset or None), ""
    parts = _CRON_WORDS.get(rest, rest).split()
    if not 5 <= len(parts) <= 7:
        raise Problem(
            f"{option} is {text!r}: it has {len(parts)} fields. Write minute, hour, day of month, month and day of "
            "week, perhaps a year behind and seconds before them, or @hourly, @daily, @weekly, @monthly, @yearly or "
            "'@every 90m/5m'."
        )
    names = _CRON_FIELDS if len(parts) == 7 else _CRON_FIELDS[1 : len(parts) + 1]
    given = dict.fromkeys(_CRON_FIELDS)
    return _calendar(option, {**given, **dict(zip(names, parts)), "comment": comment.strip()}), None, zone


def _time_zone(given: str | None, of_cron: set[str]) -> str:
    """The one time zone of the schedule: the option's, or the one in the cron strings. Raises Problem."""
    if len(of_cron) > 1:
        shown = ", ".join(repr(zone or "none") for zone in sorted(of_cron))
        raise Problem(f"spec.cron names the time zones {shown}: a schedule has one. Make two schedules.")
    zone = next(iter(of_cron), "")
    if zone and given and zone != given:
        raise Problem(f"spec.time_zone is {given!r}, but spec.cron says {zone!r}. Leave one of them out.")
    chosen = zone or given or "UTC"
    if not _TIME_ZONE.fullmatch(chosen):
        option = "spec.cron" if zone else "spec.time_zone"
        raise Problem(f"{option} has the time zone {chosen!r}. Write a name of the IANA database, like Europe/Berlin.")
    return chosen


def _duration(option: str, text: str | None) -> str:
    return format_duration(duration_option(option, text or "0s"))


def _sorted(entries: list[dict[str, str]]) -> list[dict[str, str]]:
    """In one order: the server acts on all of them, whichever comes first."""
    return sorted(entries, key=lambda entry: json.dumps(entry, sort_keys=True))
