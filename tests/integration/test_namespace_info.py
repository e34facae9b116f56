# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.namespace_info against a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import namespace_listing
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import HttpOptions
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp
from module_testing import Outcome, RecordingProxy

Run = Callable[..., Outcome]
Unique = Callable[[str], str]


def names(outcome: Outcome) -> list[str]:
    assert not outcome.failed, outcome.message
    return [str(entry["name"]) for entry in outcome["namespaces"]]


def test_one_is_told_as_the_module_that_made_it_told(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    name = unique("told")
    [made] = run("namespace", {"name": name, "retention": "5d", "description": "d", "data": {"k": "v"}})["namespaces"]
    frontend.forget()
    outcome = run("namespace_info", {"name": name})
    [found] = outcome["namespaces"]
    assert {key: found[key] for key in made if key != "action"} == {k: v for k, v in made.items() if k != "action"}
    assert (found["active_cluster"], found["clusters"], found["is_global"]) == ("active", ["active"], False)
    assert isinstance(found["capabilities"], dict)
    assert (outcome.changed, frontend.writes, len(frontend.requests)) == (False, [], 1)


def test_one_that_is_not_there_is_no_error(run: Run, unique: Unique) -> None:
    assert names(run("namespace_info", {"name": unique("nosuch")})) == []


def test_all_are_told_and_deleted_ones_when_asked_for(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    kept, deleted = unique("kept"), unique("deleted")
    run("namespace", {"namespaces": [{"name": kept}, {"name": deleted}]})
    run("namespace", {"name": deleted, "state": "absent"})
    frontend.forget()
    found = names(run("namespace_info", {}))
    assert {kept, "default", "temporal-system"} <= set(found)
    assert found == sorted(found)
    assert not [name for name in found if name.startswith(deleted)]
    # The server may have reclaimed it by now; if not it is told by its new name.
    more = run("namespace_info", {"include_deleted": True})
    assert set(found) <= set(names(more))
    for entry in more["namespaces"]:
        if entry["name"].startswith(deleted):
            assert (entry["state"], "-deleted-" in entry["name"]) == ("deleted", True)
    assert frontend.writes == []
    assert "namespaceFilter.includeDeleted=true" in frontend.requests[-1][1]


def test_pages_add_up(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    """With one namespace per page everything is found that one page holds."""
    run("namespace", {"namespaces": [{"name": unique("page")} for _ in range(3)]})
    client = TemporalHttp(HttpOptions(frontend.url))
    frontend.forget()
    paged = namespace_listing.list_all(client, include_deleted=False, page_size=1)
    assert len(frontend.requests) >= len(paged) >= 4
    assert [entry["name"] for entry in paged] == names(run("namespace_info", {}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": " "}, "name must not be empty"),
        ({"name": "a", "include_deleted": True}, "do not go together"),
        ({"timeout": 0}, "timeout is 0"),
    ],
)
def test_bad_options_send_nothing(run: Run, frontend: RecordingProxy, options: dict[str, Any], message: str) -> None:
    outcome = run("namespace_info", options)
    assert outcome.failed
    assert message in outcome.message
    assert frontend.requests == []
