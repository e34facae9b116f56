# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of keys of dynamic configuration, which tools/extract_dynamic_config_keys.py makes from the sources."""

from __future__ import annotations

import functools
import json
import os
import typing as t

_FILE = os.path.join(
    os.path.dirname(__file__), os.pardir, os.pardir, "roles", "runtime", "files", "dynamic_config_keys.json"
)


@functools.lru_cache(maxsize=1)
def load() -> t.Mapping[str, t.Any]:
    """Return ``versions`` in order and, in ``keys``, lists of type, scope, first and last version."""
    with open(_FILE, encoding="utf-8") as stream:
        table: dict[str, t.Any] = json.load(stream)
    return table
