# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe's command line, and what its exit codes mean. That they are so is tested with the program itself."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.grpc_health import Endpoint, by_probe, probe_command
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import TlsOptions
from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import UnitError

PAIR = {"client_cert": "/c.pem", "client_key": "/k.pem"}


def endpoint(tls: TlsOptions | None = None, host: str = "h") -> Endpoint:
    return Endpoint(host, 7234, "service.Name", tls, 2.5)


@pytest.mark.parametrize(
    ("asked", "more"),
    [
        (endpoint(), []),
        (endpoint(TlsOptions()), ["-tls"]),
        (
            endpoint(TlsOptions(ca_path="/ca.pem", server_name="name", **PAIR)),
            [
                "-tls",
                "-tls-ca-cert=/ca.pem",
                "-tls-server-name=name",
                "-tls-client-cert=/c.pem",
                "-tls-client-key=/k.pem",
            ],
        ),
        # The probe refuses these two beside the last.
        (endpoint(TlsOptions(ca_path="/ca.pem", server_name="name", verify=False)), ["-tls", "-tls-no-verify"]),
    ],
)
def test_the_command_line(asked: Endpoint, more: list[str]) -> None:
    assert probe_command("/probe", asked) == [
        "/probe",
        "-addr=h:7234",
        "-service=service.Name",
        "-connect-timeout=2.5s",
        "-rpc-timeout=2.5s",
        *more,
    ]


def test_an_ipv6_address_is_in_brackets() -> None:
    assert "-addr=[::1]:7234" in probe_command("/probe", endpoint(host="::1"))


@pytest.mark.parametrize(
    ("code", "errors", "state"),
    [
        (0, "", "serving"),
        (1, "bad flag", "error"),
        (2, "timeout: failed to connect", "error"),
        (3, "error: health rpc failed: rpc error: code = NotFound desc = unknown service", "unknown_service"),
        (3, "error: health rpc failed: rpc error: code = Unavailable", "error"),
        (4, "service unhealthy (responded with NOT_SERVING)", "not_serving"),
    ],
)
def test_exit_codes(code: int, errors: str, state: str) -> None:
    health = by_probe("/probe", lambda _argv, _limit: (code, "", errors))(endpoint())
    assert health.state == state
    assert (health.message == "") is (state == "serving")
    assert (bool(errors) and errors in health.message) is (state == "error")


def test_a_probe_that_hangs_is_an_error_not_a_crash() -> None:
    def runner(_argv: Sequence[str], limit: float) -> tuple[int, str, str]:
        raise UnitError("`/probe` did not end within %d s" % limit)

    health = by_probe("/probe", runner)(endpoint())
    assert (health.state, health.message) == ("error", "`/probe` did not end within 10 s")
