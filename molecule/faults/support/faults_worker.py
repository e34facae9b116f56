# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the workers, and of the orchestrator that runs their commands."""

from __future__ import annotations

from fault import (
    ECHO_DEPENDENTS,
    REGISTER_DEPENDENTS,
    WORKER_UNIT,
    WORKERS_DEPENDENTS,
    Fault,
    Step,
    drop_in,
    has_environment,
    is_frozen,
    is_stopped,
    rows,
    steps,
)

_BOTH = "worker-1 worker-2"
_PSQL = "runuser -u postgres -- psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1"
_TOKEN = "/etc/aegis-temporal-worker/fault-token"


def _setting(hosts: str, entry: str, *more: str) -> dict[str, tuple[Step, ...]]:
    """Return how workers get another entry of their environment, with more lines of their unit."""
    inject, remove = drop_in(hosts, WORKER_UNIT, f'Environment="{entry}"', *more)
    return {"inject": inject, "there": has_environment(hosts, WORKER_UNIT, entry), "remove": remove}


_OTHER_DATABASE = _setting("worker-2", "DATABASE_URL=postgresql://aegis@172.31.83.11:5432/elsewhere")
_FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
_CLOCK = _setting(
    "worker-2", "FAKETIME=+2h", f'Environment="LD_PRELOAD={_FAKETIME}"', 'Environment="DONT_FAKE_MONOTONIC=1"'
)
_HBA = "/etc/postgresql/15/main/pg_hba.conf"
_TOKEN_SETTING = _setting("worker-1", "API_TOKEN_FILE=%d/api-token", f"LoadCredential=api-token:{_TOKEN}")
_READ_ONLY = (
    "ALTER ROLE aegis {}",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'aegis'",
)

