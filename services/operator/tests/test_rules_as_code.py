"""Rules and what goes with them as files: compared, applied and exported."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitors_operator.as_code import documents, planning, trying
from monitors_operator.as_code.planning import Known
from monitors_operator.commands import routes
from monitors_operator.errors import BadInput
from rule_files import CPU, write


def test_files_when_they_make_no_sense_then_are_refused_in_one_line(
    monitors: Callable[..., Any], tmp_path: Path
) -> None:
    wrong: list[Any] = [
        {"rules": [CPU | {"for": "soon"}]},
        {"rules": [CPU, CPU]},
        {"rules": [{"kind": "threshold"}]},
        {"rulez": []},
        {"rules": {"a": 1}},
        {"rules": [CPU | {"kind": "unheard"}]},
        {"rules": [CPU | {"kind": "heartbeat"}]},
        {"uptime": [{"name": "Shop", "kind": "http"}]},
        {"uptime": [{"name": "Shop", "kind": "http", "url": "https://a.example", "failures": 0}]},
        {"heartbeats": [{"name": "Backup", "period": "1d", "cron": "0 2 * * *"}]},
        {"heartbeats": [{"name": "Backup", "kind": "threshold", "period": "1d"}]},
        ["a list"],
    ]
    for number, document in enumerate(wrong):
        file = write(tmp_path, f"{number}.yml", document)
        ran = monitors("diff", "-f", str(file))
        assert ran.code == 2, document
        assert len(ran.err.splitlines()) == 1
        assert str(file) in ran.err


BROKEN = """\
rules:
  - name: CPU busy
    kind: threshold
    metric: cpu
    {line}
    warning: 80
