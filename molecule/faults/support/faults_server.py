# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of Temporal Server, its cluster and its UI."""

from __future__ import annotations

from fault import (
    CONTROL,
    DATABASE_2_DEPENDENTS,
    PREFIX,
    SERVER_UNIT,
    SERVICES_1_DEPENDENTS,
    SERVICES_2_DEPENDENTS,
    UI_UNIT,
    Fault,
    Step,
    drop_in,
    is_frozen,
    is_running,
    is_stopped,
    rows,
    steps,
)

_PROGRAM = "/opt/aegis-temporal/temporal-server/current/bin/temporal-server"
_START = f"{_PROGRAM} --config-file %d/temporal.yaml --allow-no-auth start"
_RUNNING = f"/proc/$(systemctl show --property=MainPID --value {SERVER_UNIT})/exe"
_API = "http://172.31.83.12:7243/api/v1"
_PAUSED = f"docker inspect --format '{{{{.State.Paused}}}}' {PREFIX}server-2 | grep -qx true"
_NO_WORKER, _WORKER_AGAIN = drop_in("server-2", SERVER_UNIT, "ExecStart=", f"ExecStart={_START} --service history")
_UI_CONFIG = "/etc/temporal-ui/config.yaml"


def _python(code: str) -> Step:
    """Python on the control node, which has no curl for certain; it fails on any answer but 2xx."""
    return Step(CONTROL, f"python3 -c 'import json, urllib.request as r; {code}'")


def _retention(days: int) -> Step:
    body = f'json.dumps(dict(config=dict(workflowExecutionRetentionTtl="{days * 86400}s"))).encode()'
    return _python(f'r.urlopen(r.Request("{_API}/namespaces/spare/update", {body}), timeout=10)')


def _stopped(host: str, unit: str) -> dict[str, tuple[Step, ...]]:
    return {
        "inject": steps(host, f"systemctl stop {unit}"),
        "there": steps(host, is_stopped(unit)),
        "remove": steps(host, f"systemctl start {unit}"),
    }


_BOTH = "systemctl {} " + f"{SERVER_UNIT} {UI_UNIT}"
_FRONTEND_REFUSED = "frontend at 172.31.83.12:7233 is refused"
_HISTORY_REFUSED = "history at 172.31.83.13:7234 is refused"

