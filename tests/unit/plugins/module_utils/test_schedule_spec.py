# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a schedule acts: options, cron strings and the server's answers come to one form, and mistakes are named."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.calendar_fields import FIELDS, Field, format_values
from ansible_collections.aegis.temporal.plugins.module_utils.durations import format_duration
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.schedule_spec import (
    read_period,
    read_spec,
    spec_request,
    spec_summary,
)
from ansible_collections.aegis.temporal.plugins.module_utils.timestamps import format_timestamp
from hypothesis import given
from hypothesis import strategies as st

OPTIONS = ("calendars", "intervals", "cron", "excluded_calendars", "jitter", "start_time", "end_time", "time_zone")
NAMES = [field.option for field in FIELDS]


def calendar(**given: str) -> dict[str, str | None]:
    """A calendar as Ansible hands it over."""
    return {**dict.fromkeys(NAMES), "comment": None, **given}


def read(**given: Any) -> dict[str, Any]:
    return read_spec({**dict.fromkeys(OPTIONS), **given})


def texts(field: Field) -> st.SearchStrategy[str]:
    return st.sets(st.integers(field.least, field.most), min_size=1).map(lambda values: format_values(field, values))


calendars = st.lists(
    st.fixed_dictionaries({**{field.option: texts(field) for field in FIELDS}, "comment": st.text(max_size=20)}),
    max_size=3,
)
seconds = st.integers(1, 10**8)
intervals = st.lists(
    st.tuples(seconds, seconds).map(
        lambda drawn: {"every": format_duration(max(drawn) + 1), "offset": format_duration(min(drawn))}
    ),
    max_size=3,
)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
periods = st.tuples(moments, moments).map(lambda drawn: [format_timestamp(moment) for moment in sorted(drawn)])


@given(calendars, intervals, calendars, seconds, periods, st.sampled_from(["UTC", "Europe/Berlin", "Etc/GMT+5"]))
def test_what_is_wanted_comes_back_from_the_server_unchanged(
    included: list[dict[str, str]],
    repeated: list[dict[str, str]],
    excluded: list[dict[str, str]],
    jitter: int,
    period: list[str],
    zone: str,
) -> None:
    wanted = read(
        calendars=included,
        intervals=repeated,
        excluded_calendars=excluded,
        jitter=str(jitter),
        start_time=period[0],
        end_time=period[1],
        time_zone=zone,
    )
    assert spec_summary(spec_request(wanted)) == wanted
    # A second time, in any order, it is the same.
    assert read(**{**wanted, "calendars": wanted["calendars"][::-1]}) == wanted


def test_nothing_said_is_no_time_in_utc() -> None:
    assert read() == spec_summary({})
    assert read()["time_zone"] == "UTC"


def test_fields_left_out_have_the_servers_defaults_and_exclusions_are_whole_days() -> None:
    spec = read(calendars=[calendar(hour="3")], excluded_calendars=[calendar(month="dec", day_of_month="25", hour="3")])
    [acts], [rests] = spec["calendars"], spec["excluded_calendars"]
    assert [acts[name] for name in NAMES] == ["0", "0", "3", "*", "*", "*", "*"]
    assert [rests[name] for name in NAMES] == ["*", "*", "3", "25", "12", "*", "*"]


@pytest.mark.parametrize(
    ("text", "values", "comment"),
    [
        ("30 6 * * mon-fri", ["0", "30", "6", "*", "*", "*", "1-5"], ""),
        (" 0  9-17/2 1,15 * *  # twice a month ", ["0", "0", "9-17/2", "1,15", "*", "*", "*"], "twice a month"),
        ("0 0 1 1 * 2027", ["0", "0", "0", "1", "1", "2027", "*"], ""),
        ("15 0 0 1 1 7 2027", ["15", "0", "0", "1", "1", "2027", "0"], ""),
        ("@hourly", ["0", "0", "*", "*", "*", "*", "*"], ""),
        ("@daily # at night", ["0", "0", "0", "*", "*", "*", "*"], "at night"),
        ("@midnight", ["0", "0", "0", "*", "*", "*", "*"], ""),
        ("@weekly", ["0", "0", "0", "*", "*", "*", "0"], ""),
        ("@monthly", ["0", "0", "0", "1", "*", "*", "*"], ""),
        ("@yearly", ["0", "0", "0", "1", "1", "*", "*"], ""),
        ("@annually", ["0", "0", "0", "1", "1", "*", "*"], ""),
    ],
)
def test_cron_strings_are_calendars(text: str, values: list[str], comment: str) -> None:
    [found] = read(cron=[text])["calendars"]
    assert [found[name] for name in NAMES] == values
    assert found["comment"] == comment


