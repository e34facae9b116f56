# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which values an orchestrator takes in the ``temporal:`` block of its configuration. It checks none of them itself."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import (
    Problems,
    base_url_problems,
    is_host_port,
    name_problems,
    say,
)

_ENVIRONMENT = "env:"
_VARIABLE = re.compile(r"^env:[A-Za-z_][A-Za-z0-9_]*$")
_SCHEME = re.compile(r"^https?://")


def _variable(option: str, value: str) -> Problems:
    if not _VARIABLE.match(value):
        fix = "Write env: and a name, such as env:TEMPORAL_ADDRESS."
        yield say(option, value, "not the name of an environment variable", fix)


def _address(option: str, value: str) -> Problems:
    if value.startswith(_ENVIRONMENT):
        yield from _variable(option, value)
    elif not is_host_port(_SCHEME.sub("", value)):
        fix = "Give the gRPC address of a frontend such as 192.0.2.21:7233, or env:VARIABLE."
        yield say(option, value, "not host:port", fix)


def _endpoint(option: str, value: str) -> Problems:
    if value.startswith(_ENVIRONMENT):
        yield from _variable(option, value)
    else:
        yield from base_url_problems(option, value, "http://192.0.2.41:3000, or env:VARIABLE")


def _name(option: str, value: str) -> Problems:
    if value.startswith(_ENVIRONMENT):
        wrong = "an orchestrator takes it as it stands when it starts a workflow"
        yield say(option, value, wrong, "Give the name itself.")
    else:
        yield from name_problems(option, value)


_RULES: t.Mapping[str, t.Callable[[str, str], Problems]] = {
    "address": _address,
    "namespace": _name,
    "task_queue": _name,
    "worker_http_endpoint": _endpoint,
}


def value_problems(values: t.Mapping[str, str], names: t.Mapping[str, str] | None = None) -> list[str]:
    """Return what is wrong with values of the block, one sentence each with the fix.

    Args:
        values: By the keys of the block; keys that are not there are not checked.
        names: What the user calls a key, where that is not the key itself.
    """
    found: list[str] = []
    for key, rule in _RULES.items():
        if key in values:
            found += rule((names or {}).get(key, key), values[key])
    return found
