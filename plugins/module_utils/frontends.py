# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frontends of one cluster: each has a cache of its own, so what is new has to have reached every one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ansible_collections.aegis.temporal.plugins.module_utils.connection import Connection, check_base_url
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.polling import poll_until
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp


def read_frontends(connection: Connection, http_urls: Sequence[str]) -> list[TemporalHttp]:
    """Return a client without retries for C(http_url) and for each other URL of the option C(http_urls).

    All share the credentials. Raises Problem for what is no base URL, or differs from C(http_url) in TLS: the
    credentials would not fit, or could be read on the way.
    """
    first = connection.http.base_url
    urls = [first]
    for url in http_urls:
        scheme = check_base_url("http_urls", url).scheme
        if (scheme == "https") != connection.tls:
            raise Problem(
                f"http_urls has {url!r}, but http_url is {first!r}: the frontends of one cluster all use TLS or none "
                "does, with the same credentials. Change one of the two."
            )
        if url.rstrip("/") not in [known.rstrip("/") for known in urls]:
            urls.append(url)
    return [TemporalHttp(replace(connection.http, base_url=url, retries=0)) for url in urls]


def wait_for_all(
    frontends: Sequence[TemporalHttp],
    look: Callable[[TemporalHttp], bool],
    what: str,
    timeout: float,
    interval: float,
) -> None:
    """Look at each frontend until C(look) was true there once, every C(interval) seconds.

    C(what) says in a message what is waited for, as C(namespace x is known). Trouble that may pass, like a frontend
    that restarts, counts as "not yet". Raises Problem after C(timeout) seconds, naming the frontends that are behind.
    """
    behind = {frontend.options.base_url: "" for frontend in frontends}

    def attempt(_left: float) -> bool | None:
        for frontend in frontends:
            url = frontend.options.base_url
            if url not in behind:
                continue
            try:
                if look(frontend):
                    del behind[url]
                else:
                    behind[url] = ""
            except Problem as problem:
                if not problem.temporary:
                    raise
                behind[url] = f" ({problem})"
        return None if behind else True

    if poll_until(attempt, timeout, interval) is None:
        where = ", ".join(url + trouble for url, trouble in behind.items())
        raise Problem(f"Not after {timeout:g} seconds (wait_timeout): {what}. Still behind: {where}.")
