# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of a verification as JUnit XML, which CI servers read.

The attributes are those that Jenkins and GitLab both know: a testsuite with tests, failures, skipped, errors and time;
a testcase with classname, name and time. A blocked check is a skipped one with its reason.
"""

from __future__ import annotations

import re
import typing as t
import xml.etree.ElementTree as ET

from ansible_collections.aegis.temporal.plugins.module_utils.verify_report import BLOCKED, FAILED, Row, counts

# What XML 1.0 cannot hold at all, not even escaped (https://www.w3.org/TR/xml/#charsets).
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _clean(text: t.Any) -> str:
    return _NO_XML.sub("\ufffd", str(text))


def _time(entries: t.Sequence[Row]) -> str:
    return "%.3f" % sum(float(entry["seconds"] or 0) for entry in entries)


def junit(entries: t.Sequence[Row], name: str) -> str:
    """Return the document; ``name`` is that of the suite. Hosts are class names, times are in seconds."""
    number = counts(entries)
    suite = ET.Element(
        "testsuite",
        {
            "name": _clean(name),
            "tests": str(len(entries)),
            "failures": str(number[FAILED]),
            "errors": "0",
            "skipped": str(number[BLOCKED]),
            "time": _time(entries),
        },
    )
    for entry in entries:
        case = ET.SubElement(
            suite,
            "testcase",
            {"classname": _clean(entry["host"]), "name": _clean(entry["name"]), "time": _time([entry])},
        )
        detail = _clean(entry["detail"])
        if entry["result"] == FAILED:
            failure = ET.SubElement(
                case, "failure", {"message": detail.partition("\n")[0], "type": _clean(entry["id"])}
            )
            failure.text = "\n".join([detail, *(_clean(entry[key]) for key in ("cause", "fix") if entry[key])])
        elif entry["result"] == BLOCKED:
            ET.SubElement(case, "skipped", {"message": detail})
        elif detail:
            ET.SubElement(case, "system-out").text = detail
    suites = ET.Element("testsuites")
    suites.append(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"
