# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of namespaces: every page is read, and one that never ends is not read for ever."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import namespace_listing
from ansible_collections.aegis.temporal.plugins.module_utils.clusters import snake_case
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import HttpOptions
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp, TemporalProblem
from module_testing import http_answer, misbehaving


def page(names: Sequence[str], token: str = "") -> dict[str, Any]:
    return {"namespaces": [{"namespaceInfo": {"name": name}} for name in names], "nextPageToken": token}


def serve(pages: dict[str, dict[str, Any]], **how: Any) -> tuple[list[str], list[dict[str, list[str]]]]:
    """The names that are found on C(pages), by the token that asks for each, and the queries of the requests."""

    def answer(request: bytes) -> bytes:
        query = parse_qs(urlsplit(request.split()[1].decode()).query)
        return http_answer("200 OK", json.dumps(pages[query.get("nextPageToken", [""])[0]]).encode())

    with misbehaving(answer) as server:
        found = namespace_listing.list_all(TemporalHttp(HttpOptions(server.url)), **how)
        queries = [parse_qs(urlsplit(request.split()[1].decode()).query) for request in server.received]
    return [str(entry["name"]) for entry in found], queries


def test_every_page_is_read_and_the_names_are_in_order() -> None:
    pages = {"": page(["c", "a"], "t/1="), "t/1=": page([], "t2"), "t2": page(["b"])}
    names, queries = serve(pages, include_deleted=False, page_size=2)
    assert names == ["a", "b", "c"]
    assert [query.get("nextPageToken") for query in queries] == [None, ["t/1="], ["t2"]]
    assert {query["pageSize"][0] for query in queries} == {"2"}
    assert not any("namespaceFilter.includeDeleted" in query for query in queries)


def test_deleted_ones_are_asked_for_on_every_page() -> None:
    _names, queries = serve({"": page(["a"], "t"), "t": page(["b"])}, include_deleted=True)
    assert [query["namespaceFilter.includeDeleted"] for query in queries] == [["true"], ["true"]]


def test_a_list_without_an_end_is_a_problem() -> None:
    with pytest.raises(TemporalProblem, match="repeats its page 't' for ever"):
        serve({"": page(["a"], "t"), "t": page(["b"], "t")}, include_deleted=False)


@pytest.mark.parametrize(
    ("name", "snake"),
    [("supportsSchedules", "supports_schedules"), ("nexus", "nexus"), ("asyncUpdate2", "async_update2")],
)
def test_names_in_snake_case(name: str, snake: str) -> None:
    assert snake_case(name) == snake
