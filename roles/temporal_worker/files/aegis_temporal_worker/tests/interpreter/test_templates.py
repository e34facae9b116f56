# SPDX-License-Identifier: Apache-2.0
"""Templates as the interpreter uses them; what Handlebars itself prints is tested in ``tests/templates``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from aegis_temporal_worker.interpreter.templates import (
    Overlay,
    TemplateError,
    compile_expression,
    compile_template,
    parse_path,
    resolve,
)

NAMES: dict[str, Any] = {
    "name": "Ann",
    "html": '<a href="x">\'&`</a>',
    "one": 1,
    "two": "2",
    "half": 0.5,
    "yes": True,
    "none": None,
    "empty": "",
    "list": ["a", {"b": "deep"}, ["c", "d"]],
    "a-b": "hyphen",
    "obj": {"x": 1},
}


def render(source: str, *, escape: bool = False, names: Mapping[str, Any] | None = None) -> str:
    return compile_template(source, escape=escape).render(NAMES if names is None else names)


def test_escaping() -> None:
    """Contract 6.12: double braces escape, triple ones do not."""
    escaped = "&lt;a href&#x3D;&quot;x&quot;&gt;&#x27;&amp;&#x60;&lt;/a&gt;"
    assert render("{{html}}", escape=True) == escaped
    assert render("{{{html}}}", escape=True) == NAMES["html"]
    assert render("{{&html}}", escape=True) == NAMES["html"]
    assert render('<b id="1">{{name}}</b>', escape=True) == '<b id="1">Ann</b>'


def test_without_escaping_all_braces_print_the_same() -> None:
    assert render("{{html}}") == render("{{{html}}}") == render("{{&html}}") == NAMES["html"]
    assert render("{{json obj}}") == '{"x":1}'
    assert render("{{#each list}}{{#if @first}}{{../html}}{{/if}}{{/each}}") == NAMES["html"]


def test_without_escaping_numbers_side_by_side_are_never_added_up() -> None:
    assert render("{{{one}}}{{{one}}}", escape=True) == "2", "as Handlebars does"
    assert render("{{{one}}}{{{one}}}") == "11"
    assert render("{{one}}{{one}}") == "11"
    assert render("{{#if yes}}{{one}}{{/if}}{{#if yes}}{{one}}{{/if}}{{yes}}") == "11true"


# Extensions: what Handlebars refuses and contract 6.12 or 6.13 wants.


@pytest.mark.parametrize(
    ("source", "rendered"),
    [
        ("{{list.0}}", "a"),
        ("{{list.2.1}}", "d"),
        ("{{list/2/0}}", "c"),
        ("{{{list.0}}}", "a"),
        ("{{~list.0~}} x", "ax"),
        ("{{upper list.0}}", "A"),
        ("{{#if list.9}}1{{else}}2{{/if}}", "2"),
        ("{{#with list.1}}{{b}}{{/with}}", "deep"),
        ("{{#list.1}}{{b}}{{/list.1}}", "deep"),
        ("{{list.01}}", ""),
    ],
)
def test_an_index_may_end_a_path(source: str, rendered: str) -> None:
    assert render(source) == rendered


@pytest.mark.parametrize(
    ("source", "rendered"),
    [
        ("{{one + 1}}", "2"),
        ("{{blackboard.iteration_number + 1}}", "1"),
        ("{{two + 1}}", "3"),
        ("{{ two - one }}", "1"),
        ("{{two * half}}", "1"),
        ("{{one / 4}}", "0.25"),
        ("{{7 % two}}", "1"),
        ("{{one + two}}", "3"),
        ("{{{one + 1}}}", "2"),
        ("{{&one + 1}}", "2"),
        ("a {{~one + 1~}} b", "a2b"),
        ("a {{~{one + 1}~}} b", "a2b"),
        ("{{'10' + \"5\"}}", "15"),
        ("{{(length list) + 1}}", "4"),
        ("{{(length list) - 1}}", "2"),
        ("{{one - (length list)}}", "-2"),
        ("{{-1 + 1}}", "0"),
        ("{{none + 1}}{{empty + 1}}{{missing - 1}}", "11-1"),
        ("{{0.1 + 0.2}}", "0.30000000000000004"),
        ("{{1000000000000 * 1000000000000}}", "1e+24"),
        ("{{#each list}}{{@index + 1}}{{/each}}", "123"),
        ("{{#if yes}}{{../one + one}}{{/if}}", "1"),
        # These are names and paths, as in Handlebars.
        ("{{a-b}}", "hyphen"),
        ("{{obj / x}}", "1"),
        # The helper wins: this is the length of the value named "-".
        ("{{length - 1}}", "0"),
    ],
)
def test_arithmetic_on_two_operands(source: str, rendered: str) -> None:
    """Contract 6.13."""
    assert render(source) == rendered


@pytest.mark.parametrize(
    "source",
    [
        *["{{name + 1}}", "{{yes + 1}}", "{{list + 1}}", "{{obj * 2}}", "{{one / 0}}", "{{one % 0}}"],
        *["{{one + 1 + 1}}", "{{one+1}}", "{{one +1}}", "{{one + }}", "{{+ one}}", "{{one ++ one}}", "{{one + 1}"],
        *["{{one < 2}}", "{{one == 1}}", "{{yes && yes}}", "{{#if one + 1}}x{{/if}}", "{{{one + 1}}"],
        *["{{upper one + 1}}", "{{one -1}}", "{{default x .5}}", "{{list. 0}}", "{{list .0}}"],
    ],
)
def test_no_arithmetic(source: str) -> None:
    with pytest.raises(TemplateError):
        render(source)


def test_overlay_falls_back_but_prints_its_own() -> None:
    """Contract 6.13: start input below a name's own fields."""
    names = {"workflow": Overlay({"name": "w", "task": None}, {"name": "hidden", "task": "t", "other": "o"})}
    assert render("{{workflow.name}} {{workflow.task}} {{workflow.other}}", names=names) == "w  o"
    assert render("{{json workflow}} {{keys workflow}} {{length workflow}}", names=names) == (
        '{"name":"w","task":null} ["name","task"] 2'
    )
    assert render("{{#each workflow}}{{@key}} {{/each}}", names=names) == "name task "
    assert render("{{lookup workflow 'other'}}{{#with workflow}}{{other}}{{../x}}{{/with}}", names=names) == "oo"
    assert list(names["workflow"]) == ["name", "task"]


