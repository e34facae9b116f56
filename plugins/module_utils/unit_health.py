# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a service whether it is healthy, until it is or the deadline has come."""

from __future__ import annotations

import http.client
import re
import time
import typing as t
import urllib.error

from ansible.module_utils.urls import open_url
from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import UnitError, redact

if t.TYPE_CHECKING:
    from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import Runner, State

# Seconds that one answer may take, and between two rounds of questions.
ANSWER = 10.0
PAUSE = 0.5
# A service that was just started must be healthy twice, this many seconds apart, in one and the same process: one
# that dies after a moment, or another process that answers on its port, does not pass.
SETTLE = 1.0
# Characters of an answer that a message repeats.
EXCERPT = 300

_NUMBER = re.compile(r"\{instance\+(\d+)\}")

Check = t.Mapping[str, t.Any]
"""``{argv: [...]}`` passes with exit code 0; ``{url: ..., status: 200}`` with that status."""


def for_instance(text: str, instance: str) -> str:
    """Replace ``{instance}``, and ``{instance+3000}`` by the sum when the instance is a number."""

    def total(match: t.Match[str]) -> str:
        if not instance.isdigit():
            raise UnitError("%s needs a number as instance, not %r" % (match.group(0), instance))
        return str(int(instance) + int(match.group(1)))

    return _NUMBER.sub(total, text).replace("{instance}", instance)


def ask(check: Check, instance: str, runner: Runner) -> str:
    """Return an empty string if the check passes, else what it answered."""
    if check.get("argv"):
        argv = [for_instance(str(word), instance) for word in check["argv"]]
        try:
            code, out, error = runner(argv, ANSWER)
        except UnitError as problem:
            return redact(str(problem))
        if code == 0:
            return ""
        return redact("`%s` ended with code %d: %s" % (" ".join(argv), code, _short(error or out)))
    url = for_instance(str(check["url"]), instance)
    wanted = int(check.get("status") or 200)
    try:
        status, body = _get(url, bool(check.get("validate_certs", True)))
    except (OSError, ValueError, http.client.HTTPException) as problem:
        return redact("%s: %s" % (url, problem))
    if status == wanted:
        return ""
    return redact("%s answered %d, not %d: %s" % (url, status, wanted, _short(body)))


def _get(url: str, validate_certs: bool) -> tuple[int, str]:
    try:
        answer = open_url(url, timeout=ANSWER, validate_certs=validate_certs, use_proxy=False, follow_redirects="none")
        return int(answer.status), answer.read(EXCERPT).decode("utf-8", "replace")
    except urllib.error.HTTPError as refusal:
        return int(refusal.code), refusal.read(EXCERPT).decode("utf-8", "replace")


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= EXCERPT else words[:EXCERPT] + "..."


def wait(
    checks: t.Sequence[Check],
    instance: str,
    fresh: bool,
    deadline: float,
    state: t.Callable[[], State],
    runner: Runner,
) -> None:
    """Return when the unit runs and passes every check; ``fresh`` says that it was started just now.

    ``deadline`` is a moment of the monotonic clock. Raises UnitError with the last answer at the deadline, and at
    once if systemd has given the unit up.
    """
    passed = ""
    while True:
        now = state()
        if now.active in ("failed", "inactive"):
            raise UnitError("it ended (%s, result %s)" % (now.active, now.result))
        problem = "it is %s" % now.words() if (now.active, now.sub) != ("active", "running") else ""
        for check in checks:
            problem = problem or ask(check, instance, runner)
        if problem:
            passed = ""
        elif not fresh or (passed and passed == now.invocation):
            return
        else:
            passed = now.invocation
        if time.monotonic() >= deadline:
            raise UnitError(problem or "it did not stay up: %s" % now.words())
        time.sleep(SETTLE if passed else PAUSE)
