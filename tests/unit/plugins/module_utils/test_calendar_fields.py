# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of calendars: every set of values has one text, and texts mean what the server takes them for."""

from __future__ import annotations

import re

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.calendar_fields import (
    DAY_OF_WEEK,
    FIELDS,
    YEAR,
    Field,
    format_values,
    from_ranges,
    parse_values,
    to_ranges,
)
from hypothesis import given
from hypothesis import strategies as st

BY_OPTION = {field.option: field for field in FIELDS}
fields = st.sampled_from(FIELDS)
with_values = fields.flatmap(
    lambda field: st.tuples(st.just(field), st.sets(st.integers(field.least, field.most), min_size=1))
)


def runs(field: Field) -> st.SearchStrategy[tuple[str, set[int]]]:
    """Texts of one part, each with its values counted in another way than by the code under test."""
    bound = st.integers(field.least, field.most)
    steps = st.integers(1, 40)

    def stepped(low: int, high: int, step: int) -> set[int]:
        return {
            value for value in range(field.least, field.most + 1) if low <= value <= high and not (value - low) % step
        }

    single = bound.map(lambda value: (str(value), {value}))
    every = steps.map(lambda step: (f"*/{step}", stepped(field.least, field.most, step)))
    ordered = st.tuples(bound, bound, steps).map(lambda drawn: (*sorted(drawn[:2]), drawn[2]))
    ranged = ordered.map(lambda drawn: (f"{drawn[0]}-{drawn[1]}/{drawn[2]}", stepped(*drawn)))
    return st.one_of(single, every, ranged)


# The day of the week takes 7 for Sunday as well, which is looked at by itself below.
expressions = st.sampled_from([field for field in FIELDS if field is not DAY_OF_WEEK]).flatmap(
    lambda field: st.tuples(st.just(field), st.lists(runs(field), min_size=1, max_size=4))
)


@given(with_values)
def test_values_are_written_and_read_back(drawn: tuple[Field, set[int]]) -> None:
    field, values = drawn
    assert parse_values(field, format_values(field, values)) == values


@given(with_values)
def test_ranges_are_sent_and_read_back(drawn: tuple[Field, set[int]]) -> None:
    field, values = drawn
    text = format_values(field, values)
    assert from_ranges(field, to_ranges(field, text)) == text


@given(expressions)
def test_parts_add_up(drawn: tuple[Field, list[tuple[str, set[int]]]]) -> None:
    field, parts = drawn
    text = ",".join(part for part, _values in parts)
    assert parse_values(field, text) == set().union(*(values for _part, values in parts))


@given(fields, st.text(alphabet="0123456789*-/, abcdefnojtumqs", max_size=12))
def test_any_text_is_read_or_refused_as_value_error(field: Field, text: str) -> None:
    try:
        values = parse_values(field, text)
    except ValueError:
        return
    assert values
    assert values <= field.all_values


@pytest.mark.parametrize(
    ("option", "text", "shown"),
    [
        ("minute", "*/15", "*/15"),
        ("minute", "0,15,30,45", "*/15"),
        ("minute", "5/20", "5-45/20"),
        ("second", "0-59", "*"),
        ("hour", "9-17", "9-17"),
        ("hour", "17,9", "9,17"),
        ("hour", " 9 , 10 ", "9,10"),
        ("day_of_month", "1-31/2", "*/2"),
        ("month", "jan,JULY,Sept", "1,7,9"),
        ("month", "apr-jun", "4-6"),
        ("day_of_week", "mon-fri", "1-5"),
        ("day_of_week", "7", "0"),
        ("day_of_week", "0-7", "*"),
        ("day_of_week", "1-7", "*"),
        ("day_of_week", "5-7", "0,5,6"),
        ("day_of_week", "1-7/2", "0,1-5/2"),
        ("day_of_week", "*/7", "0"),
        ("day_of_week", "we", "3"),
        ("year", "*", "*"),
        ("year", "2026-2028", "2026-2028"),
    ],
)
def test_the_one_text(option: str, text: str, shown: str) -> None:
    field = BY_OPTION[option]
    assert format_values(field, parse_values(field, text)) == shown


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("hour", "24", "24 is not between 0 and 23"),
        ("hour", "", "'' is not understood"),
        ("hour", "9,", "'' is not understood"),
        ("hour", "-1", "'-1' is not understood"),
        ("hour", "5-1", "'5-1' ends before it begins"),
        ("hour", "*/0", "has a step of 0"),
        ("hour", "*-5", "is not understood"),
        ("hour", "1/2/3", "is not understood"),
        ("hour", "٣", "is not understood"),
        ("hour", "mon", "Write numbers from 0 to 23"),
        ("day_of_month", "0", "0 is not between 1 and 31"),
        ("day_of_week", "m", "names like mon"),
        ("day_of_week", "fri-sun", "ends before it begins"),
        ("month", "ju", "names like feb"),
        ("year", "1999", "1999 is not between 2000 and 2100"),
    ],
)
def test_mistakes_are_named(option: str, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_values(BY_OPTION[option], text)


def test_the_servers_ranges_leave_out_zeros() -> None:
    assert from_ranges(BY_OPTION["hour"], [{}]) == "0"
    assert from_ranges(BY_OPTION["hour"], [{"end": 23, "step": 1}]) == "*"
    assert from_ranges(BY_OPTION["hour"], [{"start": 3}]) == "3"
    assert from_ranges(BY_OPTION["hour"], []) == ""
    assert from_ranges(YEAR, []) == "*"
    assert to_ranges(YEAR, "*") == []
