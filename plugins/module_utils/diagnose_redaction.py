# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes secrets out of text: by the names they stand behind, by their looks, and by their values.

It works on lines, without a parser: journals are no documents, and hosts have no YAML library. What remains of a YAML
document is still one.
"""

from __future__ import annotations

import base64
import json
import re
import typing as t
from urllib.parse import quote, quote_plus

MARK = "[redacted]"
# A shorter value would be found in half of all words; it is still taken out behind a telling name.
SHORTEST = 4

_WORD = (
    r"[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|private[_-]?key|key[_-]?data|access[_-]?key"
    r"|setcredential)[\w.-]*|(?:[\w.-]*[_-])?(?:pass|pwd)"
)
# What such a name says of a thing that is no secret: where it is, how many there are, how long it lasts.
_HARMLESS = re.compile(
    r"(?i)(?:file|path|url|uri|dir|directory|name|count|limit|timeout|lifetime|expiry|encryption|allowed|type|total"
    r"|command)$"
)
_KEY = r"(?P<key>%s)" % _WORD
_QUOTED = r"\[redacted\]|\"(?:[^\"\\]|\\.)*\"?|'(?:[^']|'')*'?"
_YAML_LINE = re.compile(r"(?i)^(?P<head>\s*(?:-\s+)*[\"']?%s[\"']?\s*:)(?P<value>\s.*)?$" % _KEY)
# Within text: JSON (also JSON inside a JSON text), key=value, flow mappings, environments.
_INLINE = re.compile(
    r"(?i)(?P<head>\\*[\"']?\b%s\\*[\"']?\s*[:=]\s*)(?P<value>\\+\"(?:[^\"\\]|\\(?!\"))*\\+\"|%s|[^\s,;}\]\"']+)"
    % (_KEY, _QUOTED)
)
_OPTION = re.compile(r"(?i)(?P<head>(?<!\w)--?%s\s+)(?P<value>%s|\S+)" % (_KEY, _QUOTED))
_AUTHORIZATION = re.compile(
    r"(?i)((?:proxy-)?authorization(?:-extras)?\\*[\"']?[ \t]*[:=][ \t]*\\*[\"']?)(?![\s\[{])[^\r\n\"',}]+"
)
_SCHEME = re.compile(r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{8,}")
_COOKIE = re.compile(r"(?i)((?:set-)?cookie\\*[\"']?\s*:\s*\\*[\"']?)[^\r\n\"']+")
# Up to the last @ before the path: a password may hold one.
_URL = re.compile(r"(://)[^\s/\"'<>]*@")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?")
_PEM = re.compile(r"-----BEGIN (?P<what>[A-Z0-9 ]+)-----.*?(?:-----END (?P=what)-----|\Z)", re.DOTALL)
# Lines of a PEM block whose first or last line was cut off. Plain hexadecimal is a checksum.
_PEM_LINE = re.compile(r"(?<![A-Za-z0-9+/=])(?![0-9a-f]{64}(?![A-Za-z0-9+/=]))[A-Za-z0-9+/]{60,}={0,2}")
_YAML_ESCAPES = {'"': '\\"', "\\": "\\\\", "\t": "\\t", "\x85": "\\N", "\xa0": "\\_", "\u2028": "\\L", "\u2029": "\\P"}
_YAML_FORMS = (("\\x%02X", "\xff"), ("\\u%04X", "\uffff"), ("\\U%08X", "\U0010ffff"))
_BLOCK = re.compile(r"^\s*(?:[|>][+-]?\d?[+-]?\s*(?:#.*)?)?$")


def redact(text: str, secrets: t.Iterable[str] = ()) -> str:
    """Return ``text`` without secrets.

    Args:
        text: Any text: a configuration file, a journal, an answer.
        secrets: Values that must not remain, in whichever spelling; those shorter than SHORTEST are not looked for.
    """
    text = _by_value(text, secrets)
    text = _PEM.sub(MARK, text)
    text = "\n".join(_lines(text.split("\n")))
    text = _AUTHORIZATION.sub(r"\1" + MARK, text)
    text = _SCHEME.sub(r"\1\2" + MARK, text)
    text = _COOKIE.sub(r"\1" + MARK, text)
    text = _URL.sub(r"\1%s@" % MARK, text)
    text = _JWT.sub(MARK, text)
    return _PEM_LINE.sub(MARK, text)


def spellings(secret: str) -> set[str]:
    """Return how a value may be written: as it is, in URLs, JSON, YAML, a shell, or base64."""
    plain = json.dumps(secret)[1:-1]
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        plain,
        json.dumps(secret, ensure_ascii=False)[1:-1],
        # As a text of JSON within a text of JSON.
        json.dumps(plain)[1:-1],
        secret.replace("'", "''"),
        secret.replace("'", "'\"'\"'"),
        _yaml(secret),
        base64.b64encode(secret.encode("utf-8", "replace")).decode(),
    }


def _yaml(secret: str) -> str:
    """Return what stands between the double quotes where YAML escapes all but ASCII."""
    return "".join(
        _YAML_ESCAPES.get(letter)
        or (letter if " " <= letter <= "~" else next(form % ord(letter) for form, top in _YAML_FORMS if letter <= top))
        for letter in secret
    )


def _by_value(text: str, secrets: t.Iterable[str]) -> str:
    found = {spelling for secret in secrets if len(secret) >= SHORTEST for spelling in spellings(secret)}
    # The longest first: one secret may be a part of another.
    for spelling in sorted(found, key=len, reverse=True):
        if spelling not in MARK:
            text = text.replace(spelling, MARK)
    return text


def _lines(lines: t.Sequence[str]) -> t.Iterator[str]:
    inside: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if inside is not None and (not line.strip() or indent > inside):
            # The rest of a value of several lines.
            continue
        inside = None
        matched = _YAML_LINE.match(line)
        if matched and not _HARMLESS.search(matched["key"]):
            # One line of quotes may end on a later one.
            value = (matched["value"] or "").strip()
            if _BLOCK.match(value) or value[0] in "[{&!" or (value[0] in "\"'" and not _closed(value)):
                inside = indent
            elif value in ("{}", "[]", "null", "~", "true", "false"):
                yield line
                continue
            yield "%s '%s'" % (matched["head"], MARK)
            continue
        yield _OPTION.sub(_value, _INLINE.sub(_value, line))


def _closed(value: str) -> bool:
    return bool(re.match(r"^(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*')\s*(?:#.*)?$", value))


def _value(matched: t.Match[str]) -> str:
    if _HARMLESS.search(matched["key"]) or MARK in matched["value"]:
        return matched[0]
    value = matched["value"]
    mark = next((sign for sign in ('\\"', '"', "'") if value.startswith(sign)), "")
    return matched["head"] + mark + MARK + mark


def secrets_in(value: t.Any, name: str = "", known: bool = False) -> list[str]:
    """Return the texts of ``value`` that stand below a name that tells of a secret, at every depth.

    ``known`` says that all of them do.
    """
    known = known or (bool(re.fullmatch(_WORD, name, re.IGNORECASE)) and not _HARMLESS.search(name))
    if isinstance(value, t.Mapping):
        return [text for key, item in value.items() for text in secrets_in(item, str(key), known)]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in secrets_in(item, name, known)]
    return [str(value)] if known and value not in (None, "") and not isinstance(value, bool) else []
