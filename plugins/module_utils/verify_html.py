# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of a verification as one page that a person reads: no script, nothing from elsewhere, failures first."""

from __future__ import annotations

import traceback
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.verify_report import (
    BLOCKED,
    FAILED,
    PASSED,
    Row,
    counts,
    took,
)

try:
    import jinja2

    JINJA2_IMPORT_ERROR = None
except ImportError:
    JINJA2_IMPORT_ERROR = traceback.format_exc()

_ORDER = (FAILED, BLOCKED, PASSED)

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ verdict }} · {{ title }}</title>
<style>
:root { color-scheme: light dark; --page: #fff; --text: #1c2024; --soft: #60646c; --line: #e0e1e6;
  --passed: #18794e; --failed: #c62a2f; --blocked: #946800; --failed-page: #fff1f0; }
@media (prefers-color-scheme: dark) { :root { --page: #16181c; --text: #edeef0; --soft: #a0a4ab; --line: #33373e;
  --passed: #4cc38a; --failed: #ff8b8b; --blocked: #f1c04b; --failed-page: #35191c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem; max-width: 68rem; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.5rem; }
h2 { margin: 2rem 0 .75rem; font-size: 1.1rem; }
.passed { color: var(--passed); } .failed { color: var(--failed); } .blocked { color: var(--blocked); }
.soft { color: var(--soft); }
.counts { margin: .25rem 0 0; }
.failure { margin: 0 0 .75rem; padding: .75rem 1rem; border-left: 4px solid var(--failed);
  background: var(--failed-page); border-radius: 0 6px 6px 0; }
.failure p { margin: .35rem 0 0; }
.failure pre { margin: .35rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere;
  font: 13px/1.45 ui-monospace, monospace; }
.scroll { overflow-x: auto; }
table { width: 100%; min-width: 46rem; border-collapse: collapse; }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
td { overflow-wrap: anywhere; }
td.result, td.host { white-space: nowrap; overflow-wrap: normal; }
td.result { font-weight: 600; }
td.seconds, th.seconds { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
</style>
</head>
<body>
<h1 class="{{ 'failed' if number.failed or not rows else 'passed' }}">{{ verdict }}</h1>
<p class="counts soft">{{ title }} · {{ made }} · {{ number.passed }} passed, {{ number.failed }} failed,
{{ number.blocked }} blocked</p>
{% if failures %}
<h2>What failed</h2>
{% for row in failures %}
<section class="failure">
<strong>{{ row.name }}</strong> <span class="soft">on {{ row.host }} · {{ row.id }}</span>
<pre>{{ row.detail }}</pre>
{% if row.cause %}<p><strong>Likely cause:</strong> {{ row.cause }}</p>{% endif %}
{% if row.fix %}<p><strong>Fix:</strong> {{ row.fix }}</p>{% endif %}
</section>
{% endfor %}
{% endif %}
<h2>All checks</h2>
<div class="scroll">
<table>
<thead><tr><th scope="col">Result</th><th scope="col" class="seconds">Seconds</th><th scope="col">Host</th>
<th scope="col">Check</th><th scope="col">Detail</th></tr></thead>
<tbody>
{% for row in rows %}
<tr><td class="result {{ row.result }}">{{ row.result }}</td><td class="seconds">{{ took(row.seconds) }}</td>
<td class="host">{{ row.host }}</td><td>{{ row.name }}</td><td>{{ row.detail.split('\n') | first }}</td></tr>
{% endfor %}
</tbody>
</table>
</div>
</body>
</html>
"""


def _verdict(number: t.Mapping[str, int], total: int) -> str:
    if not total:
        return "Nothing was checked"
    if number[FAILED]:
        return "%d of %d checks failed" % (number[FAILED], total)
    return "All %d checks passed" % total


def html(entries: t.Sequence[Row], title: str, made: str) -> str:
    """Return the page; ``made`` is when the checks ran, as text.

    Needs C(jinja2): check JINJA2_IMPORT_ERROR first.
    """
    number = counts(entries)
    ordered = [entry for result in _ORDER for entry in entries if entry["result"] == result]
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_PAGE).render(
        title=title,
        made=made,
        number=number,
        verdict=_verdict(number, len(entries)),
        rows=ordered,
        failures=[entry for entry in ordered if entry["result"] == FAILED],
        took=took,
    )
