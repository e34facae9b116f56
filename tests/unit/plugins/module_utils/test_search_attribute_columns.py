# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Columns of search attributes: the first free one without values, and a full table is told with who fills it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import search_attribute_columns as columns
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from hypothesis import given
from hypothesis import strategies as st


def server(used_before: Sequence[str] = (), more: Sequence[str] = ()) -> Callable[[str], str]:
    """A server with its defaults, with C(more) columns, and with values in some of them."""

    def look(column: str) -> str:
        if column in used_before:
            return columns.USED_BEFORE
        return columns.USABLE if column in more else columns.unseen(column)

    return look


def test_the_first_free_column_of_the_type() -> None:
    chosen, used = columns.assign(server(), "n", {"B": "Keyword", "C": "Keyword", "D": "Int"}, {"Keyword01": "A"})
    assert (chosen, used) == ({"Keyword02": "B", "Keyword03": "C", "Int01": "D"}, [])


def test_a_column_without_values_is_preferred() -> None:
    chosen, used = columns.assign(server(["Int01"]), "n", {"A": "Int"}, {})
    assert (chosen, used) == ({"Int02": "A"}, [])


def test_a_column_with_values_is_taken_when_there_is_no_other() -> None:
    chosen, used = columns.assign(server(["Int03"]), "n", {"A": "Int"}, {"Int01": "X", "Int02": "Y"})
    assert (chosen, used) == ({"Int03": "A"}, ["Int03"])


def test_more_columns_of_the_server_are_found() -> None:
    taken = {f"Int{number:02d}": f"A{number}" for number in range(1, 4)}
    chosen, _used = columns.assign(server(more=["Int04"]), "n", {"B": "Int"}, taken)
    assert chosen == {"Int04": "B"}


def test_fewer_columns_of_the_server_are_respected() -> None:
    def look(column: str) -> str:
        return columns.USABLE if column == "Int02" else columns.REFUSED

    assert columns.assign(look, "n", {"A": "Int"}, {})[0] == {"Int02": "A"}


def test_a_server_that_refuses_all_columns_has_its_defaults() -> None:
    def look(_column: str) -> str:
        return columns.REFUSED

    assert columns.assign(look, "n", {"A": "Int", "B": "Int"}, {"Int01": "X"})[0] == {"Int02": "A", "Int03": "B"}
    with pytest.raises(Problem, match="no column left for C"):
        columns.assign(look, "n", {"A": "Int", "B": "Int", "C": "Int"}, {"Int01": "X"})


def test_a_column_that_is_being_given_back_comes_last() -> None:
    """With servers that tell of their columns, and with those that do not."""
    for look in (server(), lambda _column: columns.REFUSED):
        chosen, used = columns.assign(look, "n", {"A": "Int", "B": "Int", "C": "Int"}, {}, ["Int01", "Text01"])
        assert (chosen, used) == ({"Int02": "A", "Int03": "B", "Int01": "C"}, ["Int01"])


@pytest.mark.parametrize("kind", columns.LIMITS)
def test_a_full_table_names_the_attribute_the_type_the_limit_and_the_holders(kind: str) -> None:
    limit = columns.LIMITS[kind]
    taken = {f"{kind}{number:02d}": f"Holder{number}" for number in range(1, limit + 1)}
    with pytest.raises(Problem) as caught:
        columns.assign(server(), "prod", {"Late": kind}, taken)
    message = str(caught.value)
    assert f"no column left for Late of the type {kind}: all {limit} of namespace prod are held by Holder1" in message
    assert all(f"Holder{number}" in message for number in range(1, limit + 1))


def test_who_holds_a_column_is_told_from_who_needs_one() -> None:
    added = {f"New{number}": "Int" for number in range(3)}
    with pytest.raises(Problem, match="are held by Old and needed by New0, New1 of this call"):
        columns.assign(server(), "n", added, {"Int02": "Old"})


@given(st.dictionaries(st.text("abc", min_size=1), st.sampled_from(list(columns.LIMITS)), max_size=12), st.data())
def test_each_attribute_gets_one_free_column_of_its_type(added: dict[str, str], data: st.DataObject) -> None:
    every = [f"{kind}{number:02d}" for kind, limit in columns.LIMITS.items() for number in range(1, limit + 1)]
    taken = {column: f"X{column}" for column in data.draw(st.sets(st.sampled_from(every)))}
    before = data.draw(st.sets(st.sampled_from(every)))
    try:
        chosen, used = columns.assign(server(sorted(before)), "n", added, taken)
    except Problem:
        counts = {kind: list(added.values()).count(kind) for kind in columns.LIMITS}
        free = {kind: entry["free"] for kind, entry in columns.usage(taken).items()}
        assert any(counts[kind] > free[kind] for kind in columns.LIMITS)
        return
    assert {name: columns.type_of(column) for column, name in chosen.items()} == added
    assert not set(chosen) & set(taken)
    assert set(used) == set(chosen) & before


def test_usage_counts_what_is_there() -> None:
    used = columns.usage({"Keyword01": "b", "Keyword12": "a", "Text01": "t", "strange": "s"})
    assert used["Keyword"] == {"limit": 12, "used": 2, "free": 10, "attributes": ["a", "b"]}
    assert used["Text"] == {"limit": 3, "used": 1, "free": 2, "attributes": ["t"]}
    assert used["Int"] == {"limit": 3, "used": 0, "free": 3, "attributes": []}


@pytest.mark.parametrize(
    ("stores", "keeps"),
    [
        ("postgres12", True),
        ("postgres12_pgx", True),
        ("mysql8", True),
        ("sqlite", True),
        ("elasticsearch", False),
        ("postgres12,elasticsearch", False),
        ("", False),
    ],
)
def test_which_stores_keep_columns(stores: str, keeps: bool) -> None:
    assert columns.keeps_columns(stores) is keeps
