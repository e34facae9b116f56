# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which schema belongs to which server, and which steps lead from one to the other. Pure: no database, no process."""

from __future__ import annotations

import re
import typing as t

Versions = t.Mapping[str, t.Any]

# Schema numbers (default store, visibility store) of minors older than the version table, so that an upgrade from them
# can be told apart from one that skips a minor. Source: schema/postgresql/v12/version.go of the server's tags.
OLDER_MINORS: t.Sequence[tuple[str, str, str]] = (
    ("1.20", "1.9", "1.2"),
    ("1.21", "1.10", "1.3"),
    ("1.22", "1.10", "1.3"),
    ("1.23", "1.11", "1.4"),
)

_SERVER_VERSION = re.compile(r"^(\d+)\.(\d+)\.(\d+)$")
_COLUMN = {"default": "schema", "visibility": "visibility_schema"}
_POSITION = {"default": 1, "visibility": 2}


class SchemaError(Exception):
    """The schema cannot be read or brought to its version; the text says what to change."""


class Step(t.NamedTuple):
    """One call of the sql-tool. ``to`` is None when the tool decides (the newest that it embeds)."""

    store: str
    action: str
    start: str | None
    to: str | None


def number(version: str) -> tuple[int, ...]:
    """Return ``version`` in a form that compares: 1.9 is older than 1.10.

    Raises:
        SchemaError: ``version`` is not made of numbers and dots.
    """
    try:
        return tuple(int(part) for part in version.split("."))
    except ValueError:
        raise SchemaError("%r is no version: expected numbers separated by dots, such as 1.19." % version) from None


def minor_of(server_version: str) -> str:
    """Return the minor of a server version: 1.32 of 1.32.2.

    Raises:
        SchemaError: ``server_version`` has another form than X.Y.Z.
    """
    match = _SERVER_VERSION.match(server_version)
    if match is None:
        raise SchemaError("server_version is %r: expected the form X.Y.Z, such as 1.32.2." % server_version)
    return "%s.%s" % (match.group(1), match.group(2))


def _rows(versions: Versions) -> list[tuple[str, str, str]]:
    """Return (minor, default schema, visibility schema) in the order of an upgrade, the last patch of each minor."""
    known: dict[str, tuple[tuple[int, ...], str, str]] = {}
    for version, row in versions["server"].items():
        minor = minor_of(version)
        if minor not in known or number(version) > known[minor][0]:
            known[minor] = (number(version), str(row["schema"]), str(row["visibility_schema"]))
    order = [minor for minor in versions["minors"] if minor in known]
    older = [row for row in OLDER_MINORS if not order or number(row[0]) < number(order[0])]
    return older + [(minor, known[minor][1], known[minor][2]) for minor in order]


def target(versions: Versions, server_version: str, store: str) -> tuple[str, bool]:
    """Return the schema version that ``server_version`` needs in ``store``, and whether it is known exactly.

    A patch that the table does not name gets the number of its minor and False: the sql-tool then decides.

    Raises:
        SchemaError: The minor of ``server_version`` is not in the table.
    """
    row = versions["server"].get(server_version)
    if row is not None:
        return str(row[_COLUMN[store]]), True
    minor = minor_of(server_version)
    for known in _rows(versions):
        if known[0] == minor:
            return known[_POSITION[store]], False
    raise SchemaError(
        "server_version is %r: minor %s is not in the version table (known: %s). Choose a version of a known minor."
        % (server_version, minor, ", ".join(versions["minors"]))
    )


def _candidates(rows: t.Sequence[tuple[str, str, str]], store: str, current: str) -> list[int]:
    """Return the places in ``rows`` whose schema is the newest one that ``current`` has reached."""
    position = _POSITION[store]
    reached = [row[position] for row in rows if number(row[position]) <= number(current)]
    if not reached:
        return []
    newest = max(reached, key=number)
    return [place for place, row in enumerate(rows) if row[position] == newest]


def check_minor_step(versions: Versions, server_version: str, current: t.Mapping[str, str]) -> None:
    """Refuse to go from the minor that the databases belong to over a skipped minor, in either direction.

    ``current`` maps a store's name to its schema version; stores that have none yet are left out. Several minors can
    share a pair of numbers: the one that forbids least is assumed. An upgrade that was interrupted between the two
    stores counts as the minor of the store that was left behind.

    Raises:
        SchemaError: A minor would be skipped.
    """
    if not current:
        return
    rows = _rows(versions)
    names = [row[0] for row in rows]
    minor = minor_of(server_version)
    if minor not in names:
        target(versions, server_version, "default")
        return
    places = [set(_candidates(rows, store, version)) for store, version in sorted(current.items())]
    shared = set.intersection(*places)
    if shared:
        lowest, highest = min(shared), max(shared)
    else:
        lowest = highest = min(max(place, default=-1) for place in places)
    wanted = names.index(minor)
    if wanted - highest > 1:
        raise SchemaError(
            "The databases (%s) belong to server %s; server %s would skip %s. Every minor has to run once: "
            "upgrade one minor at a time, beginning with %s."
            % (
                _listing(current),
                _span(names, lowest, highest) if highest >= 0 else "older than %s" % names[0],
                server_version,
                ", ".join(names[highest + 1 : wanted]),
                names[highest + 1],
            )
        )
    if lowest - wanted > 1:
        raise SchemaError(
            "The databases (%s) belong to server %s; going back to server %s would skip %s. A server reads the schema "
            "of the next minor, not of later ones: choose a version of %s or newer."
            % (
                _listing(current),
                _span(names, lowest, highest),
                server_version,
                ", ".join(names[wanted + 1 : lowest]),
                names[lowest - 1],
            )
        )


def steps(store: str, current: str | None, wanted: str, exact: bool, predict: bool) -> list[Step]:
    """Return the calls of the sql-tool that bring ``store`` from ``current`` to ``wanted``; never backwards.

    With ``exact`` False the tool is asked to go to the newest schema that it embeds, even if ``wanted`` is reached,
    because a patch may contain a step; ``predict`` (check mode) leaves that call out.
    """
    result: list[Step] = []
    start = current
    if start is None:
        result.append(Step(store, "setup", None, "0.0"))
        start = "0.0"
    if number(start) < number(wanted):
        result.append(Step(store, "update", start, wanted if exact else None))
    elif not exact and not predict:
        result.append(Step(store, "update", start, None))
    return result


def _listing(current: t.Mapping[str, str]) -> str:
    return ", ".join("%s store at %s" % item for item in sorted(current.items()))


def _span(names: t.Sequence[str], lowest: int, highest: int) -> str:
    return names[lowest] if lowest == highest else "%s to %s" % (names[lowest], names[highest])