@pytest.mark.parametrize(
    ("text", "every", "offset"),
    [("@every 90m", "1h30m", "0s"), ("@every 1d/3h", "1d", "3h"), ("TZ=Europe/Berlin @every 30s # often", "30s", "0s")],
)
def test_cron_strings_can_be_intervals(text: str, every: str, offset: str) -> None:
    spec = read(cron=[text])
    assert (spec["calendars"], spec["intervals"]) == ([], [{"every": every, "offset": offset}])


def test_the_time_zone_of_cron_strings_is_that_of_the_schedule() -> None:
    assert read(cron=["CRON_TZ=Europe/Berlin 0 9 * * *"])["time_zone"] == "Europe/Berlin"
    assert read(cron=["TZ=Europe/Berlin 0 9 * * *"], time_zone="Europe/Berlin")["time_zone"] == "Europe/Berlin"
    assert read(cron=["0 9 * * *"], time_zone="Europe/Berlin")["time_zone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"calendars": [calendar(), calendar(hour="25")]},
            "spec.calendars[1].hour is '25': 25 is not between 0 and 23",
        ),
        ({"calendars": [calendar(comment="ü" * 101)]}, "spec.calendars[0].comment is 202 bytes long"),
        ({"excluded_calendars": [calendar(month="x")]}, "spec.excluded_calendars[0].month is 'x'"),
        ({"intervals": [{"every": "0", "offset": None}]}, "spec.intervals[0].every is '0': an interval is at least 1s"),
        ({"intervals": [{"every": "soon", "offset": None}]}, "spec.intervals[0].every: 'soon' is not a duration"),
        ({"intervals": [{"every": "1h", "offset": "60m"}]}, "spec.intervals[0].offset is '60m': it must be shorter"),
        ({"intervals": [{"every": "1h", "offset": "x"}]}, "spec.intervals[0].offset: 'x' is not a duration"),
        ({"cron": ["* * * *"]}, "spec.cron[0] is '* * * *': it has 4 fields"),
        ({"cron": ["@fortnightly"]}, "it has 1 fields"),
        ({"cron": ["0 25 * * *"]}, "spec.cron[0].hour is '25'"),
        ({"cron": ["@every"]}, "spec.cron[0].every: '' is not a duration"),
        ({"cron": ["@every 1h/2h"]}, "spec.cron[0].offset is '2h'"),
        ({"cron": ["TZ=Europe/Berlin"]}, "it has 0 fields"),
        ({"cron": ["TZ=a 0 9 * * *", "0 9 * * *"]}, "spec.cron names the time zones 'none', 'a'"),
        ({"cron": ["TZ=Europe/Paris 0 9 * * *"], "time_zone": "Europe/Berlin"}, "Leave one of them out"),
        ({"time_zone": "Central European"}, "spec.time_zone has the time zone 'Central European'"),
        ({"cron": ["TZ=? 0 9 * * *"]}, "spec.cron has the time zone '?'"),
        ({"jitter": "-1"}, "spec.jitter: '-1' is not a duration"),
        ({"start_time": "tomorrow"}, "spec.start_time: 'tomorrow' is not a time"),
        ({"end_time": "2026-12-01"}, "spec.end_time: '2026-12-01' is not a time"),
        (
            {"start_time": "2026-12-02T00:00:00Z", "end_time": "2026-12-01T00:00:00Z"},
            "spec.end_time is '2026-12-01T00:00:00Z', before spec.start_time",
        ),
    ],
)
def test_mistakes_are_named_with_their_option(given: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem, match=re.escape(said)):
        read(**given)


@given(st.text(alphabet="0123456789*-/, @everydailyTZ=#", max_size=25))
def test_any_cron_string_is_read_or_refused(text: str) -> None:
    try:
        spec = read(cron=[text])
    except Problem as problem:
        assert "spec.cron" in str(problem)
    else:
        assert spec_summary(spec_request(spec)) == spec


def test_a_period_ends_after_it_begins() -> None:
    # As texts these two are in the other order.
    whole, half = "2026-12-01T03:00:00Z", "2026-12-01T03:00:00.500000Z"
    assert read_period("from", whole, "to", half) == (whole, half)
    for start, end in ((half, whole), (whole, whole)):
        with pytest.raises(Problem, match=r"to is '.*': it must be after from"):
            read_period("from", start, "to", end)
    with pytest.raises(Problem, match="to: 'never' is not a time"):
        read_period("from", whole, "to", "never")
