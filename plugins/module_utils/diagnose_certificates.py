# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads certificates with openssl: hosts have no Python library for them."""

from __future__ import annotations

import re
import ssl
import typing as t

Run = t.Callable[[t.Sequence[str]], t.Tuple[int, str, str]]

_USAGES = {"TLS Web Server Authentication": "serverAuth", "TLS Web Client Authentication": "clientAuth"}
_DAY = 86400.0


def examine(wanted: t.Mapping[str, t.Any], user: str, now: float, run: Run) -> dict[str, t.Any]:
    """Return what a certificate says, whether its key fits, and which of its files ``user`` cannot read."""
    found: dict[str, t.Any] = {**wanted, "unreadable": {}, "error": None}
    for path in (wanted["cert"], wanted.get("key")):
        if path:
            code, _out, _error = run(["test", "-e", path])
            if code:
                found["unreadable"][path] = "it is not there"
                continue
            code, _out, error = run(["runuser", "-u", user, "--", "test", "-r", path])
            if code and error.strip():
                # Not the answer of test, which says nothing: there is no such user, or this is not root.
                found["access_error"] = error.strip().splitlines()[0]
            elif code:
                found["unreadable"][path] = "the user %s may not read it" % user
    code, out, error = run(["openssl", "x509", "-in", wanted["cert"], "-noout", "-startdate", "-enddate", "-text"])
    if code:
        if wanted["cert"] not in found["unreadable"]:
            found["error"] = (error.strip().splitlines() or ["openssl failed"])[0]
        return found
    try:
        found.update(parse(out, now))
    except ValueError as wrong:
        found["error"] = str(wrong)
        return found
    if wanted.get("key") and wanted["key"] not in found["unreadable"]:
        own = run(["openssl", "x509", "-in", wanted["cert"], "-noout", "-pubkey"])
        # A key with a passphrase fails in place of asking for it.
        other = run(["openssl", "pkey", "-in", wanted["key"], "-pubout", "-passin", "pass:"])
        if own[0] == 0 and other[0] == 0:
            found["key_matches"] = own[1].strip() == other[1].strip()
        else:
            found["key_matches"] = None
    return found


def parse(text: str, now: float) -> dict[str, t.Any]:
    """Return dates, names and usages of what ``openssl x509 -startdate -enddate -text`` says.

    Raises:
        ValueError: It says no dates, or in a form that is not openssl's.
    """
    start, end = (re.search(r"^not%s=(.+)$" % side, text, re.MULTILINE) for side in ("Before", "After"))
    if not start or not end:
        raise ValueError("openssl tells no dates of it: %r" % text[:200])
    usages = re.search(r"X509v3 Extended Key Usage:[^\n]*\n\s*(.+)", text)
    names = re.search(r"X509v3 Subject Alternative Name:[^\n]*\n\s*(.+)", text)
    return {
        "from": start[1],
        "to": end[1],
        "days_left": (ssl.cert_time_to_seconds(end[1]) - now) / _DAY,
        "days_until_valid": (ssl.cert_time_to_seconds(start[1]) - now) / _DAY,
        "has_usages": [_USAGES.get(name.strip(), name.strip()) for name in usages[1].split(",")] if usages else [],
        "names": re.findall(r"(?:DNS|IP Address):([^,\s]+)", names[1]) if names else [],
    }
