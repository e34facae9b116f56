# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn the registered results of tasks into the rows of a verification report."""

from __future__ import annotations

import typing as t

PASSED = "passed"
FAILED = "failed"
BLOCKED = "blocked"

Check = t.Mapping[str, t.Any]
Row = t.Dict[str, t.Any]


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


def took(value: float | None) -> str:
    """Return the seconds of a row as text; a whole number is one that was cut, not measured."""
    if value is None:
        return "-"
    return "<%d" % (value + 1) if isinstance(value, int) else "%.2f" % value


def _detail(result: t.Mapping[str, t.Any]) -> str:
    for key in ("msg", "stderr", "stdout"):
        text = str(result.get(key) or "").strip()
        if text:
            return text
    return ""


def identity(check: Check) -> str:
    """Return the id of a check; one that has none goes by its name."""
    return str(check.get("id") or check["name"])


def row(check: Check) -> Row:
    """Return one row: id, name, host, result, seconds, detail and, for a failure, likely cause and fix.

    A check that has no result, or that was skipped, has proved nothing and counts as failed.

    Raises:
        ReportError: The check's result is not the registered result of a task.
    """
    result = check.get("result")
    if result is not None and not isinstance(result, t.Mapping):
        raise ReportError("checks[%r].result is %r: not the registered result of a task." % (check.get("name"), result))
    entry: Row = {"id": identity(check), "name": check["name"], "host": check["host"]}
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
    failed = entry["result"] == FAILED
    entry.update({key: str(check.get(key) or "") if failed else "" for key in ("cause", "fix")}, blocked_by="")
    return entry


def rows(checks: t.Sequence[Check]) -> list[Row]:
    """Return the rows of all checks, those that another one's failure explains as blocked by it.

    A check needs the checks of its ``needs`` on every host; a ``local`` one on its own alone, where they have a row.
    A need that was not chosen for this report blocks nobody. What blocks is always the first failure, never something
    that is blocked itself.

    Raises:
        ReportError: A check has the wrong shape, or needs itself by way of others.
    """
    entries = [row(check) for check in checks]
    needs = [_needed(check, entries) for check in checks]
    found: dict[int, Row | None] = {}
    for index in range(len(entries)):
        _blocker(index, entries, needs, found, ())
    for index, blocker in found.items():
        if blocker is not None:
            entries[index].update(
                result=BLOCKED,
                detail="blocked by %s on %s" % (blocker["name"], blocker["host"]),
                blocked_by=blocker["id"],
                cause="",
                fix="",
            )
    return entries


def _blocker(
    index: int,
    entries: t.Sequence[Row],
    needs: t.Sequence[t.Sequence[int]],
    found: dict[int, Row | None],
    path: tuple[int, ...],
) -> Row | None:
    """Return the failed check that explains why this one cannot pass, None when there is none."""
    if index in path:
        raise ReportError("checks: %s needs itself." % " needs ".join(entries[at]["id"] for at in (*path, index)))
    if index not in found:
        found[index] = None
        for at in needs[index]:
            above = _blocker(at, entries, needs, found, (*path, index))
            found[index] = found[index] or above or (entries[at] if entries[at]["result"] == FAILED else None)
    return found[index]


def _needed(check: Check, entries: t.Sequence[Row]) -> list[int]:
    """Return the indexes of the rows that ``check`` needs, in the order of its needs."""
    found: list[int] = []
    for need in check.get("needs") or ():
        everywhere = [at for at, entry in enumerate(entries) if entry["id"] == need]
        here = [at for at in everywhere if entries[at]["host"] == check["host"]] if check.get("local") else []
        found += here or everywhere
    return found


def counts(entries: t.Sequence[Row]) -> dict[str, int]:
    """Return how many rows passed, failed and are blocked."""
    return {result: sum(entry["result"] == result for entry in entries) for result in (PASSED, FAILED, BLOCKED)}


def table(entries: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """Return the lines of a table that a person reads: result, seconds, host, check and detail.

    What to do about each failure stands below it.
    """
    cells = [("RESULT", "SECONDS", "HOST", "CHECK", "DETAIL")]
    for entry in entries:
        detail = str(entry["detail"]).splitlines()
        cells.append(
            (entry["result"], took(entry["seconds"]), entry["host"], entry["name"], detail[0][:100] if detail else "")
        )
    widths = [max(len(str(line[column])) for line in cells) for column in range(4)]
    lines = ["  ".join(str(value).ljust(width) for value, width in zip(line, [*widths, 0])).rstrip() for line in cells]
    for entry in entries:
        advice = [str(entry.get(key)) for key in ("cause", "fix") if entry.get(key)]
        if advice:
            lines.append("%s on %s: %s" % (entry["name"], entry["host"], " ".join(advice)))
    return lines