WORKER_FAULTS = (
    Fault(
        name="worker-stopped",
        what="A worker is stopped",
        inject=steps("worker-2", f"systemctl stop {WORKER_UNIT}"),
        there=steps("worker-2", is_stopped(WORKER_UNIT)),
        remove=steps("worker-2", f"systemctl start {WORKER_UNIT}"),
        says={"workers@worker-2": ("Nothing listens at http://172.31.83.15:3000", "A worker is stopped")},
        blocked=WORKERS_DEPENDENTS,
    ),
    Fault(
        name="worker-hung",
        what="A worker hangs (`SIGSTOP`)",
        inject=steps("worker-2", f"systemctl kill --signal=STOP {WORKER_UNIT}"),
        there=steps("worker-2", is_frozen(WORKER_UNIT)),
        remove=steps("worker-2", f"systemctl kill --signal=CONT {WORKER_UNIT}"),
        says={"workers@worker-2": ("http://172.31.83.15:3000/health is unreachable", "hangs")},
        blocked=WORKERS_DEPENDENTS,
    ),
    Fault(
        name="worker-cut-off",
        what="The network lets a worker not reach the frontend",
        inject=steps("worker-2", "ip route add blackhole 172.31.83.12/32"),
        there=steps("worker-2", "ip route show type blackhole | grep -Fq 172.31.83.12"),
        remove=steps("worker-2", "ip route del blackhole 172.31.83.12/32"),
        says={"workers@worker-2": ("temporal=disconnected", "cannot reach Temporal")},
        blocked=WORKERS_DEPENDENTS,
    ),
    Fault(
        name="clock-skewed",
        what="The clock of a worker is two hours ahead (containers share the kernel's clock: libfaketime)",
        inject=(
            Step("worker-2", f"test -e {_FAKETIME} || {{ apt-get update && apt-get install --yes libfaketime; }}"),
            *_CLOCK["inject"],
        ),
        there=_CLOCK["there"],
        remove=_CLOCK["remove"],
        says={"workers@worker-2": (" s ahead of this host's", "has a wrong clock")},
        blocked=WORKERS_DEPENDENTS,
    ),
    Fault(
        name="other-task-queue",
        what="A worker was started with another task queue",
        **_setting("worker-2", "TEMPORAL_TASK_QUEUE=elsewhere"),
        says={"workers@worker-2": ("task_queue 'elsewhere' and not 'aegis-agents'", "another namespace or task queue")},
        blocked=WORKERS_DEPENDENTS,
    ),
    Fault(
        name="other-namespace",
        what="A worker was started in another namespace",
        **_setting("worker-2", "TEMPORAL_NAMESPACE=spare"),
        says={"workers@worker-2": ("namespace 'spare' and not 'default'", "another namespace or task queue")},
        blocked=WORKERS_DEPENDENTS,
    ),
    Fault(
        name="other-database",
        what="Two workers use different databases",
        inject=(
            Step("database", f"{_PSQL} --command='CREATE DATABASE elsewhere OWNER aegis'"),
            Step("database", f"sed -i '1i host elsewhere aegis 172.31.83.15/32 scram-sha-256' {_HBA}"),
            Step("database", f"{_PSQL} --command='SELECT pg_reload_conf()'"),
            *_OTHER_DATABASE["inject"],
        ),
        there=_OTHER_DATABASE["there"],
        remove=(
            *_OTHER_DATABASE["remove"],
            Step("database", f"sed -i '/^host elsewhere /d' {_HBA}"),
            Step("database", f"{_PSQL} --command='SELECT pg_reload_conf()'"),
            Step("database", f"{_PSQL} --command='DROP DATABASE IF EXISTS elsewhere WITH (FORCE)'"),
        ),
        says={
            "definitions@worker-1": ("Not every worker tells", "Workers use different databases"),
            "definitions@worker-2": ("Not every worker tells", "Workers use different databases"),
        },
        blocked=ECHO_DEPENDENTS | rows("echo@worker-1"),
    ),
    Fault(
        name="registration-refused",
        what="A worker takes registrations from other addresses only",
        **_setting("worker-1", "REGISTER_ALLOWED_ADDRESSES=192.0.2.1"),
        says={"register@worker-1": ("403", "refuses this address")},
        blocked=REGISTER_DEPENDENTS,
    ),
    Fault(
        name="database-read-only",
        what="The worker's login may only read its database",
        inject=tuple(
            Step("database", f'{_PSQL} --command="{each.format("SET default_transaction_read_only = on")}"')
            for each in _READ_ONLY
        ),
        there=(
            Step(
                "database",
                f"{_PSQL} --command=\"SELECT rolconfig FROM pg_roles WHERE rolname = 'aegis'\""
                " | grep -q default_transaction_read_only=on",
            ),
        ),
        remove=tuple(
            Step("database", f'{_PSQL} --command="{each.format("RESET default_transaction_read_only")}"')
            for each in _READ_ONLY
        ),
        says={"register@worker-1": ("its login may not write",)},
        blocked=REGISTER_DEPENDENTS,
    ),
    Fault(
        name="other-api-token",
        what="A worker wants an API token that the inventory does not have",
        inject=(
            Step(
                "worker-1",
                f"umask 077 && mkdir -p /etc/aegis-temporal-worker && echo a-fault-token-of-some-length > {_TOKEN}",
            ),
            *_TOKEN_SETTING["inject"],
        ),
        there=steps("worker-1", f"test -s {_TOKEN} && test -s /run/credentials/{WORKER_UNIT}/api-token"),
        remove=(*_TOKEN_SETTING["remove"], Step("worker-1", f"rm -f {_TOKEN}")),
        says={"cleanup@worker-1": ("401", "the worker wants another API token")},
        blocked=rows(""),
    ),
    Fault(
        name="orchestrator-stopped",
        what="The orchestrator is stopped",
        inject=steps("standin", "systemctl stop aegis-standin.service"),
        there=steps("standin", is_stopped("aegis-standin.service")),
        remove=steps("standin", "systemctl start aegis-standin.service"),
        says={"echo@worker-1": ("the orchestrator's runtime is unreachable", "temporal_worker_runtime_grpc_url")},
        blocked=ECHO_DEPENDENTS,
    ),
    Fault(
        name="orchestrator-elsewhere",
        what="Workers look for the orchestrator where it is not",
        **_setting(_BOTH, "AEGIS_RUNTIME_GRPC_URL=172.31.83.16:8080"),
        says={"echo@worker-1": ("the orchestrator's runtime is", "temporal_worker_runtime_grpc_url")},
        blocked=ECHO_DEPENDENTS,
    ),
)
