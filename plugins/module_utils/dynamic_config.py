# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dynamic configuration of Temporal Server: its form, and what is wrong with keys and values for one version.

The server itself only logs a warning for a key that it does not know or a value that it cannot read, and goes on with
its default (common/dynamicconfig/yaml_loader.go). What is checked here follows that file and collection.go beside it.
"""

from __future__ import annotations

import difflib
import json
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import Problems, say
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import minor, seconds

Values = t.Mapping[str, t.Any]
# Lower-case key → the key as the server spells it, its type and its scope.
Known = t.Mapping[str, t.Tuple[str, str, str]]

# The constraints that a key of a scope takes, in the server's spelling.
CONSTRAINTS: t.Mapping[str, t.Sequence[str]] = {
    "Global": (),
    "Namespace": ("namespace",),
    "NamespaceID": ("namespaceID",),
    "TaskQueue": ("namespace", "taskQueueName", "taskType"),
    "ShardID": ("shardID",),
    "TaskType": ("historyTaskType",),
    "Destination": ("namespace", "destination"),
    "ChasmTaskType": ("chasmTaskType",),
}
_ALL_CONSTRAINTS = tuple(dict.fromkeys(name for names in CONSTRAINTS.values() for name in names))
_TASK_TYPES = ("Workflow", "Activity", "Nexus")
# What names a task queue's type in the API.
_LONG_TASK_TYPES = tuple("TASK_QUEUE_TYPE_" + name.upper() for name in _TASK_TYPES)


def entries(value: t.Any) -> list[t.Any]:
    """Return the entries of a key; a plain value stands for one entry without constraints."""
    return list(value) if isinstance(value, list) else [{"value": value, "constraints": {}}]


def normalized(values: Values) -> dict[str, list[t.Any]]:
    """Return ``values`` in the form of the server's file, in the order of the keys."""
    return {key: entries(value) for key, value in sorted(values.items())}


def known_keys(table: t.Mapping[str, t.Any], version: str) -> tuple[Known, bool]:
    """Return what a server knows, and whether that is certain.

    For a patch that the table does not have it is what the table's patch of the same minor knows.

    Raises:
        ValueError: The table has no version of this minor.
    """
    order = list(table["versions"])
    same = [item for item in order if minor(item) == minor(version)]
    if not same:
        raise ValueError("no keys of server %s are known (known: %s)" % (version, ", ".join(order)))
    place = order.index(version if version in order else same[-1])
    found = {}
    for key, ranges in table["keys"].items():
        for kind, scope, first, last in ranges:
            if order.index(first) <= place <= order.index(last):
                found[key.lower()] = (key, kind, scope)
    return found, version in order


def problems(values: Values, table: t.Mapping[str, t.Any], version: str, option: str) -> tuple[list[str], list[str]]:
    """Return what is wrong, and what is only doubtful, one sentence each.

    A key that is not known is doubtful where the table does not have the very version.

    Args:
        values: From a key to a plain value or a list of entries with ``value`` and ``constraints``.
        table: What roles/runtime/files/dynamic_config_keys.json holds.
        version: Of the server, in the form X.Y.Z, of a minor that the table has.
        option: What the user calls ``values``.
    """
    known, certain = known_keys(table, version)
    wrong: list[str] = []
    doubtful: list[str] = []
    spelled: dict[str, str] = {}
    for key, value in values.items():
        variable = "%s[%r]" % (option, key)
        lower = str(key).lower()
        if lower in spelled:
            reason = "the same key as %r, because the server does not look at capitals" % spelled[lower]
            wrong.append(say(variable, value, reason, "Leave one of the two."))
        spelled.setdefault(lower, str(key))
        if lower not in known:
            (wrong if certain else doubtful).append(_unknown(variable, value, str(key), table, known, version))
            kind, scope = "any", "any"
        else:
            _key, kind, scope = known[lower]
        wrong += _entries(variable, value, kind, scope)
    return wrong, doubtful


def _unknown(variable: str, value: t.Any, key: str, table: t.Mapping[str, t.Any], known: Known, version: str) -> str:
    reason = "server %s does not know this key" % version
    ranges = {name.lower(): ranges for name, ranges in table["keys"].items()}.get(key.lower())
    if ranges:
        reason += " (of the versions in the table, %s to %s do)" % (ranges[0][2], ranges[-1][3])
    near = difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.6)
    return say(variable, value, reason, "Do you mean %s?" % known[near[0]][0] if near else "Leave it out.")


def _entries(variable: str, value: t.Any, kind: str, scope: str) -> Problems:
    seen: list[str] = []
    for entry in entries(value):
        if not isinstance(entry, t.Mapping) or "value" not in entry or not set(entry) <= {"value", "constraints"}:
            fix = "Give a plain value, or a list of {value: …, constraints: {…}}."
            yield say(variable, entry, "not an entry of dynamic configuration", fix)
            continue
        yield from _value(variable, entry["value"], kind)
        constraints = entry.get("constraints") or {}
        if not isinstance(constraints, t.Mapping):
            yield say(variable + ".constraints", constraints, "not a dictionary", "Give names with values, or {}.")
            continue
        for name, content in constraints.items():
            yield from _constraint("%s.constraints[%r]" % (variable, name), str(name), content, scope)
        text = json.dumps({str(name).lower(): content for name, content in constraints.items()}, sort_keys=True)
        if text in seen:
            reason = "a second entry with the same constraints, which the server never reaches"
            yield say(variable, entry["value"], reason, "Leave one of the two.")
        seen.append(text)


def _value(variable: str, value: t.Any, kind: str) -> Problems:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "bool" and not isinstance(value, bool):
        yield say(variable, value, "not a truth value", "Write true or false, without quotes.")
    elif kind == "int" and not (number and isinstance(value, int)):
        yield say(variable, value, "not a whole number", "Write a whole number, without quotes.")
    elif kind == "float" and not number:
        yield say(variable, value, "not a number", "Write a number, without quotes.")
    elif kind == "string" and not isinstance(value, str):
        yield say(variable, value, "not a text", "Write a text, in quotes where it looks like a number.")
    elif kind == "map" and not isinstance(value, t.Mapping):
        yield say(variable, value, "not a dictionary", "Give names with values.")
    elif kind == "duration":
        try:
            seconds(None if isinstance(value, bool) else value)
        except ValueError:
            yield say(variable, value, "not a duration", "Write a number with a unit, such as 10s or 1h.")


def _constraint(variable: str, name: str, value: t.Any, scope: str) -> Problems:
    spelling = {item.lower(): item for item in _ALL_CONSTRAINTS}.get(name.lower())
    allowed = CONSTRAINTS.get(scope, _ALL_CONSTRAINTS)
    if spelling not in allowed:
        takes = "Take one of %s." % ", ".join(allowed) if allowed else "This key has one value for all: leave it out."
        yield say(variable, value, "a constraint that this key does not take", takes)
    elif spelling == "shardID":
        if isinstance(value, bool) or not isinstance(value, int):
            yield say(variable, value, "not a whole number", "Give the number of a history shard.")
    elif spelling == "taskType":
        if value not in (*_TASK_TYPES, *_LONG_TASK_TYPES, *range(1, len(_TASK_TYPES) + 1)):
            yield say(variable, value, "not a type of task queue", "Give one of %s." % ", ".join(_TASK_TYPES))
    elif spelling == "historyTaskType":
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            yield say(variable, value, "not a type of task", "Give its name or number.")
    elif not isinstance(value, str):
        yield say(variable, value, "not a text", "Give a name, in quotes where it looks like a number.")
