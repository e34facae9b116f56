# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archival of a namespace: closed workflows are copied elsewhere before their retention ends.

The server's rules (common/namespace/archival_config_state_machine.go, the same in 1.24 and 1.32): the first URI of a
namespace stays for life. Where the cluster has no archival in its configuration, all of it is ignored without a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem

KINDS = ("history", "visibility")
_STATES = ("enabled", "disabled")
# The server splits it like any URL and picks the archiver by the scheme (common/archiver/URI.go).
_URI = re.compile(r"[a-z][a-z0-9+.-]*://\S+")


@dataclass(frozen=True)
class Archival:
    """What the user wants of one of KINDS; None means "whatever it is". C(state) is enabled or disabled."""

    kind: str
    state: str | None
    uri: str | None


def argument_spec() -> dict[str, Any]:
    """The options, two for each of KINDS."""
    spec: dict[str, Any] = {}
    for kind in KINDS:
        spec[f"{kind}_archival_state"] = {"type": "str", "choices": list(_STATES)}
        spec[f"{kind}_archival_uri"] = {"type": "str"}
    return spec


def read_archival(namespace: str, options: Mapping[str, Any]) -> tuple[Archival, ...]:
    """Check the options of one namespace. Raises Problem."""
    wanted = []
    for kind in KINDS:
        uri = options.get(f"{kind}_archival_uri")
        if uri is not None and not _URI.fullmatch(uri):
            raise Problem(
                f"{kind}_archival_uri of namespace {namespace} is {uri!r}: not a URI. Write it like "
                "file:///var/lib/temporal/archive, s3://bucket/path or gs://bucket/path."
            )
        wanted.append(Archival(kind, options.get(f"{kind}_archival_state"), uri))
    return tuple(wanted)


def archival_of(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the four result fields from the C(config) of the server's description of a namespace."""
    fields = {}
    for kind in KINDS:
        state = config.get(f"{kind}ArchivalState", "")
        fields[f"{kind}_archival_state"] = "enabled" if state == "ARCHIVAL_STATE_ENABLED" else "disabled"
        fields[f"{kind}_archival_uri"] = str(config.get(f"{kind}ArchivalUri", ""))
    return fields


def expected_archival(wanted: tuple[Archival, ...], live: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the four result fields as they will be. C(live) has them as they are, None for a new namespace."""
    fields = {}
    for archival in wanted:
        for field, value, new in (("state", archival.state, "disabled"), ("uri", archival.uri, "")):
            key = f"{archival.kind}_archival_{field}"
            fields[key] = value if value is not None else str(live[key]) if live else new
    return fields


def archival_request(namespace: str, wanted: tuple[Archival, ...], live: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the keys of a request that bring C(live) (None: a new namespace) to C(wanted); empty when nothing differs.

    Raises Problem for what the server cannot do, or what nobody could foretell.
    """
    body = {}
    aim = expected_archival(wanted, live)
    for archival in wanted:
        kind = archival.kind
        before = str(live[f"{kind}_archival_uri"]) if live else ""
        uri, state = aim[f"{kind}_archival_uri"], aim[f"{kind}_archival_state"]
        if before and uri != before:
            raise Problem(
                f"{kind}_archival_uri of namespace {namespace} is {before!r} and cannot become {uri!r}: the server "
                "keeps the first one for life. Leave the option out, or use another namespace."
            )
        if state == "enabled" and not uri:
            raise Problem(
                f"{kind}_archival_state of namespace {namespace} is enabled, but there is no URI yet. Set "
                f"{kind}_archival_uri: the cluster's own default cannot be read, so it is not relied upon."
            )
        if uri != before:
            body[f"{kind}ArchivalUri"] = uri
        if state != (live[f"{kind}_archival_state"] if live else "disabled"):
            body[f"{kind}ArchivalState"] = f"ARCHIVAL_STATE_{state.upper()}"
        elif archival.state is not None and not live:
            # Said, so it must not be left to the cluster's default for new namespaces.
            body[f"{kind}ArchivalState"] = f"ARCHIVAL_STATE_{state.upper()}"
    return body


def check_taken(namespace: str, wanted: tuple[Archival, ...], after: Mapping[str, Any]) -> None:
    """Raise a Problem when the server has left alone what it was asked for, as it does without archival."""
    aim = expected_archival(wanted, after)
    for archival in wanted:
        kind = archival.kind
        left = [
            field for field in ("state", "uri") if aim[f"{kind}_archival_{field}"] != after[f"{kind}_archival_{field}"]
        ]
        if left:
            raise Problem(
                f"The server took the request, but left {kind} archival of namespace {namespace} "
                f"{after[f'{kind}_archival_state']}: this cluster has no archival. Set archival.{kind}.state to "
                f"enabled in the server's configuration, with a provider, or leave {kind}_archival_state and "
                f"{kind}_archival_uri out."
            )
