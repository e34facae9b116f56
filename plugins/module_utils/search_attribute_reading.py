# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the search attributes of a namespace.

Apart from search_attributes, because filters use that: what they import is loaded for each task that uses a filter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.search_attributes import Live, our_type
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp, api_path, read_answer


def read_live(client: TemporalHttp, namespace: str) -> Live:
    """Return what the namespace has. Raises HttpProblem and TemporalProblem (also for an unknown namespace)."""
    answer = client.get(api_path("namespaces", namespace, "search-attributes"))

    def take(content: Mapping[str, Any]) -> Live:
        custom, system = content.get("customAttributes", {}), content.get("systemAttributes", {})
        return Live(
            {name: our_type(kind) for name, kind in sorted(custom.items())},
            {name: our_type(kind) for name, kind in sorted(system.items())},
        )

    return read_answer("The list of search attributes", answer, take)
