# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what a run in check mode would have changed, from the output of the callback ansible.posix.json."""

from __future__ import annotations

import difflib
import json
import typing as t

Result = t.Mapping[str, t.Any]


class DriftError(ValueError):
    """The output is not that of the callback."""


def drift(output: str, errors: str = "") -> dict[str, t.Any]:
    """Return what would change and what could not be compared; ``errors`` is what the run printed as errors.

    Keys: ``hosts`` (names of the hosts that were compared), ``changes`` and ``problems``, lists of items with ``host``,
    ``task`` and ``text``: a difference as C(diff -u) writes it, or what the module says.

    Raises:
        DriftError: The output holds no answer of the callback, as when a playbook cannot be read.
    """
    try:
        # Around its answer stands what others print: warnings before, more callbacks behind.
        answer, _end = json.JSONDecoder().raw_decode(output, output.index("{"))
        plays, stats = answer["plays"], answer["stats"]
    except (ValueError, KeyError, TypeError) as error:
        said = (errors + output).strip() or "it printed nothing"
        raise DriftError("The check run gave no answer (%s): %s" % (error, said[-2000:])) from None
    changes: list[dict[str, str]] = []
    problems: list[dict[str, str]] = []
    for task in (task for play in plays for task in play["tasks"]):
        for host, result in task["hosts"].items():
            where = {"host": host, "task": str(task["task"]["name"])}
            for item in result.get("results") or [result]:
                if item.get("failed") or item.get("unreachable"):
                    problems.append({**where, "text": str(item.get("msg") or "failed")})
                elif item.get("changed"):
                    changes.append({**where, "text": difference(item)})
    return {"hosts": sorted(stats), "changes": changes, "problems": problems}


def difference(result: Result) -> str:
    """Return the differences that a result holds, or its message where it has none."""
    found = result.get("diff") or []
    parts = [_part(part) for part in ([found] if isinstance(found, t.Mapping) else found)]
    return "\n".join(part for part in parts if part) or str(result.get("msg") or "it would change")


def _part(part: Result) -> str:
    if part.get("prepared"):
        return str(part["prepared"]).rstrip()
    before, after = (_lines(part.get(side)) for side in ("before", "after"))
    old, new = (str(part.get(side + "_header") or side) for side in ("before", "after"))
    return "\n".join(difflib.unified_diff(before, after, old, new, lineterm=""))


def _lines(side: t.Any) -> list[str]:
    text = side if isinstance(side, str) else "" if side is None else json.dumps(side, indent=2, sort_keys=True)
    return text.splitlines()


def lines(found: Result) -> list[str]:
    """Return what a person reads: each change and each problem with its host, task and text."""
    told = [(entry, "would change") for entry in found["changes"]]
    told += [(entry, "could not be compared") for entry in found["problems"]]
    result: list[str] = []
    for entry, word in told:
        result.append("%s: %s (%s)" % (entry["host"], word, entry["task"]))
        result += ["    " + line for line in entry["text"].splitlines()]
    return result
