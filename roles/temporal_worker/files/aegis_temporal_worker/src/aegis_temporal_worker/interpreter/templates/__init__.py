# SPDX-License-Identifier: Apache-2.0
"""Text with names in it, in the language of Handlebars (contract 6.12), and expressions for conditions (6.10).

Text to tree (``plain``, ``lexer``, ``phrases``, ``parser``, ``whitespace``, ``infix``; the tree is ``syntax``), tree to
closures (``compiler`` and what it uses), closures to text (``template``). Nothing is ever evaluated as Python, names
are looked up in JSON values only, and each rendering has limits (``scope``).
"""

from __future__ import annotations

from .lookup import Overlay, resolve
from .phrases import parse_path
from .syntax import TemplateError
from .template import Expression, Template, compile_expression, compile_template

__all__ = [
    "Expression",
    "Overlay",
    "Template",
    "TemplateError",
    "compile_expression",
    "compile_template",
    "parse_path",
    "resolve",
]
