# SPDX-License-Identifier: Apache-2.0
"""Text with names in it, in the language of Handlebars.

Three steps, one module each: ``parser`` turns text into a tree (``syntax``), ``compiler`` turns the tree into closures,
``Template.render`` runs them. Nothing is ever evaluated as Python, and names are looked up in JSON values only.
"""

from __future__ import annotations

from .compiler import Template, compile_template
from .lookup import Overlay
from .parser import parse_path
from .syntax import TemplateError

__all__ = ["Overlay", "Template", "TemplateError", "compile_template", "parse_path"]
