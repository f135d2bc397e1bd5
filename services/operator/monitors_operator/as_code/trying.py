"""Rules of files as they are tried before they are saved."""

from monitors_contracts.base import new_id

from .documents import Thing, Things
from .planning import JUDGING, Known, refuse_shared, with_ids


def asked(wanted: Things, has: Known) -> dict[str, Thing]:
    """By name, what to ask about each rule and heartbeat. A heartbeat that is not there yet had no pings to be tried with.

    Raises BadInput for a rule made of what is nowhere, and for a name that several have.
    """
    refuse_shared(wanted, has, JUDGING)
    ids = {kind: {name: str(new_id()) for name in wanted[kind]} | has.ids[kind] for kind in JUDGING}
    bodies: dict[str, Thing] = {}
    for name, rule in wanted["rules"].items():
        bodies[name] = {"rule": with_ids(rule, ids)}
        if rule["kind"] == "composite":
            parts = [part for part in rule["rules"] if part in wanted["rules"]]
            bodies[name]["parts"] = {ids["rules"][part]: with_ids(wanted["rules"][part], ids) for part in parts}
    for name, heartbeat in wanted["heartbeats"].items():
        if name in has.ids["heartbeats"]:
            bodies[name] = {"rule": heartbeat | {"kind": "heartbeat"}, "ruleId": has.ids["heartbeats"][name]}
    return bodies
