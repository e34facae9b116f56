# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs temporal-sql-tool. The password reaches it through the environment of that one process alone."""

from __future__ import annotations

import re
import subprocess
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.schema_versions import SchemaError, Step
from ansible_collections.aegis.temporal.plugins.module_utils.sql_password import masked, tool_environment

# Names of the schemas that the tool embeds (schema/embed.go of the server, since 1.23).
SCHEMA_NAMES = {"default": "postgresql/v12/temporal", "visibility": "postgresql/v12/visibility"}
_LAST_LINES = 15
_VERSION_TIMEOUT = 30
# What tools/sql/main.go of every old server has in place of its version.
_UNKNOWN_VERSION = "0.0.1"


def command(tool: str, store: t.Mapping[str, t.Any], step: Step) -> list[str]:
    """Return the command line of ``step``, which holds no secret.

    The tool's own defaults are MySQL's, so port and plugin are always named.
    """
    host = str(store["host"])
    result = [
        tool,
        "--endpoint",
        # The tool joins host and port with a colon and nothing else.
        "[%s]" % host if ":" in host else host,
        "--port",
        str(store["port"]),
        "--user",
        str(store["user"]),
        "--database",
        str(store["database"]),
        "--plugin",
        str(store["plugin"]),
    ]
    tls = store["tls"]
    if tls["enabled"]:
        result.append("--tls")
        for ours, flag in (
            ("ca_file", "--tls-ca-file"),
            ("cert_file", "--tls-cert-file"),
            ("key_file", "--tls-key-file"),
        ):
            if tls[ours]:
                result += [flag, str(tls[ours])]
        if not tls["verify_host"]:
            result.append("--tls-disable-host-verification")
    if step.action == "setup":
        return [*result, "setup-schema", "-v", "0.0"]
    result += ["update-schema", "--schema-name", SCHEMA_NAMES[step.store]]
    return result if step.to is None else [*result, "-v", step.to]


def _execute(
    arguments: t.Sequence[str], environment: t.Mapping[str, str], timeout: int, what: str
) -> subprocess.CompletedProcess[str]:
    try:
        # run_command has no time limit.
        return subprocess.run(  # pylint: disable=ansible-bad-function
            list(arguments),
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SchemaError(
            "%s took longer than %d s and was stopped. Run the play again to go on from there; raise timeout "
            "(temporal_schema_timeout) for a large database." % (what, timeout)
        ) from None
    except OSError as error:
        raise SchemaError("%s cannot be started: %s. Check the option tool." % (arguments[0], error)) from error


def version(tool: str) -> str | None:
    """Return the server version that the tool belongs to, or None for an old tool that does not know it.

    Raises:
        SchemaError: It cannot be started or says nothing that looks like a version.
    """
    done = _execute([tool, "--version"], {}, _VERSION_TIMEOUT, "%s --version" % tool)
    match = re.search(r"\b(\d+\.\d+\.\d+)\b", done.stdout)
    if done.returncode != 0 or match is None:
        raise SchemaError(
            "%s --version answered %r: not the temporal-sql-tool. Check the option tool." % (tool, done.stdout.strip())
        )
    return None if match.group(1) == _UNKNOWN_VERSION else match.group(1)


def run(tool: str, store: t.Mapping[str, t.Any], step: Step, timeout: int) -> None:
    """Carry out one step.

    Raises:
        SchemaError: The tool failed; the text has its last lines, without the password.
    """
    arguments = command(tool, store, step)
    what = "%s of the %s store" % (
        "Setting up the schema" if step.action == "setup" else "Updating the schema",
        step.store,
    )
    password = str(store["password"])
    done = _execute(arguments, tool_environment(password), timeout, what)
    if done.returncode != 0:
        last = "\n".join(masked(done.stdout, password).strip().splitlines()[-_LAST_LINES:])
        raise SchemaError(
            "%s failed (exit code %d). A second run goes on where this one stopped. The tool's last lines:\n%s"
            % (what, done.returncode, last)
        )
