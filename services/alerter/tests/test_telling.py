"""The rules of telling, one by one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitors_alerter.domain.groups import Around, Call, Channel, Group, Member, Told, digest_key, digest_way
from monitors_alerter.domain.routing import Tree, Way
from monitors_alerter.domain.suppression import Suppression
from monitors_alerter.domain.telling import Outcome, decide, not_yet, step_due
from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import Id, new_id
from monitors_contracts.decisions import DECISIONS
from monitors_contracts.routing import Route

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CHAT, MAIL, PAGER = sorted((new_id(), new_id(), new_id()))
CHANNELS = {
    CHAT: Channel("webhook", "chat", True),
    MAIL: Channel("email", "mail", True),
    PAGER: Channel("email", "pager", True),
}
SECOND = timedelta(seconds=1)


def alert(**parts: Any) -> AlertView:
    known: dict[str, Any] = {
        "id": new_id(),
        "organization_id": new_id(),
        "fingerprint": "f",
        "state": AlertState.FIRING,
        "name": "Disk",
        "summary": "full",
        "condition": "used > 90",
        "started_at": NOW,
    }
    return AlertView(**(known | parts))


def group(**parts: Any) -> Group:
    known: dict[str, Any] = {
        "id": new_id(),
        "organization_id": new_id(),
        "key": "k",
        "route": "root",
        "labels": {},
        "opened_at": NOW,
    }
    return Group(**(known | parts))


def way(**parts: Any) -> Way:
    [found] = Tree(Route.model_validate({"name": "root", "channels": [CHAT]} | parts)).ways({})
    return found


def tell(
    of: Group,
    by: Way,
    *members: Member,
    now: datetime = NOW,
    room: dict[Id, int] | None = None,
    whole: bool = True,
    call: Call | None = None,
) -> Outcome:
    around = Around(now, CHANNELS, dict.fromkeys(CHANNELS, 100) | (room or {}))
    return decide(of, by, members, around, whole=whole, call=call)


def shape(outcome: Outcome) -> list[tuple[Id, str, list[AlertState]]]:
    return [(each.channel_id, each.reason, [one.state for one in each.alerts]) for each in outcome.notices]


def words(outcome: Outcome) -> list[str]:
    found = [each.word for each in outcome.decisions]
    assert set(found) <= set(DECISIONS)
    return found


def knows(of: Group, member: Member, *channels: Id, at: datetime = NOW) -> Member:
    """An alert of which these channels were told that it fires."""
    told = {channel: Told("firing", member.alert.severity, of.id, at) for channel in channels}
    return replace(member, told=told)


def over(member: Member) -> Member:
    ended = {"state": AlertState.RESOLVED, "resolved_at": NOW, "version": member.alert.version + 1}
    return replace(member, alert=member.alert.model_copy(update=ended))


SILENCED = Suppression("silenced", new_id(), "silenced", NOW + timedelta(hours=1))


def test_a_new_group_when_it_gathers_then_waits_and_says_until_when() -> None:
    by = way(groupWait="30s", groupInterval="5m")
    one = Member(alert())
    waiting = tell(group(), by, one)
    assert (waiting.notices, waiting.due_at, words(waiting)) == ([], NOW + 30 * SECOND, ["group-wait"])
    told = tell(group(), by, one, now=NOW + 30 * SECOND)
    assert shape(told) == [(CHAT, "alerts-changed", ["firing"])]
    assert told.group.told_at == NOW + 30 * SECOND
    again = not_yet(told.group, by, NOW + 40 * SECOND)
    assert again == ("group-interval", NOW + 330 * SECOND)


def test_what_got_worse_when_the_group_waits_then_is_told_at_once_and_the_rest_is_not() -> None:
    of = group(told_at=NOW - SECOND)
    worse = knows(of, Member(alert(severity="critical")), CHAT)
    worse = replace(worse, told={CHAT: replace(worse.told[CHAT], severity="warning")})
    outcome = tell(of, way(groupInterval="5m"), worse, Member(alert()))
    assert [each.alerts for each in outcome.notices] == [(worse.alert,)]
    assert words(outcome) == ["group-interval", "told-worse"]


def test_a_silence_when_it_ends_then_what_fires_is_told_and_what_is_over_was_never() -> None:
    of, one = group(), Member(alert(), suppression=SILENCED)
    held = tell(of, way(), one)
    assert (held.notices, held.due_at, words(held)) == ([], SILENCED.until, ["silenced"])
    assert tell(of, way(), replace(one, word="silenced")).decisions == [], "said once"
    freed = tell(of, way(), replace(one, suppression=None, word="silenced"))
    assert shape(freed) == [(CHAT, "silence-ended", ["firing"])]
    hidden = tell(of, way(), over(one))
    assert (hidden.notices, hidden.standing, words(hidden)) == ([], {}, ["over-while-held-back"])
    known = tell(of, way(), over(replace(one, was_clear=True)))
    assert shape(known) == [(CHAT, "alerts-changed", ["resolved"])]
    assert words(known) == ["told-fired-and-over"]


def test_an_end_when_it_is_silenced_or_routed_elsewhere_then_is_told_where_it_was_told() -> None:
    of = group()
    one = over(knows(of, Member(alert(), suppression=SILENCED, belongs=False), MAIL))
    outcome = tell(of, way(), one)
    assert shape(outcome) == [(MAIL, "alerts-changed", ["resolved"])]
    assert outcome.standing == {}


def test_an_inhibited_alert_when_first_held_then_is_looked_at_once_more() -> None:
    inhibited = Suppression("inhibited", new_id(), "held back", None, new_id())
    one = Member(alert(), suppression=inhibited)
    assert tell(group(), way(), one).due_at == NOW + 10 * SECOND
    assert tell(group(), way(), replace(one, held_by=inhibited.inhibitor)).due_at is None


def test_a_change_when_it_is_over_then_has_no_end_to_tell() -> None:
    of = group()
    outcome = tell(of, way(), over(knows(of, Member(alert(kind="change")), CHAT)))
    assert (outcome.notices, outcome.standing, words(outcome)) == ([], {}, ["no-end-to-tell"])


def test_a_group_when_repeated_then_tells_all_that_nobody_took_in_one_notice() -> None:
    of, by = group(told_at=NOW - timedelta(hours=2)), way(repeatInterval="1h")
    old = knows(of, Member(alert()), CHAT, at=NOW - timedelta(hours=1))
    young = knows(of, Member(alert()), CHAT, at=NOW - timedelta(minutes=10))
    taken = knows(of, Member(alert(state=AlertState.ACKNOWLEDGED)), CHAT, at=NOW - timedelta(hours=5))
    held = replace(knows(of, Member(alert()), CHAT, at=NOW - timedelta(hours=5)), suppression=SILENCED)
    outcome = tell(of, by, old, young, taken, held)
    [notice] = outcome.notices
    assert (notice.reason, {each.id for each in notice.alerts}) == ("repeated", {old.alert.id, young.alert.id})
    assert outcome.again_at == NOW + timedelta(hours=1)
    assert outcome.group.told_at == of.told_at, "a repeat is no change"
    assert tell(of, by, young).again_at == NOW + timedelta(minutes=50)
    assert tell(of, by, taken).again_at is None


def test_a_limit_when_reached_then_the_digest_tells_and_the_group_still_owes_the_end() -> None:
    of, one = group(), Member(alert())
    beyond = tell(of, way(), one, room={CHAT: 0})
    assert (beyond.notices, beyond.overflow, words(beyond)) == ([], {(one.alert.id, CHAT)}, ["limited"])
    owed = beyond.told[one.alert.id, CHAT]
    assert (owed.state, owed.group_id) == ("owed", of.id)
    digest = group(key=digest_key(CHAT), digest_of=CHAT, opened_at=NOW)
    by = digest_way(CHAT, timedelta(minutes=1), ())
    assert not_yet(digest, by, NOW) == ("limited", NOW + 5 * SECOND)
    gathered = replace(one, told={CHAT: owed}, was_clear=True)
    told = tell(digest, by, gathered, now=NOW + 5 * SECOND, room={CHAT: 0})
    assert shape(told) == [(CHAT, "digest", ["firing"])]
    assert told.told[one.alert.id, CHAT].group_id == of.id
    assert told.standing == {}, "a digest is done with what it told"
    ended = over(replace(one, told={CHAT: told.told[one.alert.id, CHAT]}))
    assert shape(tell(of, way(), ended, now=NOW + 9 * SECOND)) == [(CHAT, "alerts-changed", ["resolved"])]


def test_a_digest_when_there_are_many_then_names_a_hundred_and_every_critical_one() -> None:
    digest = group(key=digest_key(MAIL), digest_of=MAIL, opened_at=NOW - timedelta(minutes=1))
    members = [Member(alert(severity="critical" if n % 4 == 0 else "info"), was_clear=True) for n in range(1000)]
    outcome = tell(digest, digest_way(MAIL, timedelta(minutes=1), ()), *members)
    assert [len(each.alerts) for each in outcome.notices] == [100, 100, 50]
    assert {each.severity for notice in outcome.notices for each in notice.alerts} == {"critical"}
    assert [dict(each.more) for each in outcome.notices] == [{"info": 750}, {}, {}]


def test_a_machine_when_a_group_is_large_then_is_told_all_of_it() -> None:
    outcome = tell(group(), way(groupBy=[]), *(Member(alert()) for _ in range(250)))
    assert [len(each.alerts) for each in outcome.notices] == [100, 100, 50]
    assert not any(each.more for each in outcome.notices)


def test_a_policy_when_nobody_takes_it_then_its_steps_tell_more_and_stop_when_somebody_does() -> None:
    policy = new_id()
    by = way(policyId=policy, groupBy=[])
    of, one, two = group(), Member(alert()), Member(alert())
    assert step_due(of, by, [one, two], NOW) == 0
    first = Call(1, 1, {PAGER: "first"}, 2, NOW + timedelta(minutes=5))
    begun = tell(of, by, one, two, call=first)
    assert [(each.channel_id, each.reason, each.step, each.person) for each in begun.notices] == [
        (PAGER, "escalated", 1, "first"),
        (CHAT, "alerts-changed", None, None),
    ]
    assert begun.again_at == NOW + timedelta(minutes=5)
    assert step_due(begun.group, by, [one, two], NOW + timedelta(minutes=4)) is None
    assert step_due(begun.group, by, [one, two], NOW + timedelta(minutes=5)) == 2
    late = tell(begun.group, by, Member(alert()), whole=False)
    assert [each.channel_id for each in late.notices] == [CHAT, PAGER], "who was called hears of what comes after"
    taken = [
        replace(each, alert=each.alert.model_copy(update={"state": AlertState.ACKNOWLEDGED})) for each in (one, two)
    ]
    known = [
        replace(each, told={c: told for (a, c), told in begun.told.items() if a == each.alert.id}) for each in taken
    ]
    ended = tell(begun.group, by, *known)
    assert (ended.notices, ended.group.is_escalating, ended.group.called) == ([], False, {})
    assert step_due(begun.group, by, known, NOW + timedelta(minutes=9)) is None
    done = tell(ended.group, by, *(over(each) for each in known))
    assert {each.channel_id for each in done.notices} == {CHAT, PAGER}, "who was told of it hears of its end"


def test_hours_when_they_are_over_then_everything_waits_for_them() -> None:
    by = way(activeHours=[{"days": ["monday"], "start": "09:00", "end": "18:00"}], repeatInterval="1h")
    of = group()
    opens = datetime(2026, 11, 23, 9, tzinfo=UTC)
    ended, fires = over(knows(of, Member(alert()), CHAT)), knows(of, Member(alert()), CHAT, at=NOW - timedelta(hours=2))
    outcome = tell(of, by, Member(alert()), ended, fires)
    assert (outcome.notices, outcome.due_at, outcome.again_at) == ([], opens, opens)
    assert words(outcome) == ["outside-hours", "outside-hours"]
    assert len(tell(of, by, Member(alert()), ended, fires, now=opens).notices) == 2


def test_nobody_to_tell_when_an_alert_fires_then_says_so_and_stays() -> None:
    outcome = tell(group(), way(channels=[]), Member(alert()))
    assert (outcome.notices, words(outcome), outcome.due_at) == ([], ["no-channel"], None)
    assert [each.is_settled for each in outcome.standing.values()] == [True]
