# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All known problems, and the findings of one diagnosis in the order in which to read them."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils import (
    diagnose_cluster,
    diagnose_config,
    diagnose_journal,
    diagnose_machine,
    diagnose_postgres,
    diagnose_schema,
    diagnose_tls,
)
from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_model import (
    SEVERITIES,
    Facts,
    Problem,
)

AREAS = (
    ("Hosts and processes", diagnose_machine),
    ("Journals", diagnose_journal),
    ("Schemas", diagnose_schema),
    ("PostgreSQL", diagnose_postgres),
    ("Cluster", diagnose_cluster),
    ("Configuration", diagnose_config),
    ("Certificates", diagnose_tls),
)
PROBLEMS: t.Mapping[str, Problem] = {problem.id: problem for _name, area in AREAS for problem in area.PROBLEMS}


def findings(facts: Facts) -> list[dict[str, str]]:
    """Return what was found, the worst first."""
    found = {
        (
            finding.severity or PROBLEMS[finding.id].severity,
            finding.id,
            finding.host,
            " ".join(finding.evidence.split()),
        ): None
        for _name, area in AREAS
        for finding in area.detect(facts)
    }
    return [
        {
            "severity": severity,
            "id": key,
            "host": host,
            "title": PROBLEMS[key].title,
            "evidence": evidence,
            "cause": PROBLEMS[key].cause,
            "fix": PROBLEMS[key].fix,
            "source": PROBLEMS[key].source,
        }
        # Where two are as bad they stay in the order of the areas: what is below often explains what is above.
        for severity, key, host, evidence in sorted(found, key=lambda item: SEVERITIES.index(item[0]))
    ]


def counts(entries: t.Sequence[t.Mapping[str, str]]) -> dict[str, int]:
    """Return how many findings there are of each severity."""
    return {severity: sum(entry["severity"] == severity for entry in entries) for severity in SEVERITIES}


def table(entries: t.Sequence[t.Mapping[str, str]]) -> list[str]:
    """Return the lines of a table for people."""
    if not entries:
        return ["No known problem was found."]
    cells = [("SEVERITY", "HOST", "FINDING", "EVIDENCE")]
    cells += [
        (entry["severity"], entry["host"] or "(cluster)", entry["id"], entry["evidence"][:100]) for entry in entries
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    return ["  ".join(value.ljust(width) for value, width in zip(line, [*widths, 0])).rstrip() for line in cells]


def summary(entries: t.Sequence[t.Mapping[str, str]], title: str, made: str) -> str:
    """Return the text that a person reads: each finding with cause, fix and where it is known from."""
    number = counts(entries)
    lines = [title, made, ", ".join("%d %s(s)" % (number[severity], severity) for severity in SEVERITIES), ""]
    for entry in entries:
        lines += [
            "%s: %s (%s)" % (entry["severity"].upper(), entry["title"], entry["id"]),
            "  where:    %s" % (entry["host"] or "the cluster"),
            "  evidence: %s" % entry["evidence"],
            "  cause:    %s" % entry["cause"],
            "  fix:      %s" % entry["fix"],
            "  known:    %s" % entry["source"],
            "",
        ]
    return "\n".join([*lines, "No known problem was found." if not entries else ""]).rstrip() + "\n"
