# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what `make up` leaves running and what to try next."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / ".collections"))

from ansible_collections.aegis.temporal.plugins.module_utils.verify_report import table

STATE = REPOSITORY / "inventories/quickstart/.state"
SUMMARY = """
The deployment runs on three containers of this machine, and the workflow above really ran on it.

  Temporal UI      http://localhost:8233
  Temporal Server  localhost:7233 (gRPC), http://localhost:7243 (HTTP API)
  Workers          http://localhost:3000 and http://localhost:3001
  PostgreSQL       localhost:{database_port}
{orchestrator}
Try next
  curl http://localhost:3000/health
  curl http://localhost:3000/workflows
  open http://localhost:8233 in a browser: the echo workflow is Completed
  make up          again: nothing changes
  make verify      run the checks again; {report} is for your browser
  make down        remove everything but the caches
"""
STANDIN = """  Orchestrator     aegis-standin, a stand-in that only tests use. To use your own, let it
                   listen on {gateway} and run
                   make up ORCHESTRATOR_URL=http://{gateway}:8088 RUNTIME_GRPC_URL={gateway}:50051
"""
OWN = "  Orchestrator     {url} (yours)\n"
CONFIGURATION = """
For an AEGIS orchestrator on this machine, in its aegis-config.yaml:

  temporal:
    address: localhost:7233
    namespace: default
    task_queue: aegis-agents
    worker_http_endpoint: http://localhost:3000

and its database URL, with the password from {password_file}:

  postgresql://aegis:<password>@localhost:{database_port}/aegis
"""


def main() -> None:
    """Print the verification's table and the summary."""
    report = json.loads((STATE / "verify-report.json").read_text(encoding="utf-8"))
    print("\n".join(table(report["checks"])))
    database_port = os.environ.get("QUICKSTART_DATABASE_PORT") or "15432"
    url = os.environ.get("ORCHESTRATOR_URL")
    orchestrator = OWN.format(url=url) if url else STANDIN.format(gateway="172.31.77.1")
    page = (STATE / "verify-report.html").relative_to(REPOSITORY)
    print(SUMMARY.format(database_port=database_port, orchestrator=orchestrator, report=page).rstrip())
    print(CONFIGURATION.format(password_file=STATE / "credentials/aegis", database_port=database_port).rstrip())


if __name__ == "__main__":
    main()
