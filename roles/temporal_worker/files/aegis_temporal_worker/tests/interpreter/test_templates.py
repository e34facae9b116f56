# SPDX-License-Identifier: Apache-2.0
"""Templates: plain paths, printing, escaping; a clear error for everything else."""

from __future__ import annotations

from typing import Any

import pytest

from aegis_temporal_worker.interpreter.templates import Overlay, TemplateError, compile_template

NAMES: dict[str, Any] = {
    "name": "Ann",
    "empty": "",
    "zero": 0,
    "no": False,
    "none": None,
    "one": 1.0,
    "html": '<a href="x">\'&`</a>',
    "list": ["a", {"b": "deep"}, ["c", "d"]],
    "TEST": {"output": {"unit-tests": {"stdout": "ok"}, "0": "key zero"}},
    "a b": {"c.d": "bracketed"},
    "true": "named true",
}


def render(source: str, *, escape: bool = False, names: dict[str, Any] | None = None) -> str:
    return compile_template(source, escape=escape).render(NAMES if names is None else names)


@pytest.mark.parametrize(
    ("source", "rendered"),
    [
        ("", ""),
        ("plain } text { here", "plain } text { here"),
        ("{{name}}", "Ann"),
        ("{{ name }}", "Ann"),
        ("{{{name}}}", "Ann"),
        ("{{&name}}", "Ann"),
        ("{{& name}}!", "Ann!"),
        ("a{{name}}b{{name}}c", "aAnnbAnnc"),
        ("{{missing}}", ""),
        ("{{name.missing.deeper}}", ""),
        ("{{none}}", ""),
        ("{{empty}}", ""),
        ("{{zero}}", "0"),
        ("{{no}}", "false"),
        ("{{{no}}}", "false"),
        ("{{one}}", "1"),
        ("{{list}}", "a,[object Object],c,d"),
        ("{{list.0}}", "a"),
        ("{{list.1.b}}", "deep"),
        ("{{list.01}}", ""),
        ("{{list.9}}", ""),
        ("{{list.length}}", "3"),
        ("{{name.length}}", "3"),
        ("{{name.0}}", "A"),
        ("{{TEST}}", "[object Object]"),
        ("{{TEST.output.unit-tests.stdout}}", "ok"),
        ("{{TEST/output/unit-tests/stdout}}", "ok"),
        ("{{TEST.output.0}}", "key zero"),
        ("{{[a b].[c.d]}}", "bracketed"),
        ("{{this.name}}", "Ann"),
        ("{{./name}}", "Ann"),
        ("{{this}}", "[object Object]"),
        ("{{true}}", "named true"),
        ("${{name}}", "$Ann"),
        ("{ {{name}} }", "{ Ann }"),
    ],
)
def test_paths(source: str, rendered: str) -> None:
    assert render(source) == rendered


@pytest.mark.parametrize("name", ["__class__", "__proto__", "constructor", "keys", "items", "get", "fallback"])
def test_only_own_members(name: str) -> None:
    assert render(f"{{{{TEST.{name}}}}}{{{{list.{name}}}}}{{{{html.{name}}}}}") == ""


def test_escaping() -> None:
    escaped = "&lt;a href&#x3D;&quot;x&quot;&gt;&#x27;&amp;&#x60;&lt;/a&gt;"
    assert render("{{html}}", escape=True) == escaped
    assert render("{{{html}}}", escape=True) == NAMES["html"]
    assert render("{{&html}}", escape=True) == NAMES["html"]
    assert render("{{html}}") == NAMES["html"]
    assert render('<b id="1">{{name}}</b>', escape=True) == '<b id="1">Ann</b>'


def test_overlay_falls_back_but_prints_its_own() -> None:
    names = {"workflow": Overlay({"name": "w", "task": None}, {"name": "hidden", "task": "t", "other": "o"})}
    assert render("{{workflow.name}} {{workflow.task}} {{workflow.other}}", names=names) == "w  o"
    assert list(names["workflow"]) == ["name", "task"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{#if x}}y{{/if}}", "blocks are not supported"),
        ("{{^x}}y{{/x}}", "inverse sections"),
        ("{{/if}}", "closing tags"),
        ("{{> part}}", "partials"),
        ("{{! comment }}", "comments"),
        ("{{~x}}", "white space control"),
        ("{{x~}}", "white space control"),
        ("{{{{raw}}}}x{{{{/raw}}}}", "raw blocks"),
        (r"\{{x}}", "escape"),
        ("{{json x}}", "helper 'json' with arguments"),
        ("{{nonsense x}}", "unknown helper 'nonsense' with arguments"),
        ("{{length}}", "helper 'length'"),
        ("{{../x}}", "parent paths"),
        ("{{@root.x}}", "is no path"),
        ("{{a + 1}}", "unknown helper 'a'"),
        ("{{a+1}}", "is no path"),
        ("{{a=b}}", "is no path"),
        ("{{'text'}}", "is no path"),
        ("{{a.}}", "is no path"),
        ("{{a..b}}", "is no path"),
        ("{{a.this}}", "'this' may only begin"),
        ("{{}}", "empty"),
        ("{{ }}", "empty"),
        ("{{open", "not closed by }}"),
        ("{{{open}}", "not closed by }}}"),
    ],
)
def test_errors_name_the_place(source: str, message: str) -> None:
    with pytest.raises(TemplateError) as raised:
        compile_template(f"first line\n{source}", escape=False)
    assert message in str(raised.value)
    assert "line 2" in str(raised.value)


def test_compiled_once() -> None:
    assert compile_template("{{once}}", escape=False) is compile_template("{{once}}", escape=False)
    assert compile_template("{{once}}", escape=False) is not compile_template("{{once}}", escape=True)


def test_output_is_bounded() -> None:
    template = compile_template("{{x}}" * 9, escape=False)
    with pytest.raises(TemplateError, match="longer than"):
        template.render({"x": "a" * 1_000_000})
