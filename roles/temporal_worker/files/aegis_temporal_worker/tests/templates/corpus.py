# SPDX-License-Identifier: Apache-2.0
"""The corpus: each rule of contract 6.12 as templates with the text that Handlebars prints for them.

``corpus.json`` holds ``data``, what templates see unless a case has data of its own, and ``rules``: for each rule a
list of cases ``[template, text]`` or ``[template, text, data]``; the text is null where Handlebars refuses. To add
cases, write any text into the file and run ``python -m tests.templates.corpus``: it puts Handlebars' own in.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from .judge import Case, ask

FILE = Path(__file__).with_name("corpus.json")


class Entry(NamedTuple):
    """A case of the corpus; ``text`` is None where Handlebars refuses."""

    rule: str
    case: Case
    text: str | None


def load() -> list[Entry]:
    """All cases, in the order of the file."""
    corpus = json.loads(FILE.read_text(encoding="utf-8"))
    return [
        Entry(rule, Case(template, data[0] if data else corpus["data"]), text)
        for rule, cases in corpus["rules"].items()
        for template, text, *data in cases
    ]


def record() -> None:
    """Write what Handlebars prints into the file."""
    corpus = json.loads(FILE.read_text(encoding="utf-8"))
    verdicts = iter(ask([entry.case for entry in load()]))
    rules = []
    for rule, cases in corpus["rules"].items():
        lines = [_line([template, next(verdicts).output, *data]) for template, _text, *data in cases]
        rules.append(f"    {json.dumps(rule)}: [\n      " + ",\n      ".join(lines) + "\n    ]")
    data = json.dumps(corpus["data"], ensure_ascii=True)
    FILE.write_text(f'{{\n  "data": {data},\n  "rules": {{\n' + ",\n".join(rules) + "\n  }\n}\n", encoding="utf-8")


def _line(case: list[Any]) -> str:
    return json.dumps(case, ensure_ascii=True)


if __name__ == "__main__":
    record()