uptime:
  - {{name: Shop, kind: dns, host: shop.example, labels: {{team: web}}}}
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("op: above", ":5: CPU busy: op: Input should be"),
        ("wraning: 70", ":5: CPU busy: wraning: there is no such field; did you mean 'warning'?"),
        ("stale_after: soon", ":5: CPU busy: stale_after: a duration is seconds"),
        ("matchers: [{label: a, value: b}, {label: a, valeu: c}]", ":5: CPU busy: matchers.1.value: Field required"),
        ("matchers: [{label: a, value: b, oops: c}]", ":5: CPU busy: matchers.0.oops: there is no such field"),
        ("op: [", ":7 is no YAML: "),
        ("critical: 70", ":2: CPU busy: levels go recovery, warning, critical"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "a.yml"
    file.write_text(BROKEN.format(line=line))
    with pytest.raises(BadInput) as wrong:
        documents.read([file])
    assert str(wrong.value).startswith(f"{file}{said}"), wrong.value
    file.write_text(BROKEN.format(line="op: lt"))
    read = documents.read([file])
    assert (read["rules"]["CPU busy"]["op"], read["uptime"]["Shop"]["labels"]) == ("lt", {"team": "web"})


@pytest.mark.parametrize(
    ("given", "says"),
    [("99999999d", "at most 7 d, not '99999999d'"), (99999999, "Input should be less than or equal to 604800")],
)
def test_a_duration_that_is_too_long_is_told_as_it_was_typed(tmp_path: Path, given: Any, says: str) -> None:
    file = write(tmp_path, "rules.yml", {"rules": [CPU | {"for": given}]})
    with pytest.raises(BadInput, match=rf"rules.yml:\d+: CPU busy: for: {says}"):
        documents.read([file])


class Platform:
    """An API that keeps what files speak of in memory. A check has a rule of its id, as it has there."""

    def __init__(self) -> None:
        self.kept: dict[str, list[dict[str, Any]]] = {kind: [] for kind in documents.KINDS if kind != "heartbeats"}
        self.made = 0
        self.routing: dict[str, Any] = {"root": {"name": "root"}, "version": 0}

    def every(self, path: str, key: str, **_: Any) -> list[dict[str, Any]]:
        assert path == f"/api/{key}"
        return list(reversed(self.kept[key]))

    def get(self, path: str) -> dict[str, Any]:
        kind = path.rpartition("/")[2]
        if kind == "routing":
            return self.routing
        lists = {"uptime": "checks", "maintenance": "windows", "inhibitions": "rules", "status-pages": "pages"}
        listed = lists.get(kind, kind)
        return {listed: self.kept[kind]}

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        kind = path.rpartition("/")[2]
        self.made += 1
        made: dict[str, Any] = {"id": f"01a00000-0000-7000-8000-{self.made:012}", "isActive": True}
        if kind in ("rules", "uptime", "maintenance", "inhibitions", "status-pages"):
            made["spec"] = body
        elif kind in ("contacts", "schedules", "policies"):
            made = {"id": made["id"], **body, "version": 1}
        else:
            made |= body | {"target": body.get("url")}
        if kind != "uptime":
            made["name"] = body["name"]
        else:
            rule = CPU | {"name": body["name"]}
            self.kept["rules"].append({"id": made["id"], "name": body["name"], "spec": rule})
        if kind == "targets":
            made = {"intervalSeconds": 30, "labels": {}} | made
        self.kept[kind].append(made)
        ones = {"uptime": "check", "policies": "policy", "maintenance": "window", "status-pages": "page"}
        return {ones.get(kind, kind.removesuffix("s")): made}

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path == "/api/routing":
            self.routing = {"root": body["root"], "version": self.routing["version"] + 1}
            return {"routing": self.routing}
        one = self._one(path)
        one.update({"spec": body} if "spec" in one else body)
        return {}

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self._one(path).update(body)
        return {}

    def delete(self, path: str) -> dict[str, Any]:
        self.kept[path.split("/")[2]].remove(self._one(path))
        return {}

    def named(self, kind: str, name: str) -> list[dict[str, Any]]:
        return [each for each in self.kept[kind] if each.get("name", each.get("spec", {}).get("name")) == name]

    def _one(self, path: str) -> dict[str, Any]:
        return next(each for each in self.kept[path.split("/")[2]] if each["id"] == path.split("/")[3])


def applied(platform: Any, *files: Path, prune: bool = False) -> list[str]:
    wanted = documents.read(files)
    has = planning.known(platform)
    done = planning.carry_out(platform, planning.plan(wanted, has, prune=prune), wanted, has)
    return [f"{change.action} {change.name}" for change in done]


GONE = {"name": "Gone", "kind": "absence", "metric": "cpu", "for": "10m"}
NIGHTLY = {"name": "Nightly", "cron": "30 2 * * *", "grace": "1h", "annotations": {"summary": "No backup"}}
SHOP = {"name": "Shop", "kind": "http", "url": "https://shop.example/health", "failures": 3, "labels": {"team": "web"}}
HOOK = {"kind": "webhook", "name": "Ops", "url": "https://ops.example/hook"}
NODE = {"name": "node", "url": "http://node.example:9100/metrics", "intervalSeconds": 15}


def test_files_when_applied_twice_then_nothing_changes_and_what_is_exported_is_the_same(tmp_path: Path) -> None:
    parts = ["CPU busy", "Gone", "Nightly", "Shop"]
    both = {"name": "Both", "kind": "composite", "operator": "and", "rules": parts}
    things = {"rules": [both, CPU, GONE], "channels": [HOOK], "targets": [NODE], "uptime": [SHOP]}
    file = write(tmp_path, "all.yml", things | {"heartbeats": [NIGHTLY]})
    platform: Any = Platform()
    made = applied(platform, file)
    assert made == [f"create {each}" for each in ("Ops", "node", "Shop", "Nightly", "CPU busy", "Gone", "Both")]
    assert applied(platform, file) == []
    [composite] = platform.named("rules", "Both")
    [check] = platform.kept["uptime"]
    known = {rule["spec"]["name"]: rule["id"] for rule in platform.kept["rules"]}
    assert composite["spec"]["rules"] == [known["CPU busy"], known["Gone"], known["Nightly"], check["id"]]
    assert platform.named("rules", "Nightly")[0]["spec"]["kind"] == "heartbeat"

    again = tmp_path / "exported.yml"
    again.write_text(documents.written(planning.known(platform).everything()))
    assert applied(platform, again) == []
    assert yaml.safe_load(again.read_text())["uptime"] == [SHOP]
    among_rules = write(tmp_path, "old.yml", things | {"rules": [*things["rules"], NIGHTLY | {"kind": "heartbeat"}]})
    assert applied(platform, among_rules) == [], "heartbeats may stand among the rules"

    changed = {"rules": [CPU | {"warning": 70}], "channels": [HOOK | {"isActive": False}]}
    changed |= {"uptime": [SHOP | {"isActive": False}], "heartbeats": [NIGHTLY | {"grace": "2h"}]}
    less = write(tmp_path, "less.yml", changed)
    done = applied(platform, less, prune=True)
    assert done == [
        *(f"update {each}" for each in ("Ops", "Shop", "Nightly", "CPU busy")),
        "delete Gone",
        "delete Both",
    ]
    assert platform.named("rules", "Shop"), "it comes and goes with its check"
    assert platform.kept["targets"], "files that say nothing of targets remove none"
    assert platform.kept["channels"][0]["isActive"] is False
    assert platform.kept["uptime"][0]["spec"]["isActive"] is False
    other = write(tmp_path, "other.yml", {"uptime": [{"name": "Other", "kind": "icmp", "host": "a.example"}]})
    assert applied(platform, other, prune=True) == ["create Other", "delete Shop"]


def test_status_pages_when_applied_then_name_maintenance_and_are_exported_the_same(tmp_path: Path) -> None:
    window = {"name": "Updates", "matchers": "service=api", "startsAt": "2026-11-22T02:00", "duration": "1h"}
    component = {"key": "api", "name": "API", "matchers": "service=api", "windows": ["Updates"]}
    page = {"name": "Acme", "slug": "acme", "components": [component]}
    file = write(tmp_path, "all.yml", {"maintenance": [window], "status-pages": [page]})
    platform: Any = Platform()
    assert applied(platform, file) == ["create Updates", "create Acme"]
    assert applied(platform, file) == []
    [made], [there] = platform.kept["status-pages"], platform.kept["maintenance"]
    assert made["spec"]["components"][0]["windows"] == [there["id"]]
    again = tmp_path / "exported.yml"
    again.write_text(documents.written(planning.known(platform).everything()))
    assert yaml.safe_load(again.read_text())["status-pages"][0]["components"][0]["windows"] == ["Updates"]
    assert applied(platform, again) == []
    wrong = page | {"components": [component | {"windows": ["Never"]}]}
    with pytest.raises(BadInput, match="maintenance window 'Never'"):
        applied(platform, write(tmp_path, "wrong.yml", {"maintenance": [window], "status-pages": [wrong]}))


def test_routes_when_applied_then_name_channels_and_policies_and_are_exported_the_same(tmp_path: Path) -> None:
    policy = {"name": "Urgent", "steps": [{"targets": [{"kind": "channel", "name": "Ops"}]}]}
    tree = {
        "name": "root",
        "groupWait": "30s",
        "routes": [
            {"name": "databases", "matchers": 'host=~"db-.*"', "channels": ["Ops"], "fallback": ["Ops"]},
            {"name": "pages", "severities": ["critical"], "policy": "Urgent", "continue": True},
        ],
    }
    file = write(tmp_path, "all.yml", {"channels": [HOOK], "policies": [policy], "routing": tree})
    platform: Any = Platform()
    assert applied(platform, file) == ["create Ops", "create Urgent", "create root"]
    [ops], [urgent] = platform.kept["channels"], platform.kept["policies"]
    databases, pages = platform.routing["root"]["routes"]
    assert (databases["channels"], databases["fallback"], pages["policyId"]) == ([ops["id"]], [ops["id"]], urgent["id"])
    assert databases["matchers"] == [{"label": "host", "op": "=~", "value": "db-.*"}]
    assert platform.routing["root"]["groupWait"] == 30
    assert applied(platform, file, prune=True) == []

    again = tmp_path / "again.yml"
    again.write_text(documents.written(planning.known(platform).everything()))
    assert yaml.safe_load(again.read_text())["routing"]["routes"][1]["policy"] == "Urgent"
    assert applied(platform, again) == []
    changed = write(tmp_path, "changed.yml", {"routing": {"name": "all", "channels": ["Ops"]}})
    assert applied(platform, changed, prune=True) == ["update all"]
    assert platform.routing["root"] == {"name": "all", "channels": [ops["id"]]}


@pytest.mark.parametrize(
    ("routing", "why"),
    [
        ({"name": "root", "routes": [{"name": "x", "channels": ["Nobody"]}]}, "names channel 'Nobody'"),
        ({"name": "root", "routes": [{"name": "x", "policy": "None"}]}, "names policy 'None'"),
        ({"name": "root", "routes": [{"name": "x", "wait": "5m"}]}, "no such field"),
        ([{"name": "root"}], "routing is one route"),
    ],
)
def test_routes_when_they_make_no_sense_then_are_refused_before_anything_is_made(
    tmp_path: Path, routing: Any, why: str
) -> None:
    platform: Any = Platform()
    file = write(tmp_path, "all.yml", {"channels": [HOOK], "routing": routing})
    with pytest.raises(BadInput, match=why):
        applied(platform, file)
    assert platform.kept["channels"] == []


def test_the_tree_when_shown_then_has_a_route_a_line() -> None:
    root = {
        "name": "root",
        "groupBy": ["..."],
        "routes": [
            {"name": "shop", "matchers": [{"label": "service", "value": "shop"}], "channels": ["1"], "continue": True},
            {"name": "rest", "policyId": "2", "groupWait": 30, "routes": [{"name": "night", "channels": []}]},
            {"name": "few", "channels": ["1"], "limit": {"notices": 20, "per": 60}, "fallback": ["3", "1"]},
        ],
    }
    assert list(routes.lines(root, {"1": "Ops", "2": "Urgent", "3": "Mail"})) == [
        "root  -> all channels  each alert alone",
        "├─ shop  service=shop  -> Ops  and goes on",
        "├─ rest  everything  -> policy Urgent  gathers for 30 s",
        "│  └─ night  everything  -> nobody",
        "└─ few  everything  -> Ops  at most 20 messages in 1 min to each channel, else Mail and Ops",
    ]


def test_a_part_whose_name_several_have_is_told_apart_by_its_id_or_refused(tmp_path: Path) -> None:
    platform: Any = Platform()
    applied(platform, write(tmp_path, "a.yml", {"rules": [CPU | {"name": "Shop"}], "uptime": [SHOP]}))
    [check] = platform.kept["uptime"]
    both = {"name": "Both", "kind": "composite", "operator": "or", "rules": [check["id"]]}
    applied(platform, write(tmp_path, "b.yml", {"rules": [both]}))
    exported = planning.known(platform)
    assert exported.things["rules"]["Both"]["rules"] == [check["id"]]
    again = tmp_path / "again.yml"
    again.write_text(documents.written(exported.everything()))
    assert applied(platform, again) == []
    named = write(tmp_path, "c.yml", {"rules": [both | {"rules": ["Shop"]}]})
    with pytest.raises(BadInput, match="the name of uptime check and rule"):
        applied(platform, named)


HELD: dict[str, Any] = {"name": "hd", "source": "severity=critical", "target": "severity=info", "equal": ["host"]}


def test_things_of_one_name_are_in_the_way_only_of_files_that_need_the_name(tmp_path: Path) -> None:
    platform: Any = Platform()
    things = {"channels": [HOOK], "rules": [CPU], "inhibitions": [HELD]}
    applied(platform, write(tmp_path, "a.yml", things))
    for kind, path in (("inhibitions", "/api/inhibitions"), ("channels", "/api/channels")):
        there = platform.kept[kind][0]
        platform.post(path, there.get("spec") or {"kind": "webhook", "name": "Ops", "url": "https://other.example"})
    assert applied(platform, write(tmp_path, "b.yml", {"rules": [CPU | {"warning": 70}]}), prune=True) == [
        "update CPU busy"
    ]
    other = {"inhibitions": [HELD | {"name": "another"}]}
    assert applied(platform, write(tmp_path, "c.yml", other)) == ["create another"]
    same = "two inhibition rules are called 'hd': rename one before files can speak of them"
    with pytest.raises(BadInput, match=same):
        applied(platform, write(tmp_path, "d.yml", {"inhibitions": [HELD]}))
    with pytest.raises(BadInput, match=same):
        applied(platform, write(tmp_path, "c.yml", other), prune=True)

    people = write(tmp_path, "e.yml", {"contacts": [{"name": "Robin", "channels": ["Ops"]}]})
    with pytest.raises(BadInput, match="two channels are called 'Ops'"):
        applied(platform, people)
    tree = documents.read([write(tmp_path, "f.yml", {"routing": {"name": "root", "channels": ["Ops"]}})])
    with pytest.raises(BadInput, match="two channels are called 'Ops'"):
        planning.ready(platform, "routing", tree["routing"]["root"])
    by_id = write(
        tmp_path, "g.yml", {"contacts": [{"name": "Robin", "channels": [platform.kept["channels"][1]["id"]]}]}
    )
    assert applied(platform, by_id) == ["create Robin"], "an id tells them apart"
    assert applied(platform, by_id) == []


def test_things_of_one_name_when_exported_then_are_all_there_and_told_of(
    monitors: Callable[..., Any], platform: Any, tmp_path: Path
) -> None:
    lists = {"uptime": "checks", "maintenance": "windows", "inhibitions": "rules", "status-pages": "pages"}
    answers: dict[str, Any] = {f"GET /api/{kind}": {lists.get(kind, kind): []} for kind in documents.KINDS}
    platform.answers = answers
    platform.answers["GET /api/routing"] = {"root": {"name": "root"}, "version": 0}
    spec = documents.normal("inhibitions", HELD)
    platform.answers["GET /api/inhibitions"] = {
        "rules": [{"id": "1", "spec": spec}, {"id": "2", "spec": spec | {"equal": ["zone"]}}]
    }
    ran = monitors("export", "--api", platform.url)
    told = "note: two inhibition rules are called 'hd': rename one before this can be applied\n"
    assert (ran.code, ran.err) == (0, told)
    assert [each["equal"] for each in yaml.safe_load(ran.out)["inhibitions"]] == [["host"], ["zone"]]
    file = tmp_path / "exported.yml"
    file.write_text(ran.out)
    with pytest.raises(BadInput, match=r"exported.yml:\d+: inhibitions has 'hd' twice"):
        documents.read([file])
    assert monitors("export", "--kind", "rules", "--api", platform.url).err == ""


def test_a_change_when_shown_then_says_what_differs() -> None:
    nothing: dict[str, Any] = {kind: {} for kind in documents.KINDS}
    wanted = nothing | {"rules": {"A": documents.normal("rules", CPU | {"name": "A", "for": "5m"})}}
    has = nothing | {"rules": {"A": documents.normal("rules", CPU | {"name": "A"})}}
    [change] = planning.plan(wanted, Known(has, nothing | {"rules": {"A": "1"}}))
    assert list(change.lines()) == ["~ rule 'A'", "    for: 120.0 -> 300.0"]


def test_a_composite_when_it_names_nobody_then_is_refused() -> None:
    rule = {"name": "Both", "kind": "composite", "rules": ["Nobody"]}
    with pytest.raises(BadInput, match="Nobody"):
        planning.with_ids(rule, {})


def test_rules_of_a_file_when_tried_then_parts_that_are_not_saved_come_along(tmp_path: Path) -> None:
    both = {"name": "Both", "kind": "composite", "operator": "and", "rules": ["CPU busy", "Saved", "Beat"]}
    beat = {"name": "Beat", "kind": "heartbeat", "period": "1h"}
    new = {"name": "New beat", "kind": "heartbeat", "period": "1h"}
    file = write(tmp_path, "rules.yml", {"rules": [both, CPU, beat, new]})
    ids = {"rules": {"Saved": "id-saved"}, "heartbeats": {"Beat": "id-beat"}, "uptime": {}}
    bodies = trying.asked(documents.read([file]), Known({}, ids))
    assert bodies.keys() == {"Both", "CPU busy", "Beat"}, "a new heartbeat has no pings"
    [(part, spec)] = bodies["Both"]["parts"].items()
    assert bodies["Both"]["rule"]["rules"] == [part, "id-saved", "id-beat"]
    assert spec == bodies["CPU busy"]["rule"]
    assert (bodies["Beat"]["ruleId"], bodies["Beat"]["rule"]["kind"]) == ("id-beat", "heartbeat")
    twice: dict[str, Any] = {"heartbeats": {"Beat": [beat, beat]}}
    with pytest.raises(BadInput, match="two heartbeats are called 'Beat'"):
        trying.asked(documents.read([file]), Known({}, ids, twice))


ON_CALL: dict[str, Any] = {
    "channels": [{"name": "Phone", "kind": "email", "address": "phone@example.com"}],
    "contacts": [{"name": "First", "channels": ["Phone"]}, {"name": "Second", "channels": ["Phone"]}],
    "schedules": [
        {
            "name": "Platform",
            "timezone": "Europe/Berlin",
            "layers": [{"participants": ["First", "Second"], "start": "2026-11-23", "rotation": "daily"}],
        }
    ],
    "policies": [
        {
            "name": "Urgent",
            "repeat": 2,
            "steps": [
                {"targets": [{"kind": "schedule", "name": "Platform"}]},
                {
                    "after": "10m",
                    "targets": [{"kind": "contact", "name": "Second"}, {"kind": "channel", "name": "Phone"}],
                },
            ],
        }
    ],
}


def test_on_call_settings_name_each_other_in_files_and_come_back_as_they_went(tmp_path: Path) -> None:
    platform: Any = Platform()
    file = write(tmp_path, "on-call.yml", ON_CALL)
    assert applied(platform, file) == [
        "create Phone",
        "create First",
        "create Second",
        "create Platform",
        "create Urgent",
    ]
    ids = {name: platform.named(kind, name)[0]["id"] for kind, name in (("channels", "Phone"), ("contacts", "Second"))}
    [policy] = platform.kept["policies"]
    assert [each["id"] for each in policy["steps"][1]["targets"]] == [ids["Second"], ids["Phone"]]
    assert platform.kept["contacts"][0]["channels"] == [ids["Phone"]]
    assert applied(platform, file) == [], "applied again, nothing changes"

    again = tmp_path / "exported.yml"
    again.write_text(documents.written(planning.known(platform).everything()))
    assert (
        yaml.safe_load(again.read_text())["policies"][0]["steps"][0]["targets"]
        == ON_CALL["policies"][0]["steps"][0]["targets"]
    )
    assert applied(platform, again) == []

    others = ON_CALL | {
        "contacts": [ON_CALL["contacts"][0]],
        "policies": [ON_CALL["policies"][0] | {"steps": [ON_CALL["policies"][0]["steps"][0]]}],
    }
    others["schedules"] = [ON_CALL["schedules"][0] | {"layers": [{"participants": ["First"], "start": "2026-11-23"}]}]
    fewer = write(tmp_path, "fewer.yml", others)
    assert applied(platform, fewer, prune=True) == ["update Platform", "update Urgent", "delete Second"]


@pytest.mark.parametrize(
    ("kind", "change", "complaint"),
    [
        ("contacts", {"channels": ["Nowhere"]}, "'First' names channel 'Nowhere', which does not exist"),
        ("policies", {"steps": [{"targets": [{"kind": "schedule", "name": "Gone"}]}]}, "names schedule 'Gone'"),
        (
            "schedules",
            {"layers": [{"participants": [], "start": "2026-11-23"}]},
            r"on-call.yml:\d+: Platform: layers.0.part",
        ),
        ("schedules", {"timezoen": "UTC"}, "did you mean 'timezone'"),
        ("policies", {"steps": [{"targets": [{"kind": "team", "name": "Gone"}]}]}, "targets.0.kind"),
        ("policies", {"steps": 3}, "steps"),
    ],
)
def test_on_call_files_that_make_no_sense_are_refused_before_anything_is_done(
    tmp_path: Path, kind: str, change: dict[str, Any], complaint: str
) -> None:
    platform: Any = Platform()
    broken = ON_CALL | {kind: [ON_CALL[kind][0] | change, *ON_CALL[kind][1:]]}
    with pytest.raises(BadInput, match=complaint):
        applied(platform, write(tmp_path, "on-call.yml", broken))
    assert not any(platform.kept.values())
