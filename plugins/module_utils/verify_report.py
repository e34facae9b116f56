# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn the registered results of tasks into the rows of a verification report."""

from __future__ import annotations

import typing as t

PASSED = "passed"
FAILED = "failed"


class ReportError(ValueError):
    """A check has a shape from which no row can be made."""


def seconds(result: t.Mapping[str, t.Any]) -> float | None:
    """Return how long a task took, in seconds, from whichever of the usual keys its result has.

    Modules of this collection and C(ansible.builtin.uri) return ``elapsed`` in seconds, C(ansible.builtin.command)
    returns ``delta`` as ``H:MM:SS.ffffff``. None when the result has neither.
    """
    if "delta" in result:
        hours, minutes, rest = str(result["delta"]).rsplit(":", 2)
        days, _separator, hours = hours.rpartition(" day, ") if " day, " in hours else ("0", "", hours)
        return round(int(days) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(rest), 3)
    if "elapsed" in result:
        elapsed = result["elapsed"]
        # C(ansible.builtin.uri) counts whole seconds: kept as such, so that the table can say so.
        return elapsed if isinstance(elapsed, int) else round(float(elapsed), 3)
    return None


def _took(value: float | None) -> str:
    if value is None:
        return "-"
    return "<%d" % (value + 1) if isinstance(value, int) else "%.2f" % value


def _detail(result: t.Mapping[str, t.Any]) -> str:
    for key in ("msg", "stderr", "stdout"):
        text = str(result.get(key) or "").strip()
        if text:
            return text
    return ""


def row(check: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return one row: name, host, result, seconds and, for a failure, its cause.

    A check that has no result, or that was skipped, has proved nothing and counts as failed.
    """
    result = check.get("result")
    if result is not None and not isinstance(result, t.Mapping):
        raise ReportError("checks[%r].result is %r: not the registered result of a task." % (check.get("name"), result))
    entry: dict[str, t.Any] = {"name": check["name"], "host": check["host"]}
    if not result:
        entry.update(result=FAILED, seconds=None, detail="the check did not run")
    elif result.get("skipped"):
        entry.update(result=FAILED, seconds=None, detail="the check was skipped")
    else:
        failed = bool(result.get("failed") or result.get("unreachable"))
        entry.update(
            result=FAILED if failed else PASSED,
            seconds=seconds(result),
            detail=_detail(result) if failed else str(check.get("detail") or ""),
        )
    return entry


def table(rows: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """Return the lines of a table that a person reads: result, seconds, host, check and detail."""
    cells = [("RESULT", "SECONDS", "HOST", "CHECK", "DETAIL")]
    for entry in rows:
        detail = str(entry["detail"]).splitlines()
        cells.append(
            (entry["result"], _took(entry["seconds"]), entry["host"], entry["name"], detail[0][:100] if detail else "")
        )
    widths = [max(len(str(line[column])) for line in cells) for column in range(4)]
    return ["  ".join(str(value).ljust(width) for value, width in zip(line, [*widths, 0])).rstrip() for line in cells]
