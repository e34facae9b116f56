# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times: every moment can be written and read back, and what leaves the moment open is refused."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.timestamps import format_timestamp, parse_timestamp
from hypothesis import given
from hypothesis import strategies as st

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# One day from the ends, so that no zone leads past them.
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=zones)


@given(moments)
def test_written_and_read_back(moment: datetime) -> None:
    text = format_timestamp(moment)
    assert text.endswith("Z")
    assert parse_timestamp(text) == moment
    assert parse_timestamp(moment.isoformat()) == moment


@given(moments, moments)
def test_texts_are_in_the_order_of_the_moments(first: datetime, second: datetime) -> None:
    whole = [moment.replace(microsecond=0) for moment in (first, second)]
    texts = [format_timestamp(moment) for moment in whole]
    assert (texts[0] < texts[1]) == (whole[0] < whole[1])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-12-01T03:00:00Z", "2026-12-01T03:00:00Z"),
        ("2026-12-01 04:00:00+01:00", "2026-12-01T03:00:00Z"),
        ("2026-12-01t03:00:00z", "2026-12-01T03:00:00Z"),
        ("2026-12-01T03:00:00.5Z", "2026-12-01T03:00:00.500000Z"),
        ("2026-12-01T03:00:00.123456789Z", "2026-12-01T03:00:00.123456Z"),
    ],
)
def test_reads_what_people_and_servers_write(text: str, shown: str) -> None:
    assert format_timestamp(parse_timestamp(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        *("", "tomorrow", "2026-12-01", "2026-12-01T03:00Z", "2026-12-01T03:00:00", "2026-13-01T03:00:00Z"),
        *("2026-12-01T25:00:00Z", " 2026-12-01T03:00:00Z", "9999-12-31T23:59:59-01:00", "٢026-12-01T03:00:00Z"),
    ],
)
def test_refuses_and_shows_the_text(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        parse_timestamp(text)


@given(st.text(alphabet="0123456789-:TZ.+ ", max_size=30))
def test_any_text_is_read_or_refused_as_value_error(text: str) -> None:
    try:
        moment = parse_timestamp(text)
    except ValueError as error:
        assert repr(text) in str(error)
    else:
        assert moment.utcoffset() == timedelta(0)
