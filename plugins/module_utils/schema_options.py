# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that the modules schema and schema_info share. Described in doc_fragments/schema.py."""

from __future__ import annotations

import typing as t


def schema_argument_spec() -> dict[str, t.Any]:
    """Return the options about the stores and the server."""
    tls = {
        "enabled": {"type": "bool", "default": False},
        "ca_file": {"type": "path"},
        "cert_file": {"type": "path"},
        "key_file": {"type": "path", "no_log": False},
        "verify_host": {"type": "bool", "default": True},
    }
    store = {
        "name": {"type": "str", "choices": ["default", "visibility"], "required": True},
        "host": {"type": "str", "required": True},
        "port": {"type": "int", "default": 5432},
        "database": {"type": "str", "required": True},
        "user": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
        "plugin": {"type": "str", "choices": ["postgres12_pgx", "postgres12"], "default": "postgres12_pgx"},
        "tls": {
            "type": "dict",
            "default": {},
            "options": tls,
            "required_together": [["cert_file", "key_file"]],
        },
    }
    return {
        "server_version": {"type": "str", "required": True},
        "versions": {
            "type": "dict",
            "required": True,
            "options": {
                "server": {"type": "dict", "required": True},
                "minors": {"type": "list", "elements": "str", "required": True},
            },
        },
        "cluster_name": {"type": "str", "default": "active"},
        "history_shards": {"type": "int"},
        "stores": {"type": "list", "elements": "dict", "required": True, "options": store},
        "connect_timeout": {"type": "int", "default": 10},
    }
