# SPDX-License-Identifier: Apache-2.0
"""Templates that try to break out, or to keep the worker busy for ever, end in text or in a clean error."""

from __future__ import annotations

import inspect
import sys
from types import FrameType
from typing import Any

import pytest

from aegis_temporal_worker.interpreter.templates import Overlay, TemplateError, compile_expression, compile_template

MANY = 100_000


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _level in range(levels):
        value = [value]
    return value


def outcome(source: str, data: Any) -> str | None:
    """The text, or None for a clean error. Anything else is raised."""
    try:
        return compile_template(source, escape=True).render(data)
    except TemplateError:
        return None


class Watched(dict[str, Any]):
    """An object that tells when one of its attributes is asked for by a name of the template's."""

    def __getattribute__(self, name: str) -> Any:
        assert name in {"get", "keys", "items", "__class__", "__iter__", "__len__"}, f"the attribute {name} was read"
        return super().__getattribute__(name)


# Known ways out of Handlebars (advisories of 2019 to 2021), and out of engines for Python that generate code or walk
# attributes.
ESCAPES = [
    "{{constructor.constructor}}",
    "{{constructor.constructor 'return process'}}",
    "{{#with constructor}}{{#with constructor}}{{this}}{{/with}}{{/with}}",
    "{{__proto__.polluted}}{{constructor.prototype.polluted}}",
    "{{lookup this 'constructor'}}{{lookup (lookup this 'constructor') 'name'}}",
    "{{#with (lookup this 'constructor')}}{{lookup this 'constructor'}}{{/with}}",
    "{{#with 's' as |string|}}{{#with 'e'}}{{#with split as |conslist|}}{{this.pop}}{{this.push (lookup string.sub "
    "'constructor')}}{{this.pop}}{{#with string.split as |codelist|}}{{this.pop}}{{this.push 'return 1'}}{{this.pop}}"
    "{{#each conslist}}{{#with (string.sub.apply 0 codelist)}}{{this}}{{/with}}{{/each}}{{/with}}{{/with}}{{/with}}"
    "{{/with}}",
    "{{#with '__defineGetter__'}}{{lookup .. this}}{{/with}}",
    "{{#each (lookup (lookup this '__proto__') 'constructor')}}{{@key}}{{/each}}",
    "{{@root.constructor}}{{@constructor}}{{@_parent}}{{@__proto__.constructor}}",
    "{{#each this}}{{@_parent._parent}}{{@../../root.constructor}}{{/each}}",
    "{{__class__}}{{__class__.__mro__}}{{__init__.__globals__}}{{obj.__class__.__base__.__subclasses__}}",
    "{{obj.__dict__}}{{text.__class__}}{{text.format}}{{text.join}}{{list.append}}{{list.__len__}}{{obj.fallback}}",
    "{{lookup obj '__class__'}}{{lookup text 'format'}}{{lookup list '__getitem__'}}{{lookup list 'append'}}",
    "{{obj.get}}{{obj.items}}{{obj.keys}}{{obj.pop}}{{obj.update}}{{#each obj.items}}x{{/each}}",
    "{{[']; import os; os.system('id') #]}}",
    "{{['+str(__import__('os'))+']}}",
    '{{["); raise SystemExit("]}}',
    "{{#with ['];raise SystemExit;#]}}x{{/with}}",
    "{{text.[__class__].[__init__]}}",
    "{{{text.[{0.__class__}]}}}",
    "{{helperMissing}}",
    "{{blockHelperMissing}}",
    "{{#helperMissing}}{{/helperMissing}}",
    "{{#blockHelperMissing obj}}x{{/blockHelperMissing}}",
    "{{> (lookup . 'text')}}",
    "{{#*inline 'x'}}y{{/inline}}{{> x}}",
    "{{* decorator}}",
    "{{if.constructor obj}}",
    "{{each.__globals__}}",
    "{{length.__class__}}",
    "{{upper.__globals__}}",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_no_way_out(source: str) -> None:
    """Contract 6.12: own properties only."""
    data = Watched(obj=Watched(a=1), list=[1, 2], text="{0.__class__}", over=Overlay({"a": 1}, {"b": 2}))
    text = outcome(source, data)
    for word in ("class", "function", "method", "<", "built-in", "native", "object at", "globals"):
        assert word not in (text or "")


def test_own_members_of_those_names_are_data() -> None:
    data = {"constructor": "c", "__proto__": {"x": "p"}, "__class__": "k"}
    assert outcome("{{constructor}}{{__proto__.x}}{{__class__}}", data) == "cpk"


@pytest.mark.parametrize(
    "source",
    [
        "{" * MANY,
        "{{" * MANY,
        "{{{{" * MANY,
        "{{#if a}}" * MANY,
        "{{#if a}}" * MANY + "{{/if}}" * MANY,
        "{{^a}}" * 101 + "{{/a}}" * 101,
        "{{#if a}}x" + "{{else if b}}y" * MANY + "{{/if}}",
        "{{upper " + "(upper " * MANY + "a" + ")" * MANY + "}}",
        "{{upper " + "(upper " * 100 + "a" + ")" * 100 + "}}x{{upper " + "(" * 200 + "}}",
        "{{{{a}}}}" * MANY,
        "{{!--" * MANY,
        "{{a" + " " * 10 * MANY,
        "{{a '" + "\\'" * MANY,
        "{{[" + "\\]" * MANY,
        "{{" + "a" * 10 * MANY + "+}}",
        "{{a}}" * MANY,
        "{{" + "a." * MANY + "}}",
        "{{>" * MANY,
    ],
    ids=lambda source: source[:20],
)
def test_too_much_to_read(source: str) -> None:
    assert outcome(source, {}) is None


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("}" * MANY, "}" * MANY),
        ("\\{{" * MANY, "{{" * MANY),
        ("{{" + ".".join("a" * MANY) + "}}", ""),
        ("{{" + "../" * MANY + "a}}", ""),
        ("{{default a " + "9" * MANY + "}}", "Infinity"),
        ("{{default a -" + "0" * MANY + "." + "0" * MANY + "1}}", "0"),
        ("{{upper b " + "a " * 1000 + "}}", "X"),
        ("{{upper b " + "h=1 " * 1000 + "}}", "X"),
        ("{{#if b}}" * 99 + "{{b}}" + "{{/if}}" * 99, "x"),
        ("{{upper " + "(upper " * 99 + "b" + ")" * 99 + "}}", "X"),
        ("{{#if c}}" + "{{else if c}}" * 98 + "{{else}}x{{/if}}", "x"),
    ],
    ids=lambda value: value[:20],
)
def test_much_that_is_read(source: str, text: str) -> None:
    assert compile_template(source, escape=False).render({"b": "x"}) == text