SERVER_FAULTS = (
    Fault(
        name="frontend-stopped",
        what="The server with the frontend is stopped",
        **_stopped("server-1", SERVER_UNIT),
        says={"services@server-1": (_FRONTEND_REFUSED, "The server is stopped")},
        blocked=SERVICES_1_DEPENDENTS,
    ),
    Fault(
        name="history-stopped",
        what="The server with history is stopped",
        **_stopped("server-2", SERVER_UNIT),
        says={"services@server-2": (_HISTORY_REFUSED, "The server is stopped")},
        blocked=SERVICES_2_DEPENDENTS,
    ),
    Fault(
        name="server-hung",
        what="The server with the frontend hangs (`SIGSTOP`)",
        inject=steps("server-1", f"systemctl kill --signal=STOP {SERVER_UNIT}"),
        there=steps("server-1", is_frozen(SERVER_UNIT)),
        remove=steps("server-1", f"systemctl kill --signal=CONT {SERVER_UNIT}"),
        says={"services@server-1": ("frontend at 172.31.83.12:7233 is timeout", "hangs")},
        blocked=SERVICES_1_DEPENDENTS,
    ),
    Fault(
        name="system-worker-missing",
        what="The server's own worker service, which runs schedules, was not started",
        inject=_NO_WORKER,
        there=steps("server-2", f"! ss --tcp --listening --numeric | grep -q ':7239 ' && {is_running(SERVER_UNIT)}"),
        remove=_WORKER_AGAIN,
        says={"services@server-2": ("1 of 2 services are not healthy", "worker at 172.31.83.13:7239 is refused")},
        blocked=SERVICES_2_DEPENDENTS,
    ),
    Fault(
        name="host-paused",
        what="A host of the server does not answer any more",
        inject=(Step(CONTROL, f"docker pause {PREFIX}server-2"),),
        there=(Step(CONTROL, _PAUSED),),
        remove=(Step(CONTROL, f"! {_PAUSED} || docker unpause {PREFIX}server-2"),),
        says={"database@server-2": ("Ansible does not reach the host",)},
        blocked=DATABASE_2_DEPENDENTS,
    ),
    Fault(
        name="stranger-in-the-ring",
        what="A server that the inventory does not know has joined the cluster",
        inject=(
            Step("server-1", "install -m 600 /etc/temporal/config.yaml /etc/temporal/stranger.yaml"),
            Step("server-1", "sed -i s/:9090/:9091/ /etc/temporal/stranger.yaml"),
            Step(
                "server-1",
                "systemd-run --quiet --unit=stranger --property=User=temporal "
                "--property=LoadCredential=temporal.yaml:/etc/temporal/stranger.yaml "
                f"{_PROGRAM} --config-file /run/credentials/stranger.service/temporal.yaml --allow-no-auth "
                "start --service worker",
            ),
            Step("server-1", "timeout 30 sh -c 'until ss -tln | grep -q :7239; do sleep 0.5; done'"),
        ),
        there=(Step("server-1", "ss --tcp --listening --numeric | grep -q ':6939 '"),),
        remove=(
            Step("server-1", "systemctl stop stranger.service || true"),
            Step("server-1", "rm -f /etc/temporal/stranger.yaml"),
        ),
        says={"ring@server-1": ("Not expected: worker 172.31.83.12:6939", "a removed host still runs one")},
        blocked=rows(""),
    ),
    Fault(
        name="other-shard-count",
        what="The inventory names another number of history shards than the cluster has",
        inject=(),
        there=(_python(f'assert json.load(r.urlopen("{_API}/cluster-info", timeout=10))["historyShardCount"] != 32'),),
        remove=(),
        says={"shards@server-1": ("It is: active, 16 shards", "temporal_num_history_shards")},
        blocked=rows(""),
        variables={"temporal_num_history_shards": 32},
    ),
    Fault(
        name="other-version",
        what="The server that runs is of another version than the inventory names",
        inject=(),
        there=steps("server-1 server-2", f"{_RUNNING} --version | grep -Fqw 1.32.2"),
        remove=(),
        says={
            "versions@server-1": ("It is temporal version 1.32.2", "not restarted after an upgrade"),
            "versions@server-2": ("It is temporal version 1.32.2", "not restarted after an upgrade"),
        },
        blocked=rows(""),
        variables={"temporal_version": "1.31.5"},
    ),
    Fault(
        name="namespace-missing",
        what="A namespace of the inventory was never registered",
        inject=(),
        there=(_python(f'assert "absent" not in r.urlopen("{_API}/namespaces", timeout=10).read().decode()'),),
        remove=(),
        says={"namespaces@server-1": ("absent would be registered", "never registered")},
        blocked=rows(""),
        variables={"temporal_namespaces": [{"name": "default", "retention": "3d"}, {"name": "absent"}]},
    ),
    Fault(
        name="other-retention",
        what="The retention of a namespace was changed beside the inventory",
        inject=(_retention(9),),
        there=(_python(f'assert "777600s" in r.urlopen("{_API}/namespaces/spare", timeout=10).read().decode()'),),
        remove=(_retention(3),),
        says={"namespaces@server-1": ("spare would be updated", "changed or deleted beside the inventory")},
        blocked=rows(""),
    ),
    Fault(
        name="ui-stopped",
        what="The UI is stopped",
        **_stopped("server-1", UI_UNIT),
        says={"ui@server-1": ("Connection refused", "The UI is stopped")},
        blocked=rows("ui_api@server-1"),
    ),
    Fault(
        name="ui-points-elsewhere",
        what="The UI is given an address where no frontend is",
        inject=steps("server-1", f"sed -i s/:7233/:7299/ {_UI_CONFIG} && systemctl restart {UI_UNIT}"),
        there=steps("server-1", f"grep -q :7299 {_UI_CONFIG} && {is_running(UI_UNIT)}"),
        remove=steps("server-1", f"sed -i s/:7299/:7233/ {_UI_CONFIG} && systemctl restart {UI_UNIT}"),
        says={"ui_api@server-1": ("temporal_ui_temporal_address", "cannot reach the frontend that it is given")},
        blocked=rows(""),
    ),
    Fault(
        name="server-and-ui-stopped",
        what="Two faults at once: a server and the UI are stopped",
        inject=steps("server-1", _BOTH.format("stop")),
        there=steps("server-1", f"{is_stopped(SERVER_UNIT)} && {is_stopped(UI_UNIT)}"),
        remove=steps("server-1", _BOTH.format("start")),
        says={
            "services@server-1": (_FRONTEND_REFUSED, "The server is stopped"),
            "ui@server-1": ("Connection refused", "The UI is stopped"),
        },
        blocked=SERVICES_1_DEPENDENTS,
    ),
)
