# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmarks of the worker. ``make bench`` runs them; docs/benchmarks.md says what each one measures.

They measure the program that is deployed, as a process, against a real Temporal Server and a real PostgreSQL on
loopback. What belongs together is measured in one run and interleaved, because a machine is never the same twice.
"""