def test_the_blackboard_under_its_own_name_can_be_printed() -> None:
    """Contract 6.12: the blackboard points at itself."""
    names: dict[str, Any] = {"a": 1, "STATE": {"status": "completed"}}
    names["blackboard"] = Overlay(names, {"task": "t"})
    assert render("{{blackboard.a}}{{blackboard.STATE.status}}{{blackboard.task}}", names=names) == "1completedt"
    assert render("{{blackboard}}", names=names) == "[object Object]"
    assert render("{{json blackboard}}", names=names) == '{"a":1,"STATE":{"status":"completed"}}'
    assert '"blackboard":{"a":1,' in render("{{json this}}", names=names)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{#if x}}y", "not closed"),
        ("{{#if x}}y{{/each}}", "'if' is open"),
        ("{{/if}}", "belongs to no block"),
        ("{{else}}", "belongs to no block"),
        ("{{> part}}", "no partials"),
        ("{{* deco}}", "no partials and no decorators"),
        ("{{!-- comment }}", "not closed by --}}"),
        ("{{{{raw}}}}x", "raw block is not closed"),
        ("{{a+1}}", "'a' cannot stand here"),
        ("{{a=b}}", "'=' cannot stand here"),
        ("{{a.this}}", "'this' may only begin a path"),
        ("{{a/../b}}", "'..' may only begin a path"),
        ("{{}}", "ends too early"),
        ("{{open", "cannot stand here"),
        ("{{open ", "cannot stand here"),
        ("{{{open}}", "ends too early, or not with '}}'"),
        ("a\0", "NUL"),
    ],
)
def test_errors_name_the_place(source: str, message: str) -> None:
    """Contract 6.12: errors."""
    with pytest.raises(TemplateError) as raised:
        compile_template(f"first line\n{{{{name}}}} {source}", escape=False)
    assert message in str(raised.value)
    assert "in line 2" in str(raised.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{nonsense x}}", "Missing helper: 'nonsense'"),
        ("{{name x}}", "'name' is called like a helper but is a value"),
        ("{{upper one}}", "'upper' works on text, not on 1"),
        ("{{if yes}}", "'if' cannot be used like this"),
        ("{{#if}}{{/if}}", "'if' needs exactly one argument"),
        ("{{#if yes as |x|}}{{x}}{{/if}}", "no value for the name after 'as'"),
    ],
)
def test_errors_of_rendering(source: str, message: str) -> None:
    """Contract 6.12: errors."""
    template = compile_template(source, escape=False)
    with pytest.raises(TemplateError, match=re.escape(message)):
        template.render(NAMES)


def test_an_unknown_helper_that_is_not_reached_fails_nothing() -> None:
    assert render("{{#if missing}}{{nonsense x}}{{/if}}ok") == "ok"


def test_compiled_once() -> None:
    assert compile_template("{{once}}", escape=False) is compile_template("{{once}}", escape=False)
    assert compile_template("{{once}}", escape=False) is not compile_template("{{once}}", escape=True)
    assert compile_expression("once > 1") is compile_expression("once > 1")


def test_what_would_fill_the_memory_is_not_kept() -> None:
    long = "{{x}}" + "y" * 100_000
    assert compile_template(long, escape=False) is not compile_template(long, escape=False)
    assert compile_template("no tags", escape=False) is not compile_template("no tags", escape=False)


def test_rendering_changes_neither_names_nor_template() -> None:
    names = {"list": [1, 2], "obj": {"b": 1, "1": 2}}
    template = compile_template(
        "{{#each list as |v|}}{{v}}{{@index}}{{/each}}{{#each obj}}{{@key}}{{/each}}", escape=True
    )
    assert [template.render(names) for _time in range(3)] == ["10211b"] * 3
    assert names == {"list": [1, 2], "obj": {"b": 1, "1": 2}}


def test_names_may_be_any_mapping() -> None:
    assert render("{{name}}{{@root.name}}", names=MappingProxyType({"name": "x"})) == "xx"


def test_paths_of_other_modules() -> None:
    assert parse_path("a.b-c/[d e]").parts == ("a", "b-c", "d e")
    assert parse_path("this").parts == ()
    for wrong in ("", "a b", "../a", "@root", "'a'", "a.", "1"):
        with pytest.raises(TemplateError):
            parse_path(wrong)
    assert resolve({"a": [{"b": 1}]}, ("a", "0", "b")) == 1
    assert resolve({"a": None}, ("a", "b")) is None
    assert resolve({"a": "text"}, ("a", "missing")) is None


def test_value_of_an_expression() -> None:
    assert compile_expression("obj").value(NAMES) == {"x": 1}
    assert compile_expression("missing").value(NAMES) is None
    assert compile_expression("one + 1").value(NAMES) == 2
    assert compile_expression("missing || name").value(NAMES) == "Ann"
    assert compile_expression("yes && list.0").value(NAMES) == "a"
