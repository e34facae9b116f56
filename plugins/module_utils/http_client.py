# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP requests with time limits, retries and TLS, and errors that a person understands.

Built on C(requests) and the retries of C(urllib3). Knows nothing of Temporal.
"""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem

try:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.exceptions import DecodeError, NewConnectionError
    from urllib3.util.retry import Retry

    REQUESTS_IMPORT_ERROR = None
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()

# Answers that say "not now". A 4xx says "not like this": repeating it would only hide the cause. The exception is 429,
# which Temporal answers for a rate limit (gRPC's RESOURCE_EXHAUSTED) before it has done anything.
_RETRIED_STATUS = (429, 500, 502, 503, 504)
# Seconds; urllib3 doubles it with each attempt.
_BACKOFF = 0.5

REFUSED = "refused"
UNRESOLVED = "unresolved"
TIMEOUT = "timeout"
TLS = "tls"
NOT_HTTP = "not_http"
CUT = "cut"
PROXY = "proxy"
OTHER = "other"


class HttpProblem(Problem):
    """There is no (whole) answer. C(kind) is one of this module's constants, the message says what happened."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.temporary = kind in (REFUSED, UNRESOLVED, TIMEOUT, CUT)

    @property
    def nobody_listens(self) -> bool:
        """Whether nothing answers at that address at all, as on a host that was not set up yet."""
        return self.kind in (REFUSED, UNRESOLVED)


@dataclass(frozen=True)
class TlsOptions:
    """Files are paths to PEM; C(server_name) replaces the host name when the certificate is checked."""

    ca_path: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    server_name: str | None = None
    verify: bool = True


@dataclass(frozen=True)
class Answer:
    """A whole answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, at most 300 characters: for messages."""
        text = self.body.decode("utf-8", errors="replace").strip()
        return text if len(text) <= 300 else text[:300] + "..."


@dataclass(frozen=True)
class HttpOptions:
    """C(timeout): seconds for the connection and for each wait for data. C(bearer): token, or None."""

    base_url: str
    timeout: float = 10.0
    retries: int = 3
    tls: TlsOptions = field(default_factory=TlsOptions)
    bearer: str | None = field(default=None, repr=False)


class HttpClient:
    """Requests to one base URL. Needs C(requests): check REQUESTS_IMPORT_ERROR first."""

    def __init__(self, options: HttpOptions) -> None:
        self.options = options
        self._session = requests.Session()
        # Our own token, or none: a .netrc of the user must not add one.
        self._session.auth = _Bearer(options.bearer)
        self._verify = (options.tls.ca_path or True) if options.tls.verify else False
        self._certificate = None
        if options.tls.client_cert and options.tls.client_key:
            self._certificate = (options.tls.client_cert, options.tls.client_key)
        self._mount(self._session, options)

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        timeout: float | None = None,
    ) -> Answer:
        """Send one request; C(body) goes out as JSON. C(timeout) replaces the client's. Raises HttpProblem."""
        url = self.options.base_url.rstrip("/") + path
        try:
            response = self._session.request(
                method,
                url,
                params=params,
                json=body,
                timeout=self.options.timeout if timeout is None else timeout,
                # With each request: REQUESTS_CA_BUNDLE of the environment would override the session's.
                verify=self._verify,
                cert=self._certificate,
                # An API does not redirect; a login page in front of it does.
                allow_redirects=False,
            )
        except (requests.RequestException, OSError, DecodeError) as error:
            raise _explain(error, url) from error
        return Answer(response.status_code, response.headers, response.content)

    @staticmethod
    def _mount(session: requests.Session, options: HttpOptions) -> None:
        retry = Retry(
            total=options.retries,
            # TLS and the like do not heal by asking again.
            other=0,
            status_forcelist=_RETRIED_STATUS,
            # All methods: callers only send writes that may arrive twice.
            allowed_methods=None,
            backoff_factor=_BACKOFF,
            # The last answer is worth more than "too many 503".
            raise_on_status=False,
            # A server must not decide how long we wait.
            respect_retry_after_header=False,
        )
        for scheme in ("http://", "https://"):
            adapter = HTTPAdapter(max_retries=retry)
            if options.tls.server_name:
                adapter.init_poolmanager(
                    1, 1, server_hostname=options.tls.server_name, assert_hostname=options.tls.server_name
                )
            session.mount(scheme, adapter)


