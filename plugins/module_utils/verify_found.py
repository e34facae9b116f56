# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the registered results of the checks: what a passed one found, and what a failed one says."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.promotion import UNVERSIONED

Result = t.Mapping[str, t.Any]
Explained = t.Tuple[t.Union[t.Dict[str, t.Any], None], str]


def failed(result: Result | None) -> bool:
    """Whether a registered result is that of a failure; what has no result has not failed yet."""
    return bool(result) and bool(t.cast(Result, result).get("failed") or t.cast(Result, result).get("unreachable"))


def unreached(result: Result | None) -> bool:
    """Whether Ansible got no answer of the host: some connections, such as Docker's, do not call that unreachable."""
    silent = ("Module result deserialization failed", "MODULE FAILURE")
    return bool(result) and bool(
        t.cast(Result, result).get("unreachable")
        or (failed(result) and str(t.cast(Result, result).get("msg") or "").startswith(silent))
    )


def explain(key: str, result: Result | None) -> Explained:
    """Return the result, with a message that fits the check, and what it found, in a few words."""
    if not result:
        return None, ""
    own = _joined(result)
    return _EXPLAIN.get(key, _plain)(own) if not own.get("skipped") else (own, "")


def together(results: t.Sequence[Result | None]) -> Result | None:
    """Return one result for the tasks of one check: the first one's, failed by any, with the time of all.

    A part of a check that does not run where another does is no failure; only all of them skipped is.
    """
    own = [result for result in results if result]
    ran = [result for result in own if not result.get("skipped")]
    if not ran:
        return own[0] if own else None
    broken = next((result for result in ran if failed(result)), ran[0])
    if len(ran) == 1:
        return broken
    seconds = [result["elapsed"] for result in ran if isinstance(result.get("elapsed"), (int, float))]
    return {**broken, **({"elapsed": sum(seconds)} if seconds else {})}


def compare(checks: t.Sequence[dict[str, t.Any]]) -> None:
    """Fail the checks of all hosts when their workers are of different versions or tell different definitions."""
    _compare_versions([check for check in checks if check["id"] == "workers" and check["result"]])
    _compare_definitions(checks)


def _compare_versions(own: t.Sequence[dict[str, t.Any]]) -> None:
    """What else C(/health) tells of two healthy workers is the same, or is asked by the check itself."""
    if any(failed(check["result"]) for check in own):
        return
    workers = [worker for check in own for worker in check["result"].get("workers") or ()]
    versions = {worker["url"]: str(worker["body"].get("version")) for worker in workers if worker.get("body")}
    if len(set(versions.values())) > 1:
        said = ", ".join("%s is %s" % (url, version) for url, version in sorted(versions.items()))
        for check in own:
            check["result"] = {**check["result"], "failed": True, "msg": "Not all are of one version: %s." % said}


def _compare_definitions(checks: t.Sequence[dict[str, t.Any]]) -> None:
    own = [check for check in checks if check["id"] == "definitions" and check["result"]]
    told = [
        {str(one) for one in check["result"].get("told") or ()}
        for check in own
        if not failed(check["result"]) and not check["result"].get("skipped")
    ]
    lacking = _lacking(told)
    if lacking:
        for check in own:
            check["result"] = {**check["result"], "failed": True, "msg": "Not every worker tells: %s." % lacking}


def tell_runtime(checks: t.Sequence[dict[str, t.Any]]) -> None:
    """Add to a failed check C(echo) what the workers say of the orchestrator that runs its commands."""
    workers = [
        worker
        for check in checks
        if check["id"] == "workers" and check["result"]
        for worker in check["result"].get("workers") or ()
    ]
    said = [
        "%s says that the orchestrator's runtime is %s" % (worker["url"], worker["body"]["runtime"])
        for worker in workers
        if (worker.get("body") or {}).get("runtime", "serving") != "serving"
    ]
    for check in checks:
        if said and check["id"] == "echo" and failed(check["result"]):
            message = "%s %s." % (check["result"].get("msg", ""), "; ".join(said))
            check["result"] = {**check["result"], "msg": message.strip()}


def _lacking(told: t.Sequence[set[str]]) -> str:
    """Return what some of the sets have and others have not."""
    everywhere: set[str] = set().union(*told)
    return ", ".join(sorted(one for one in everywhere if any(one not in each for each in told)))


def _joined(result: Result) -> dict[str, t.Any]:
    """Return one result for those of a loop: the first message of a failure, all seconds together."""
    if "results" not in result:
        return dict(result)
    items = list(result["results"])
    bad = [item for item in items if failed(item)]
    seconds = [item["elapsed"] for item in items if isinstance(item.get("elapsed"), (int, float))]
    own = {**result, "skipped": not items or all(item.get("skipped") for item in items)}
    if seconds:
        own["elapsed"] = sum(seconds)
    if bad:
        own.update(failed=True, msg="; ".join(str(item.get("msg", "failed")) for item in bad))
    return own


def _plain(result: dict[str, t.Any]) -> Explained:
    return result, ""


def _because(result: dict[str, t.Any], message: str) -> dict[str, t.Any]:
    """Give a message to a result that C(failed_when) failed, which has none of its own."""
    if not failed(result) or (result.get("msg") and not result.get("failed_when_result")):
        return result
    return {**result, "msg": message}


