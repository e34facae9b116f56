# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations: every whole number of seconds can be written and read back, and nonsense is refused by name."""

from __future__ import annotations

import re

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.durations import (
    duration_option,
    format_duration,
    parse_duration,
    server_duration,
)
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from hypothesis import given
from hypothesis import strategies as st

CENTURY = 100 * 365 * 86400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30d", 2592000),
        ("72h", 259200),
        ("1h30m", 5400),
        ("1d1h1m1s", 90061),
        ("45s", 45),
        ("86400", 86400),
        ("0", 0),
        ("90m", 5400),
    ],
)
def test_reads_what_people_write(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", " 1d", "1d ", "1.5h", "-1h", "1h 30m", "30m1h", "1h1h", "1w", "d", "1D", "٣d", "1e3"]
)
def test_refuses_and_shows_the_text(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        parse_duration(text)


@pytest.mark.parametrize("text", ["36501d", "9" * 5000, "9" * 5000 + "d"])
def test_refuses_more_than_a_century(text: str) -> None:
    with pytest.raises(ValueError, match="100 years"):
        parse_duration(text)


@given(st.integers(0, CENTURY))
def test_written_and_read_back(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.integers(0, CENTURY))
def test_plain_number_is_seconds(seconds: int) -> None:
    assert parse_duration(str(seconds)) == seconds


@given(st.integers(0, 9999), st.integers(0, 9999), st.integers(0, 9999), st.integers(0, 9999))
def test_parts_add_up(days: int, hours: int, minutes: int, seconds: int) -> None:
    text = f"{days}d{hours}h{minutes}m{seconds}s"
    assert parse_duration(text) == ((days * 24 + hours) * 60 + minutes) * 60 + seconds


@given(st.text())
def test_any_text_is_read_or_refused_as_value_error(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        assert repr(text) in str(error)
    else:
        assert re.fullmatch("[0-9dhms]+", text)
        assert seconds >= 0


def test_an_option_is_named() -> None:
    assert duration_option("jitter", "1m") == 60
    with pytest.raises(Problem, match=r"jitter: 'soon' is not a duration.*\.$"):
        duration_option("jitter", "soon")


@given(st.integers(0, CENTURY))
def test_the_servers_seconds_are_read(seconds: int) -> None:
    assert server_duration(f"{seconds}s") == format_duration(seconds)


def test_parts_of_a_second_stay_visible() -> None:
    assert server_duration("1.500s") == "1.5s"
    assert server_duration("0.250s") == "0.25s"