BIG = list(range(1000))
LONG = "é" * 1_000_000


@pytest.mark.parametrize(
    ("source", "data"),
    [
        ("{{#each a}}{{#each ../a}}{{#each ../../a}}x{{/each}}{{/each}}{{/each}}", {"a": BIG}),
        ("{{#each a}}{{#each ../a}}{{#each ../../a}}{{/each}}{{/each}}{{/each}}", {"a": BIG}),
        ("{{#a}}{{#@root.a}}{{#@root.a}}{{/@root.a}}{{/@root.a}}{{/a}}", {"a": BIG}),
        ("{{#each @root.a as |b|}}" * 50 + "{{b}}" + "{{/each}}" * 50, {"a": [1, 2]}),
        ("{{#each a}}{{#each ../a}}{{#each ../../o}}{{/each}}{{/each}}{{/each}}", {"a": BIG, "o": {"k": 1}}),
        ("{{#each a}}{{#each ../o}}{{/each}}{{/each}}", {"a": BIG, "o": dict.fromkeys(map(str, range(2000)), 1)}),
        ("{{#each a}}{{../s.[0]}}{{../s.length}}{{/each}}", {"a": BIG, "s": LONG}),
        ("{{#each a}}{{lookup ../s 5}}{{/each}}", {"a": BIG, "s": LONG}),
        ("{{#each a}}{{#if (length ../s)}}{{/if}}{{/each}}", {"a": BIG, "s": LONG}),
        ("{{#each a}}{{#if (upper ../s)}}{{/if}}{{/each}}", {"a": BIG, "s": LONG}),
        ("{{#each a}}{{#if (json ../o)}}{{/if}}{{/each}}", {"a": BIG, "o": [BIG] * 100}),
        ("{{#each a}}{{#if (keys ../s)}}{{/if}}{{/each}}", {"a": BIG, "s": "[" * 1_000_000}),
        ("{{#each a}}{{#if (lookup ../o ../l)}}{{/if}}{{/each}}", {"a": BIG, "o": {"k": 1}, "l": [[]] * MANY}),
        (
            "{{#each a}}{{#with ../s}}{{#with ../../t}}{{../x}}{{/with}}{{/with}}{{/each}}",
            {"a": BIG, "s": LONG, "t": "1"},
        ),
        ("{{#each a}}{{#each ../a}}{{../../d}}{{/each}}{{/each}}", {"a": BIG, "d": nested(250)}),
        ("{{#each a}}" + "{{" + ".".join("a" * MANY) + "}}{{/each}}", {"a": BIG}),
        ("{{#each a}}" + "{{#with this}}" * 90 + "{{json @_parent}}" + "{{/with}}" * 90 + "{{/each}}", {"a": BIG}),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_too_many_steps(source: str, data: Any) -> None:
    with pytest.raises(TemplateError, match="takes more than 500000 steps"):
        compile_template(source, escape=False).render(data)


@pytest.mark.parametrize("escape", [True, False])
def test_too_much_to_write(escape: bool) -> None:
    loop = compile_template("{{#each a}}{{../s}}{{/each}}", escape=escape)
    with pytest.raises(TemplateError, match="longer than 8000000 characters"):
        loop.render({"a": BIG, "s": "<" * 10_000})
    fixed = compile_template("{{#each a}}" + "x" * 10_000 + "{{/each}}", escape=escape)
    with pytest.raises(TemplateError, match="longer than 8000000 characters"):
        fixed.render({"a": BIG})
    # What is written nowhere does not count.
    unwritten = compile_template("{{#each a}}{{#if ../s}}.{{/if}}{{/each}}", escape=escape)
    assert unwritten.render({"a": BIG, "s": "<" * 10_000}) == "." * 1000


def test_limits_are_counted_anew_for_each_rendering() -> None:
    template = compile_template("{{#each a}}{{#each ../a}}.{{/each}}{{/each}}", escape=False)
    for _time in range(10):
        assert len(template.render({"a": list(range(150))})) == 150 * 150


@pytest.mark.parametrize("source", ["{{a}}", "{{json a}}", "{{upper (json a)}}", "{{default a 1}}", "{{lookup o a}}"])
def test_values_that_are_too_deep(source: str) -> None:
    with pytest.raises(TemplateError, match="more than 256 levels"):
        compile_template(source, escape=False).render({"a": nested(5000), "o": {"x": 1}})


def test_the_deepest_of_everything_at_once_is_far_from_the_recursion_limit() -> None:
    assert sys.getrecursionlimit() == 1000
    calls = "(default " * 100 + "@root.d" + " 1)" * 100
    source = "{{#each a}}" + "{{#with this}}" * 98 + f"{{{{{{json {calls}}}}}}}" + "{{/with}}" * 98 + "{{/each}}"
    data = {"a": {"a": 1}, "d": nested(255)}
    frames = 0

    def deepest(frame: FrameType, _event: str, _argument: object) -> None:
        nonlocal frames
        depth, outer = 0, frame.f_back
        while outer is not None:
            depth, outer = depth + 1, outer.f_back
        frames = max(frames, depth)

    template = compile_template(source, escape=True)
    before = len(inspect.stack())
    sys.setprofile(deepest)
    try:
        assert template.render(data) == "[" * 256 + "]" * 256
    finally:
        sys.setprofile(None)
    # A workflow's own frames take less than what is left.
    assert frames - before < 750


def test_a_value_that_holds_itself() -> None:
    data: dict[str, Any] = {"a": 1}
    data["self"] = data
    assert outcome("{{self}}{{self.self.self.a}}", data) == "[object Object]1"
    assert outcome("{{json this}}", data) is None
    items: list[Any] = []
    items.append(items)
    assert outcome("{{items}}", {"items": items}) is None


@pytest.mark.parametrize(
    "source",
    [
        "(" * MANY,
        "(" * 101 + "a" + ")" * 101,
        "!" * 101 + "a",
        "{{" * 101 + "a" + "}}" * 101,
        "a" + " && a" * 101,
        "a == " * MANY,
        "default " + "(default " * 101 + "a" + " 1)" * 101 + " 1",
        "a." * MANY,
        "'" + "\\'" * MANY,
        "__import__('os')",
        "a; b",
        "a ? b : c",
        "a => b",
        "a = 1",
        "lambda: 1",
        "a.__class__()",
    ],
    ids=lambda source: source[:20],
)
def test_hostile_expressions(source: str) -> None:
    with pytest.raises(TemplateError):
        compile_expression(source)


@pytest.mark.parametrize(
    "source", ["a.__class__", "constructor", "[x for x in y]", "a.constructor == null", "(lookup a '__class__')"]
)
def test_expressions_see_own_members_only(source: str) -> None:
    value = compile_expression(source).value(Watched(a=Watched(b=1)))
    assert value in (None, True)


def test_an_expression_has_limits_too() -> None:
    long = "é" * 1_000_000
    expression = compile_expression(" && ".join(["length s > 0"] * 40))
    with pytest.raises(TemplateError, match="steps"):
        expression.holds({"s": long})