def next_link(answer: Answer) -> str | None:
    """The URL of the next page (RFC 8288), as the answer's header C(Link) gives it; None after the last one."""
    links = requests.utils.parse_header_links(answer.headers.get("Link", ""))
    return next((str(link["url"]) for link in links if link.get("rel") == "next"), None)


class _Bearer:
    """Puts the token on a request (the form in which C(requests) takes authentication)."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = "Bearer " + self._token
        return request


_NO_ROUTE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN)


def _explain(error: Exception, url: str) -> HttpProblem:
    """Name what went wrong by the exceptions below C(error), whichever versions of the libraries wrapped them."""
    causes = list(_causes(error))

    def among(*kinds: Any) -> Exception | None:
        return next((cause for cause in causes if isinstance(cause, kinds)), None)

    if among(requests.exceptions.ProxyError):
        return HttpProblem(PROXY, f"The proxy of the environment did not reach {url}: {causes[-1]}.")
    tls = among(ssl.SSLError)
    if tls or isinstance(error, requests.exceptions.SSLError):
        return HttpProblem(TLS, f"TLS with {url} failed: {tls_cause(str(tls or error))}")
    if among(socket.gaierror):
        return HttpProblem(UNRESOLVED, f"The host name in {url} cannot be resolved.")
    if among(ConnectionRefusedError):
        return HttpProblem(REFUSED, f"Nothing listens at {url}: the connection was refused.")
    if among(requests.exceptions.Timeout, socket.timeout):
        phase = "connection" if among(requests.exceptions.ConnectTimeout) else "answer"
        return HttpProblem(TIMEOUT, f"No {phase} from {url} within the time limit.")
    unreachable = next((cause for cause in causes if getattr(cause, "errno", None) in _NO_ROUTE), None)
    if unreachable:
        return HttpProblem(REFUSED, f"{url} cannot be reached: {unreachable}.")
    # RemoteDisconnected is a BadStatusLine too: an answer of no bytes at all.
    if among(http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
        return HttpProblem(CUT, f"{url} closed the connection without an answer.")
    if among(http.client.BadStatusLine, http.client.LineTooLong):
        return HttpProblem(NOT_HTTP, f"What listens at {url} does not speak HTTP/1.")
    if among(http.client.IncompleteRead, requests.exceptions.ChunkedEncodingError, DecodeError):
        return HttpProblem(CUT, f"The answer of {url} ended before it was complete.")
    if among(NewConnectionError):
        return HttpProblem(REFUSED, f"{url} cannot be reached: {causes[-1]}.")
    return HttpProblem(OTHER, f"The request to {url} failed: {error}")


def tls_cause(text: str) -> str:
    """Say in words what OpenSSL says in capitals."""
    upper = text.upper()
    if any(mark in upper for mark in ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE")):
        return "the server speaks plain HTTP there."
    if "HOSTNAME MISMATCH" in upper or "DOESN'T MATCH" in upper or "IP ADDRESS MISMATCH" in upper:
        return f"the server's certificate is for another name ({text})."
    if "CERTIFICATE_VERIFY_FAILED" in upper:
        return f"the server's certificate is not signed by a trusted authority ({text})."
    if "CERTIFICATE_REQUIRED" in upper or "HANDSHAKE_FAILURE" in upper or "BAD_CERTIFICATE" in upper:
        return f"the server wants a client certificate that it trusts ({text})."
    if "EOF OCCURRED" in upper:
        return "the server broke off the handshake; often because it wants a client certificate."
    return text + "."


def _causes(error: BaseException) -> Iterator[Exception]:
    """Yield C(error) and everything that it wraps, outermost first."""
    seen: set[int] = set()
    pending: list[Any] = [error]
    while pending:
        current = pending.pop(0)
        if not isinstance(current, Exception) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        pending += [getattr(current, "reason", None), *current.args, current.__cause__, current.__context__]
