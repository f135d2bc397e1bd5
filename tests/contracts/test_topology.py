"""The declared topology is that of the wired services, so that the documents cannot lie."""

import ast
from collections import defaultdict
from pathlib import Path
from typing import Any

from monitors_contracts.catalogue import EVENTS, REQUESTS
from monitors_contracts.topology import CONSUMERS, FEEDS, OWNERS, services_hearing
from monitors_gateway import feed
from monitors_runtime.runtime import Runtime

SERVICES = Path(__file__).parents[2] / "services"


def test_the_declared_durables_are_those_of_the_services(runtime: Runtime) -> None:
    wired = {
        (service.name, consumer.durable, consumer.stream, tuple(subjects))
        for service in runtime.services
        for consumer, subjects in service.consumers
    }
    declared = {(each.service, each.name, each.stream, tuple(each.subjects)) for each in CONSUMERS}
    assert declared == wired


def test_every_request_is_answered_and_by_the_service_it_names(runtime: Runtime) -> None:
    subscribers: list[Any] = list(runtime.broker.subscribers)  # of NATS, which FastStream's type does not say
    answered = {(each.subject.template, each.queue) for each in subscribers}
    assert answered == {(kind.request_subject(), kind.service) for kind in REQUESTS}


def test_a_projection_is_made_of_events_that_reach_or_leave_its_service(runtime: Runtime) -> None:
    for service in runtime.services:
        for projection in service.projections:
            for event in projection.events:
                assert service.name in {OWNERS[event], *services_hearing(event)}, event.__name__


def test_the_feed_passes_on_the_declared_streams() -> None:
    assert FEEDS["gateway"] == feed.STREAMS


def _makers() -> dict[str, set[str]]:
    """Which services' code makes events, by class name: calls it, or hands the class on to be called."""
    names = {kind.__name__ for kind in EVENTS}
    makers: dict[str, set[str]] = defaultdict(set)
    for path in SERVICES.glob("*/monitors_*/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                makers[node.func.id].add(path.relative_to(SERVICES).parts[0])
    return makers


def test_no_service_but_its_owner_makes_an_event() -> None:
    for name, services in _makers().items():
        [owner] = [owner for kind, owner in OWNERS.items() if kind.__name__ == name]
        assert services == {owner}, name
