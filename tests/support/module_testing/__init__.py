# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools for tests of the modules: run one, watch its requests, answer it wrongly."""

from __future__ import annotations

from .aegis_worker import AegisWorker, aegis_worker
from .certificates import Certificates
from .health_server import HealthServer, health_server
from .misbehaving import Misbehaving, http_answer, misbehaving
from .plays import Play, play, playbook
from .recording_proxy import RecordingProxy, recording_proxy
from .runner import Outcome, ok, run_module

__all__ = [
    "AegisWorker",
    "Certificates",
    "HealthServer",
    "Misbehaving",
    "Outcome",
    "Play",
    "RecordingProxy",
    "aegis_worker",
    "health_server",
    "http_answer",
    "misbehaving",
    "ok",
    "play",
    "playbook",
    "recording_proxy",
    "run_module",
]