def _database(result: dict[str, t.Any]) -> Explained:
    version = str((result.get("server_version") or {}).get("raw") or "").partition(" on ")[0]
    if "is_available" not in result:
        # The module itself did not run or did not end, which says nothing of PostgreSQL.
        return result, version
    return _because(result, str(result.get("conn_err_msg") or "PostgreSQL does not answer.").strip()), version


def _schema(result: dict[str, t.Any]) -> Explained:
    stores = result.get("stores") or []
    if not stores:
        # It could not ask them, and says why.
        return result, ""
    said = ", ".join("%(name)s %(version)s" % store for store in stores)
    wanted = ", ".join("%(name)s %(target)s" % store for store in stores)
    refusal = result.get("refusal")
    return _because(result, "The stores have %s, and need %s. %s" % (said, wanted, refusal or "")), said


def _connections(result: dict[str, t.Any]) -> Explained:
    found = (result.get("query_result") or [{}])[0]
    said = "%(demand)s of %(usable)s wanted, %(used)s open" % {"demand": "?", "usable": "?", "used": "?", **found}
    return _because(result, "The pools of the inventory together are too many: %s." % said), said


def _services(result: dict[str, t.Any]) -> Explained:
    return result, ", ".join(service["service"] for service in result.get("services") or ())


def _haproxy_frontends(result: dict[str, t.Any]) -> Explained:
    return result, ", ".join(server["name"] for server in result.get("servers") or () if server["up"])


def _version(result: dict[str, t.Any]) -> Explained:
    said = str(result.get("stdout") or "").strip()
    ran = "It is %s." % said if said else "Its program cannot be asked: %s" % result.get("stderr")
    return _because(result, ran), said


def _ring(result: dict[str, t.Any]) -> Explained:
    return result, "%d services" % sum(bool(member["fresh"]) for member in result.get("members") or ())


def _shards(result: dict[str, t.Any]) -> Explained:
    clusters = [item["cluster"] for item in result.get("results") or () if item.get("cluster")]
    said = sorted({"%(name)s, %(history_shards)s shards" % cluster for cluster in clusters})
    return _because({**result, "failed_when_result": bool(said)}, "It is: %s." % "; ".join(said)), "; ".join(said)


def _namespaces(result: dict[str, t.Any]) -> Explained:
    entries = result.get("namespaces") or ()
    actions = ["%s would be %s" % (entry["name"], entry["action"]) for entry in entries if entry["action"] != "none"]
    return _because(result, "%s." % ", ".join(actions)), ", ".join(entry["name"] for entry in entries)


def _workers(result: dict[str, t.Any]) -> Explained:
    return result, "%d instance(s)" % len(result.get("workers") or ())


def _pollers(result: dict[str, t.Any]) -> Explained:
    pollers = [poller for item in result.get("results") or () for poller in item.get("pollers") or ()]
    return result, ", ".join(sorted({poller["identity"] for poller in pollers if poller.get("fresh", True)}))


def _routing(result: dict[str, t.Any]) -> Explained:
    deployments = result.get("deployments")
    if deployments is None:
        # It could not ask, and says why.
        return result, ""
    (told,) = deployments or [{}]
    said = _version_named(told.get("name"), told.get("current_build_id"))
    if told.get("ramp_percentage"):
        ramping = _version_named(told.get("name"), told.get("ramping_build_id"))
        said = "%s, and %g %% to %s" % (said, told["ramp_percentage"], ramping)
    return _because(result, "The work goes to %s, of which none polls." % said), said


def _version_named(deployment: str | None, build: str | None) -> str:
    return "build %s of %s" % (build, deployment) if build else UNVERSIONED


def _definitions(result: dict[str, t.Any]) -> Explained:
    """One entry for each worker of the host; the definitions of all of them are told, with who lacks one."""
    told = [
        {
            "%s %s" % (one.get("workflow_id"), one.get("version"))
            for one in (item.get("json") or {}).get("workflows") or ()
        }
        for item in result.get("results") or ()
        if not failed(item)
    ]
    everywhere: set[str] = set().union(*told)
    own = {**result, "told": sorted(everywhere)}
    lacking = _lacking(told)
    if lacking:
        own.update(failed=True, msg="Not every worker of this host tells: %s." % lacking)
    return own, "%d definition(s) on %d instance(s)" % (len(everywhere), len(told))


def _run(result: dict[str, t.Any]) -> Explained:
    outcome = result.get("result")
    own = dict(result)
    if failed(result) and isinstance(outcome, t.Mapping):
        # The workflow closed, but what it ran failed: that is the cause, not the closing.
        own["msg"] = "the workflow ended as %s in state %s: %s" % (
            outcome.get("status"),
            outcome.get("final_state"),
            outcome.get("error") or "it returned %r" % (outcome.get("final_output"),),
        )
    return own, "%s, %s history events" % (result.get("workflow_id"), result.get("history_length"))


def _visibility(result: dict[str, t.Any]) -> Explained:
    found = result.get("total")
    return _because(result, "The server finds %s workflows of that id." % found), "%s found" % found


_EXPLAIN: dict[str, t.Callable[[dict[str, t.Any]], Explained]] = {
    "database": _database,
    "schema": _schema,
    "connections": _connections,
    "services": _services,
    "versions": _version,
    "haproxy_frontends": _haproxy_frontends,
    "ring": _ring,
    "shards": _shards,
    "namespaces": _namespaces,
    "workers": _workers,
    "pollers": _pollers,
    "routing": _routing,
    "definitions": _definitions,
    "echo": _run,
    "gate": _run,
    "visibility": _visibility,
    "schedule": _run,
}
