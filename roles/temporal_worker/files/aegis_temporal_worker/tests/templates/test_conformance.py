# SPDX-License-Identifier: Apache-2.0
"""Contract 6.12: our templates print what Handlebars 4.7.10 prints, byte for byte, and refuse what it refuses."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable

import pytest

from aegis_temporal_worker.interpreter.templates import TemplateError, compile_template

from . import corpus
from .generator import Generator
from .judge import Case, NoJudgeError, Verdict, ask

ENTRIES = corpus.load()
GENERATED = 10_000
# Any other seed finds other templates: TEMPLATE_SEED=7 pytest tests/templates.
SEED = int(os.environ.get("TEMPLATE_SEED", "20260101"))
# An index at the end of a path: Handlebars wants brackets around it, contract 6.12 does not. Nothing else that
# Handlebars refuses may be accepted.
BARE_INDEX = re.compile(r"(?<=[^\s\d(={~][./])(\d+)(?:\.(\d+))?(?=[~}\s)])")


def render(case: Case) -> str | None:
    """What we print, in the reference's escaping mode; None when we refuse."""
    # Through JSON once more, so that equal arrays are not the same array, as in the judge's process.
    data = json.loads(json.dumps(case.data))
    try:
        return compile_template(case.template, escape=True).render(data)
    except TemplateError:
        return None


def judged(cases: list[Case]) -> list[Verdict]:
    try:
        return ask(cases)
    except NoJudgeError as error:
        pytest.skip(
            f"Handlebars cannot be asked: {error}. The corpus with its recorded answers is tested all the same."
        )


def bracketed(template: str) -> str:
    """The template with brackets around indices at the end of paths."""
    return BARE_INDEX.sub(lambda match: f"[{match[1]}]" + (f".[{match[2]}]" if match[2] else ""), template)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.rule}: {entry.case.template[:60]!r}")
def test_corpus(entry: corpus.Entry) -> None:
    """Contract 9.2 no. 36 too: helpers with too few arguments, or null."""
    assert render(entry.case) == entry.text


def test_the_corpus_has_cases_for_every_rule() -> None:
    rules = Counter(entry.rule for entry in ENTRIES)
    assert sum(rules.values()) > 900
    assert min(rules.values()) >= 7
    accepted = Counter(entry.rule for entry in ENTRIES if entry.text is not None)
    assert set(rules) - set(accepted) == {"partials and decorators"}


def test_the_recorded_answers_are_handlebars_own() -> None:
    verdicts = judged([entry.case for entry in ENTRIES])
    assert [verdict.output for verdict in verdicts] == [entry.text for entry in ENTRIES]


def test_generated(record_property: Callable[[str, object], None]) -> None:
    cases = list(Generator(SEED).cases(GENERATED))
    verdicts = judged(cases)
    ours = [render(case) for case in cases]
    extended = [
        (Case(bracketed(case.template), case.data), our)
        for case, verdict, our in zip(cases, verdicts, ours, strict=True)
        if verdict.output is None and our is not None
    ]
    differences = [
        f"{case.template!r} with {case.data!r}: {verdict.output!r} ({verdict.error}), ours {our!r}"
        for case, verdict, our in zip(cases, verdicts, ours, strict=True)
        if verdict.output is not None and verdict.output != our
    ]
    for (case, our), verdict in zip(extended, judged([case for case, _our in extended]), strict=True):
        if verdict.output != our:
            differences.append(f"{case.template!r}: {verdict.output!r} ({verdict.error}), ours {our!r}")
    accepted = sum(verdict.output is not None for verdict in verdicts)
    counts = {
        "seed": SEED,
        "templates": len(cases),
        "accepted": accepted,
        "rejected": len(cases) - accepted,
        "of those with a bare index": len(extended),
        "differences": len(differences),
    }
    print(f"\nTemplates against Handlebars: {counts}")
    record_property("templates against Handlebars", counts)
    assert accepted > GENERATED // 2
    assert differences == []


def test_the_generator_makes_the_same_cases_again() -> None:
    assert list(Generator(3).cases(50)) == list(Generator(3).cases(50))
    assert list(Generator(3).cases(50)) != list(Generator(4).cases(50))
