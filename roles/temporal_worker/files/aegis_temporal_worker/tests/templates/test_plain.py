# SPDX-License-Identifier: Apache-2.0
"""Ordinary tags, read at once, mean what they mean when they are read token by token."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest

from aegis_temporal_worker.interpreter.templates import TemplateError
from aegis_temporal_worker.interpreter.templates import parser as reader
from aegis_temporal_worker.interpreter.templates.syntax import Program

from . import corpus
from .generator import Generator
from .test_conformance import SEED

GENERATED = 3000
# What makes an ordinary tag another one, or something that is no tag.
PIECES = [
    *[
        "~",
        "{",
        "}",
        " ",
        ".",
        "/",
        "-",
        "@",
        "#",
        "^",
        "|",
        "&",
        "_",
        "0",
        "1",
        '"',
        "'",
        "\\",
        "this",
        "../",
        "this.",
    ],
    *["else", "else ", "as", " as |a|", " as |a b|", " as |this|", " true", " null", " 0", " -1.5", ' "x"', " ../b"],
    *[".0", ".1.2", ".length", ".this", ".true", "{{else}}", "{{else if a}}", "{{/if}}", "{{#if a}}"],
]
TAGS = [
    *["{{a}}", "{{ a.b }}", "{{{a}}}", "{{a}}}", "{{{a}}}}", "{{#a as |as|}}{{/a}}", "{{a as |b|}}", "{{else-x}}"],
    *["{{#each list as |item at|}}{{item.b}}{{/each}}", "{{#if a}}{{else if b as |c|}}{{/if}}", "{{trueish thisone}}"],
    *[
        "{{~#if a~}} x {{~else~}} y {{~/if~}}",
        "{{~{a}~}}",
        "{{@root.a}}",
        "{{@this}}",
        "{{#a as |true b|}}{{/a}}",
        "{{../../a.b 'c' 1}}",
    ],
]


def templates() -> Iterator[str]:
    """Templates of all kinds, most of them with the spaces that ordinary tags have, and with one change."""
    yield from TAGS
    yield from (entry.case.template for entry in corpus.load())
    chance = random.Random(SEED)
    for case in Generator(SEED).cases(GENERATED):
        spaced = re.sub(r"[ \n\t]+(?=\S)", " ", case.template)
        place = chance.randint(0, len(spaced))
        yield from (case.template, spaced, spaced[:place] + chance.choice(PIECES) + spaced[place:])


def read(source: str) -> Program | str:
    try:
        return reader.parse(source)
    except TemplateError as error:
        return str(error)


def test_both_ways_of_reading_give_the_same_tree_or_error(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = list(templates())
    ordinary = 0

    def counted(source: str, begin: int) -> object:
        nonlocal ordinary
        found = plain(source, begin)
        ordinary += found is not None
        return found

    plain = reader.plain
    monkeypatch.setattr(reader, "plain", counted)
    at_once = [read(source) for source in sources]
    monkeypatch.setattr(reader, "plain", lambda _source, _begin: None)
    token_by_token = [read(source) for source in sources]
    for source, one, other in zip(sources, at_once, token_by_token, strict=True):
        assert one == other, source
    assert ordinary > len(sources)
    assert sum(isinstance(tree, Program) for tree in at_once) > len(sources) // 2
