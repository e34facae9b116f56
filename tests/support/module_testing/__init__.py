# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools for tests of the modules: run one, watch its requests, answer it wrongly."""

from __future__ import annotations

from .misbehaving import Misbehaving, http_answer, misbehaving
from .plays import Play, play, playbook
from .recording_proxy import RecordingProxy, recording_proxy
from .runner import Outcome, run_module

__all__ = [
    "Misbehaving",
    "Outcome",
    "Play",
    "RecordingProxy",
    "http_answer",
    "misbehaving",
    "play",
    "playbook",
    "recording_proxy",
    "run_module",
]
