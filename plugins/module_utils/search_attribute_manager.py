# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the search attributes of a namespace to what is wanted, over the API that its visibility store needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ansible_collections.aegis.temporal.plugins.module_utils import namespaces, temporal_grpc
from ansible_collections.aegis.temporal.plugins.module_utils import search_attribute_columns as columns
from ansible_collections.aegis.temporal.plugins.module_utils import search_attributes as sa
from ansible_collections.aegis.temporal.plugins.module_utils.check_mode import foresee
from ansible_collections.aegis.temporal.plugins.module_utils.clusters import visibility_store
from ansible_collections.aegis.temporal.plugins.module_utils.connection import Connection
from ansible_collections.aegis.temporal.plugins.module_utils.frontends import read_frontends, wait_for_all
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import HttpProblem
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.search_attribute_reading import read_live
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import (
    TemporalHttp,
    TemporalProblem,
    api_path,
)

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# Two runs at once may choose the same column; the server refuses the second, which then looks anew.
_ATTEMPTS = 3


class Manager:
    """One namespace. Raises Problem for options that are wrong, before any request."""

    def __init__(self, module: AnsibleModule, connection: Connection) -> None:
        self.module = module
        self.namespace: str = module.params["namespace"]
        self.connection = connection
        self.client = TemporalHttp(connection.http)
        self.frontends = read_frontends(connection, module.params["http_urls"])
        self.columns: dict[str, str] = {}
        self.there = True

    def bring(self, wanted: Sequence[sa.Wanted]) -> dict[str, Any]:
        """Return the module's result. Raises Problem, HttpProblem and TemporalProblem."""
        before = self._read() if wanted else sa.Live({}, {})
        added, removed = sa.difference(wanted, before)
        if added or removed:
            self._change(added, removed)
        after = sa.expected(before, added, removed)
        return {
            "changed": bool(added or removed),
            "search_attributes": [_entry(attribute, after, added, removed) for attribute in wanted],
            "columns": self.columns,
            "diff": {
                "before_header": f"search attributes of namespace {self.namespace}",
                "after_header": f"search attributes of namespace {self.namespace}",
                "before": dict(before.custom),
                "after": after,
            },
        }

    def _read(self) -> sa.Live:
        try:
            return read_live(self.client, self.namespace)
        except HttpProblem as problem:
            foresee(self.module, problem, f"namespace {self.namespace} is taken as new")
        except TemporalProblem as problem:
            if not problem.namespace_missing:
                raise
            if not self.module.check_mode:
                namespaces.require(self.client, self.namespace)
            self.module.warn(f"Namespace {self.namespace} is not registered. In check mode it is taken as new.")
        self.there = False
        return sa.Live({}, {})

    def _change(self, added: Mapping[str, str], removed: Sequence[str]) -> None:
        if not self.there:
            self.columns, _used = columns.assign(columns.unseen, self.namespace, added, {})
        elif columns.keeps_columns(visibility_store(self.client)):
            self._wait_until_known()
            self._change_columns(added, removed)
        elif not self.module.check_mode:
            self._change_index(added, removed)
        if self.module.check_mode:
            return
        # The list comes from the database, so this tells what the server has made of the request. What another run has
        # changed meanwhile is its own business.
        after = read_live(self.client, self.namespace).custom
        wrong = [name for name, kind in added.items() if after.get(name) != kind]
        wrong += [name for name in removed if name in after]
        if wrong:
            raise Problem(
                f"The server took the change, but it did not last for {', '.join(wrong)}: the attributes of namespace "
                f"{self.namespace} are {dict(after)}. Did another run change them at the same time? Run again."
            )

    def _change_columns(self, added: Mapping[str, str], removed: Sequence[str]) -> None:
        names = columns.read_columns(self.client, self.namespace)
        freed = {column: "" for column, name in names.items() if name in removed}
        foreign = sorted(set(removed) - set(names.values()))
        if foreign:
            raise Problem(
                f"search_attributes: {', '.join(foreign)} belongs to the whole cluster, not to namespace "
                f"{self.namespace}, as before server 1.20. It cannot be removed here."
            )
        taken = {column: name for column, name in names.items() if column not in freed}
        # Chosen before anything is written, so that what does not fit changes nothing.
        self._assign(added, taken, list(freed))
        if self.module.check_mode:
            return
        if freed:
            self._write(freed)
            self._wait_until(removed, searched=False)
        for left in reversed(range(_ATTEMPTS if added else 0)):
            try:
                self._write(self.columns)
                break
            except TemporalProblem as problem:
                if problem.status != 400 or "already allocated" not in str(problem) or not left:
                    raise
                taken = columns.read_columns(self.client, self.namespace)
                there = {name for name in taken.values() if name in added}
                self._assign({name: kind for name, kind in added.items() if name not in there}, taken, [])
                if not self.columns:
                    break
        self._wait_until(list(added), searched=True)

    def _assign(self, added: Mapping[str, str], taken: Mapping[str, str], freed: Sequence[str]) -> None:
        """Choose columns, each asked for once."""
        look = lru_cache(maxsize=None)(lambda column: columns.look_at(self.client, self.namespace, column))
        self.columns, used_before = columns.assign(look, self.namespace, added, taken, freed)
        for column in used_before:
            self.module.warn(
                f"search_attributes: {self.columns[column]} gets the column {column}, which holds values of an "
                "attribute that was removed: there is none without. Old workflows show them under the new name."
            )

    def _change_index(self, added: Mapping[str, str], removed: Sequence[str]) -> None:
        limit = max(self.module.params["wait_timeout"], self.connection.http.timeout)
        if removed:
            temporal_grpc.remove_search_attributes(self.connection, self.namespace, removed, limit)
            self._wait_until(removed, searched=False)
        if added:
            kinds = {name: sa.server_type(kind) for name, kind in added.items()}
            temporal_grpc.add_search_attributes(self.connection, self.namespace, kinds, limit)
            self._wait_until(list(added), searched=True)

    def _write(self, names: Mapping[str, str]) -> None:
        body = {"config": {"customSearchAttributeAliases": dict(names)}}
        self.client.post(api_path("namespaces", self.namespace, "update"), body)

    def _wait_until_known(self) -> None:
        """A namespace that was registered just now can be described, but not searched yet."""
        if not self.module.check_mode:
            params = self.module.params
            wait_for_all(
                self.frontends[:1],
                lambda frontend: namespaces.usable(frontend, self.namespace),
                f"namespace {self.namespace} is known",
                params["wait_timeout"],
                params["wait_interval"],
            )

    def _wait_until(self, names: Sequence[str], searched: bool) -> None:
        """Wait until every frontend accepts searches with each of C(names), or refuses them."""
        params = self.module.params
        for name in names:
            accepted = "accepted" if searched else "refused"
            wait_for_all(
                self.frontends,
                _looks_for(self.namespace, name, searched),
                f"searches with {name} are {accepted} in namespace {self.namespace}",
                params["wait_timeout"],
                params["wait_interval"],
            )


def _looks_for(namespace: str, name: str, searched: bool) -> Callable[[TemporalHttp], bool]:
    def look(frontend: TemporalHttp) -> bool:
        try:
            columns.search(frontend, namespace, f"`{name}` IS NULL")
        except TemporalProblem as problem:
            if problem.status != 400:
                raise
            return not searched
        return searched

    return look


def _entry(
    attribute: sa.Wanted, after: Mapping[str, str], added: Mapping[str, str], removed: Sequence[str]
) -> dict[str, str]:
    action = "added" if attribute.name in added else "removed" if attribute.name in removed else "none"
    return {
        "name": attribute.name,
        "state": "present" if attribute.present else "absent",
        "type": after.get(attribute.name, ""),
        "action": action,
    }
