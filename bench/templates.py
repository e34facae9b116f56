# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates: compilation, cached rendering and a condition, with pybars3 beside it in the same rounds."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
import timeit
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loopback_stack.binaries import cache_root

from .options import Options
from .report import Finding, Result, Spread

MOST_COMPILE_MS = 0.1
MOST_RENDER_US = 35.0
MOST_CONDITION_US = 10.0
LEAST_RATIO = 100.0
_PYBARS = "0.9.7"
_CALLS = 500
_PYBARS_COMPILES = 20
_PYBARS_RENDERS = 500

PROMPT = """You are reviewing {{workflow.context.repository}} for {{input.requested_by}}.

Task: {{input.intent}}
{{#if feedback}}
The last attempt was sent back: {{feedback}}
{{/if}}
The build ended with code {{BUILD.output.exit_code}} and printed:
{{BUILD.output.stdout}}

{{#each findings}}
- {{this.file}}: {{this.text}}
{{/each}}
Answer as JSON with the fields verdict and reason.
"""
NAMES: dict[str, Any] = {
    "workflow": {"context": {"repository": "warehouse"}},
    "input": {"requested_by": "the release team", "intent": "Find what blocks the release & say why"},
    "feedback": "Too vague; name the files.",
    "BUILD": {"output": {"exit_code": 1, "stdout": "error: unresolved import in src/stock.rs\n" * 3}},
    "findings": [{"file": f"src/part_{number}.rs", "text": "an unchecked index"} for number in range(3)],
}
CONDITION = "BUILD.output.exit_code == 0 && findings.length < 4"


async def run(options: Options) -> Result:
    """Rounds of all of them in turn."""
    from aegis_temporal_worker.interpreter.templates import compile_expression, compile_template

    python = _pybars_python()
    numbers = itertools.count()
    cached = compile_template(PROMPT, escape=True)
    expression = compile_expression(CONDITION)
    cached.render(NAMES), expression.holds(NAMES)
    # A text that was never seen, so that no cache answers.
    ours: dict[str, Callable[[], object]] = {
        "compile": lambda: compile_template(f"{PROMPT}{next(numbers)}", escape=True),
        "render": lambda: compile_template(PROMPT, escape=True).render(NAMES),
        "condition": lambda: compile_expression(CONDITION).holds(NAMES),
    }
    spent: dict[str, list[float]] = defaultdict(list)
    ratios: list[float] = []
    for _ in range(options.repetitions):
        for name, call in ours.items():
            spent[name].append(1e6 * _seconds(call))
        theirs = _pybars(python)
        spent["pybars3 compile"].append(1e6 * theirs["compile"])
        spent["pybars3 render"].append(1e6 * theirs["render"])
        ratios.append(spent["pybars3 compile"][-1] / spent["compile"][-1])
    ratio, compile_us = Spread.of(ratios), Spread.of(spent["compile"])
    render, condition = Spread.of(spent["render"]), Spread.of(spent["condition"])
    compile_ms = Spread.of(value / 1000 for value in spent["compile"])
    return Result(
        "templates",
        [
            Finding(
                "compile a typical prompt",
                f"≤ {MOST_COMPILE_MS} ms",
                compile_ms.text("ms", 3),
                compile_ms.median <= MOST_COMPILE_MS,
            ),
            Finding(
                "… times faster than pybars3",
                f"≥ {LEAST_RATIO:.0f}x",
                f"{ratio.text(digits=0)}x",
                ratio.median >= LEAST_RATIO,
            ),
            Finding(
                "cached render of it",
                f"≤ {MOST_RENDER_US:.0f} µs",
                render.text("µs", 1),
                render.median <= MOST_RENDER_US,
            ),
            Finding(
                "a condition",
                f"≤ {MOST_CONDITION_US:.0f} µs",
                condition.text("µs", 1),
                condition.median <= MOST_CONDITION_US,
            ),
        ],
        [
            f"The prompt has {len(PROMPT)} characters, 12 tags, a condition and a loop over 3 items; compiled in"
            f" {compile_us.text('µs', 1)}.",
            f"pybars3 {_PYBARS}: compile {Spread.of(spent['pybars3 compile']).text('µs', 0)},"
            f" render {Spread.of(spent['pybars3 render']).text('µs', 1)}",
            f"the condition: {CONDITION}",
        ],
        {"microseconds": dict(spent)},
    )


def _seconds(call: Callable[[], object]) -> float:
    """CPU seconds of one call; timeit holds the garbage collector off meanwhile."""
    return timeit.timeit(call, timer=time.process_time, number=_CALLS) / _CALLS


def _pybars(python: Path) -> dict[str, float]:
    order = {"template": PROMPT, "names": NAMES, "compiles": _PYBARS_COMPILES, "renders": _PYBARS_RENDERS}
    child = Path(__file__).with_name("pybars_child.py")
    done = subprocess.run([python, child], input=json.dumps(order), capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def _pybars_python() -> Path:
    """The interpreter of an environment with pybars3, made in the cache when it is not there.

    It is never installed beside the worker: it turns text of a template into Python and runs it.
    """
    directory = cache_root() / "bench" / f"pybars3-{_PYBARS}"
    python = directory / "bin" / "python"
    complete = directory / ".complete"
    if not complete.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", directory], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"pybars3=={_PYBARS}"],
            check=True,
        )
        complete.touch()
    return python
