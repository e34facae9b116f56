# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running unit was started with, compared with what is on disk now.

The unit's ``ExecStartPre`` (see the template of the role ``runtime``) writes a record at each start::

    invocation
    <systemd's id of this start>
    file
    <sha256>  <path>             unit file, environment files and configuration files, one a line
    credential
    <sha256>  <id>               what the service was really handed, not the source file
    link
    <target of `current`>

A restart is needed exactly when the record of the running process differs from the same facts taken from disk now.
Nothing has to survive between two runs of a play, so a run that was killed anywhere is made good by the next.
"""

from __future__ import annotations

import hashlib
import os
import typing as t

RECORDS = "/run/aegis-temporal"
SECTIONS = ("invocation", "file", "credential", "link")
# There is one link at most, so that its name needs no place in the record.
LINK = "current"

if t.TYPE_CHECKING:
    # (kind, name) → value, for the kinds of the record above.
    Facts = dict[tuple[str, str], str]


class Sources(t.NamedTuple):
    """Everything whose change makes a restart necessary. ``%i`` in paths stands for the instance."""

    unit_file: str
    files: t.Sequence[str]
    credentials: t.Mapping[str, str]
    """Credential id → source file."""
    link: str
    """Path of the ``current`` link of the component, or an empty string."""


def for_instance(text: str, instance: str) -> str:
    """Expand ``%i`` (the instance) and ``%%``, as systemd does in the unit."""
    return "%".join(part.replace("%i", instance) for part in text.split("%%"))


def _sha256(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest()
    except FileNotFoundError:
        return "missing"


def on_disk(sources: Sources, instance: str = "") -> tuple[Facts, list[str]]:
    """Return the facts as the next start would record them, and the files that are missing for it."""
    facts: Facts = {}
    paths = [sources.unit_file, *[for_instance(path, instance) for path in sources.files]]
    for path in paths:
        facts["file", path] = _sha256(path)
    origins = {name: for_instance(path, instance) for name, path in sources.credentials.items()}
    for name, path in origins.items():
        facts["credential", name] = _sha256(path)
    if sources.link:
        facts["link", LINK] = os.path.realpath(sources.link)
        paths.append(sources.link)
    missing = [path for path in [*paths, *origins.values()] if not os.path.exists(path)]
    return facts, missing


def record_path(unit: str, directory: str = RECORDS) -> str:
    """Return where the record of ``unit`` (full name) is."""
    return os.path.join(directory, unit + ".started")


def read_record(unit: str, directory: str = RECORDS) -> tuple[str, Facts]:
    """Return the invocation id and the facts of the last start; empty if there is no record."""
    try:
        with open(record_path(unit, directory), encoding="utf-8") as stream:
            lines = stream.read().splitlines()
    except FileNotFoundError:
        return "", {}
    sections: dict[str, list[str]] = {}
    for line in lines:
        if line in SECTIONS:
            sections[line] = []
        elif sections:
            sections[list(sections)[-1]].append(line)
    facts: Facts = {}
    for kind in ("file", "credential"):
        for line in sections.get(kind, []):
            # sha256sum puts two spaces between the hash and the name.
            digest, _space, name = line.partition("  ")
            facts[kind, name] = digest
    for target in sections.get("link", []):
        facts["link", LINK] = target
    return "".join(sections.get("invocation", [])), facts


def forget(unit: str, directory: str = RECORDS) -> None:
    """Remove the record of a unit that no longer exists."""
    path = record_path(unit, directory)
    if os.path.exists(path):
        os.unlink(path)


def differences(recorded: Facts, now: Facts, unit_file: str) -> list[str]:
    """Say in words what changed since the start. Never shows content; hashes of secrets stay here."""
    found = []
    for kind, name in sorted(set(recorded) | set(now)):
        before, after = recorded.get((kind, name)), now.get((kind, name))
        if before == after:
            continue
        if kind == "link":
            found.append(
                "the installed version changed from %s to %s"
                % (os.path.basename(before or "none"), os.path.basename(after or "none"))
            )
            continue
        what = {"file": "the file %s", "credential": "the credential %s"}[kind] % name
        if (kind, name) == ("file", unit_file):
            what = "the unit file"
        if before is None:
            found.append("%s is new" % what)
        elif after is None:
            found.append("%s is no longer used" % what)
        else:
            found.append("%s changed" % what)
    return found
