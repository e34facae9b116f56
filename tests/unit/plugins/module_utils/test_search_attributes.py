# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Search attributes: what is refused before any request, and what is the difference."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import search_attributes as sa
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.enums.v1 import IndexedValueType

LIVE = sa.Live({"Customer": "Keyword", "Nr": "Int"}, {"WorkflowId": "Keyword", "StartTime": "Datetime"})

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True).filter(
    lambda name: not name.startswith("Temporal") and name not in ("Memo", "MemoEncoding", "NamespaceId")
)
types = st.sampled_from(sa.TYPES)


def present(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "state": "present"}


def absent(name: str) -> dict[str, Any]:
    return {"name": name, "type": None, "state": "absent"}


@pytest.mark.parametrize(
    ("entries", "added", "removed"),
    [
        ([], {}, []),
        ([present("Customer", "Keyword")], {}, []),
        ([present("Tags", "KeywordList")], {"Tags": "KeywordList"}, []),
        ([absent("Nr"), absent("Gone")], {}, ["Nr"]),
        ([present("Tags", "Text"), absent("Customer")], {"Tags": "Text"}, ["Customer"]),
        # The type of one that goes does not matter.
        ([{"name": "Nr", "type": "Bool", "state": "absent"}], {}, ["Nr"]),
    ],
)
def test_the_difference(entries: list[dict[str, Any]], added: dict[str, str], removed: list[str]) -> None:
    assert sa.difference(sa.read_wanted(entries), LIVE) == (added, removed)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([present("", "Int")], "has the name ''"),
        ([present("a b", "Int")], "has the name 'a b': not usable"),
        ([present("1a", "Int")], "has the name '1a'"),
        ([present("a`b", "Int")], "not usable"),
        ([present("a\n", "Int")], "not usable"),
        ([present("a" * 256, "Int")], "up to 255"),
        ([present("TemporalMine", "Int")], "the server keeps it for itself"),
        ([present("Memo", "Int")], "the server keeps it for itself"),
        ([absent("Keyword01")], "the server names its own columns so"),
        ([present("KeywordList99", "Int")], "the server names its own columns so"),
        ([present("a", "keyword")], "the type of a is 'keyword'. Choose one of Bool, Datetime"),
        ([{"name": "a"}], "the type of a is None"),
        ([present("a", "Int"), absent("a")], "lists a more than once"),
    ],
)
def test_bad_entries_are_named(entries: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(Problem) as caught:
        sa.read_wanted(entries)
    assert message in str(caught.value)


def test_another_type_is_refused() -> None:
    with pytest.raises(Problem, match="Nr has the type Int and cannot become Double"):
        sa.difference(sa.read_wanted([present("Nr", "Double")]), LIVE)


@pytest.mark.parametrize("entry", [present("StartTime", "Datetime"), absent("WorkflowId")])
def test_the_servers_own_are_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(Problem, match="belongs to the server"):
        sa.difference(sa.read_wanted([entry]), LIVE)


@given(st.dictionaries(names, st.tuples(types, st.booleans())), st.dictionaries(names, types))
def test_after_the_change_nothing_is_left_to_do(aim: dict[str, tuple[str, bool]], custom: dict[str, str]) -> None:
    """Whatever is wanted and whatever is there: what is expected afterwards has no difference to what is wanted."""
    entries = [present(name, kind) if keep else absent(name) for name, (kind, keep) in aim.items()]
    # Columns' names are refused; a random name may be one.
    wanted = sa.read_wanted([entry for entry in entries if not re.fullmatch("[A-Za-z]+[0-9]{2}", entry["name"])])
    live = sa.Live(custom, {})
    try:
        added, removed = sa.difference(wanted, live)
    except Problem as problem:
        assert "cannot become" in str(problem)
        return
    after = sa.Live(sa.expected(live, added, removed), {})
    assert sa.difference(wanted, after) == ({}, [])
    untouched = {name: kind for name, kind in custom.items() if name not in aim}
    assert untouched.items() <= after.custom.items()


@given(st.text())
def test_any_name_is_taken_or_refused_with_the_name(name: str) -> None:
    try:
        [wanted] = sa.read_wanted([present(name, "Keyword")])
    except Problem as problem:
        assert repr(name) in str(problem)
    else:
        assert wanted.name == name
        assert re.fullmatch("[A-Za-z][A-Za-z0-9_-]*", name)


@pytest.mark.parametrize("kind", sa.TYPES)
def test_types_are_the_servers(kind: str) -> None:
    assert sa.our_type(sa.server_type(kind)) == kind
    assert IndexedValueType.Value(sa.server_type(kind)) > 0


def test_a_type_that_is_not_known_yet_is_shown_as_it_is() -> None:
    assert sa.our_type("INDEXED_VALUE_TYPE_VECTOR") == "INDEXED_VALUE_TYPE_VECTOR"
