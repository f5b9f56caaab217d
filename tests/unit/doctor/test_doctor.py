"""The verdicts of `doctor`: numbers, callers, answers of IAM and of EC2, and how they are shown."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from provisioner.aws.client import Aws
from provisioner.aws.permissions import Permission, Use
from provisioner.config.models import Config
from provisioner.engine.clock import Pace
from provisioner.engine.errors import ConfigurationError, Failed, Interrupted
from provisioner.engine.events import Checked, Event
from provisioner.operations.doctor import account, network, permissions, quotas, usage
from provisioner.operations.doctor.caller import NotSimulated, asking
from provisioner.operations.doctor.context import Context
from provisioner.operations.doctor.examine import CHECKS, examine
from provisioner.operations.doctor.verdicts import joined, parted, stopped, warning
from provisioner.permissions.table import needed
from provisioner.render import doctor as show
from provisioner.state.model import StateError

WEB = {"web": {"image": "nginx:1", "port": 80}}
QUOTA = quotas.QUOTAS[0]
REGION = "ap-northeast-1"


def refused(code: str, operation: str = "DescribeVpcs") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


# -- quotas --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("used", "least", "most", "verdict", "desired"),
    [
        (4, 1, 1, "ok", None),
        (5, 1, 1, "failed", 6),
        (3, 1, 3, "warning", 6),
        (0, 5.25, 9, "failed", 6),
        (9, 0, 1, "failed", 9),
    ],
)
def test_a_limit_against_what_is_used_and_needed(
    used: float, least: float, most: float, verdict: str, desired: int | None
) -> None:
    found = quotas.judged(QUOTA, 5, used, quotas.Need(least, most), REGION)
    assert found.verdict == verdict
    assert (f"--desired-value {desired} " in found.fix) if desired else not found.fix


def test_every_quota_is_reported_once_under_its_own_code() -> None:
    assert len({quota.name for quota in quotas.QUOTAS}) == len({quota.code for quota in quotas.QUOTAS}) == 27


@pytest.mark.parametrize(("tasks", "on_demand", "spot"), [(1, 0, 1), (2, 1, 1), (3, 2, 1), (7, 4, 3), (0, 0, 0)])
def test_tasks_are_divided_as_their_strategy_says(tasks: int, on_demand: int, spot: int) -> None:
    service = Config.model_validate(
        {"services": {"web": WEB["web"] | {"on_demand": {"base": 0 if tasks < 2 else 1, "percent": 50}}}}
    ).services["web"]
    if tasks == 1:
        service = service.model_copy(update={"on_demand": service.on_demand.model_copy(update={"percent": 0})})
    assert quotas.share(service, tasks, spot=False) == on_demand
    assert quotas.share(service, tasks, spot=True) == spot


@pytest.mark.parametrize("name", ["c5.large", "im4gn.large", "t3.micro", "a1.large", "z1d.large"])
def test_standard_instances(name: str) -> None:
    assert usage.STANDARD.fullmatch(name)


@pytest.mark.parametrize(
    "name", ["g5.xlarge", "inf2.xlarge", "p5.48xlarge", "trn1.2xlarge", "dl1.24xlarge", "mac2.metal"]
)
def test_instances_of_other_quotas(name: str) -> None:
    assert not usage.STANDARD.fullmatch(name)


# -- permissions ---------------------------------------------------------------------------------------------------


def permission(name: str, *resources: str, use: Use = Use.LIFE, **conditions: tuple[str, ...]) -> Permission:
    service, _, action = name.partition(":")
    return Permission(
        service,
        action,
        resources or ("*",),
        tuple(("StringEquals", key, values) for key, values in conditions.items()),
        use,
        "",
        "",
        lambda _: True,
        False,
    )


def test_questions_cover_each_action_on_each_of_its_resources() -> None:
    config = Config.model_validate({"services": WEB})
    wanted = needed(config, account="123456789012")
    questions = list(permissions.questions_about(wanted))
    pairs = {pair for question in questions for pair in question.pairs}
    assert pairs == {(one.name, arn) for one in wanted for arn in one.resources}
    for question in questions:
        assert len({action.partition(":")[0] for action in question.actions}) == 1
    linked = {q.context["iam:AWSServiceName"] for q in questions if "iam:AWSServiceName" in q.context}
    assert ("ecs.amazonaws.com",) in linked, "each value is a case of its own"
    assert len(linked) == 6


def test_one_context_has_one_value_for_a_key() -> None:
    several = [permission("iam:PassRole", service=("a", "b")), permission("iam:TagRole", service=("a",))]
    first, second = permissions.questions_about(several)
    assert (first.context, first.actions) == ({"service": ("a",)}, ["iam:PassRole", "iam:TagRole"])
    assert (second.context, second.actions) == ({"service": ("b",)}, ["iam:PassRole"])


def test_what_a_condition_must_not_find_is_not_asked_with() -> None:
    one = replace(
        permission("route53:Write"),
        conditions=(("ForAllValues:StringLike", "name", ("_?.b",)), ("ForAllValues:StringNotLike", "name", ("*.*.b",))),
    )
    (question,) = permissions.questions_about([one])
    assert question.context == {"name": ("_?.b",)}


def result(action: str, decision: str, resource: str = "*", missing: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": decision,
        "MissingContextValues": list(missing),
    }


def asked(*pairs: tuple[str, str]) -> permissions.Question:
    return permissions.Question({}, set(pairs))


def test_answers_one_by_one_and_below_an_action() -> None:
    parts = [
        {"EvalResourceName": "x", "EvalResourceDecision": "allowed", "MissingContextValues": []},
        {"EvalResourceName": "y", "EvalResourceDecision": "implicitDeny"},
        {"EvalResourceName": "z", "EvalResourceDecision": "explicitDeny", "MissingContextValues": ["aws:SourceIp"]},
    ]
    found = permissions.answered(
        asked(("a:B", "*"), ("a:C", "x")),
        [result("a:B", "allowed"), result("a:C", "explicitDeny") | {"ResourceSpecificResults": parts}],
    )
    assert found == {
        ("a:B", "*"): permissions.Answer("allowed"),
        ("a:C", "x"): permissions.Answer("allowed"),
        ("a:C", "y"): permissions.Answer("implicitDeny"),
        ("a:C", "z"): permissions.Answer("explicitDeny", missing=frozenset({"aws:sourceip"})),
    }


def test_an_answer_without_parts_is_about_all_that_was_asked() -> None:
    """Its resource is an ARN's form since July 2026; before, it was one of the requested ARNs."""
    form = "arn:${Partition}:iam::${Account}:role/${RoleName}"
    question = asked(("iam:PassRole", "x"), ("iam:PassRole", "y"))
    found = permissions.answered(question, [result("iam:PassRole", "allowed", form)])
    assert found == {("iam:PassRole", name): permissions.Answer("allowed") for name in ("x", "y")}
    found = permissions.answered(
        question, [result("iam:PassRole", "allowed", "x"), result("iam:PassRole", "implicitDeny", "y")]
    )
    assert {arn: answer.decision for (_, arn), answer in found.items()} == {"x": "allowed", "y": "implicitDeny"}


def test_an_answer_names_who_denies() -> None:
    question = asked(("a:B", "x"), ("a:B", "y"))
    whole = result("a:B", "explicitDeny") | {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}}
    matched = {"MatchedStatements": [{"SourcePolicyType": "IAM Policy"}]}
    limit = {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False}}
    parts = [
        {"EvalResourceName": "x", "EvalResourceDecision": "explicitDeny", **matched},
        {"EvalResourceName": "y", "EvalResourceDecision": "implicitDeny", **limit},
    ]
    found = permissions.answered(question, [whole | {"ResourceSpecificResults": parts}])
    own, other = found["a:B", "x"], found["a:B", "y"]
    assert (own.organization, own.boundary) == (True, True), "a statement that matches is one of the caller's policies"
    assert (other.organization, other.boundary) == (False, False)
    found = permissions.answered(question, [result("a:B", "implicitDeny") | limit])
    assert [answer.boundary for answer in found.values()] == [False, False]


Answers = dict[permissions.Pair, permissions.Answer]


def test_verdicts_on_actions() -> None:
    later, option = permission("a:Later", use=Use.OTHER), permission("a:Option", use=Use.OPTION)
    wanted = [permission("a:Now"), later, option, permission("a:Maybe")]
    questions = list(permissions.questions_about(wanted))
    names = ("a:Now", "a:Later", "a:Maybe", "a:Option")

    def said(allowed: set[str], open_: set[str]) -> list[tuple[str, str]]:
        answers: Answers = {
            (name, "*"): permissions.Answer(
                "allowed" if name in allowed else "implicitDeny",
                missing=frozenset({"aws:sourceip"} if name in open_ else ()),
            )
            for name in names
        }
        return [
            (one.verdict, one.text.partition(": ")[2] or one.text)
            for one in permissions.judged(wanted, questions, [answers])
        ]

    assert said(set(names), set()) == [("ok", f"all 4 actions are allowed; {permissions.UNSEEN}")]
    assert said(set(), {"a:Maybe"}) == [("failed", "a:Now, a:Option"), ("warning", "a:Later"), ("unknown", "a:Maybe")]


def test_what_iam_does_not_answer_is_no_denial() -> None:
    wanted = [permission("a:Now")]
    (found,) = permissions.judged(wanted, list(permissions.questions_about(wanted)), [{}])
    assert (found.verdict, found.text) == ("unknown", "the IAM policy simulation cannot decide: a:Now")


def test_a_key_that_other_statements_ask_for_is_no_doubt() -> None:
    """IAM names the condition keys of all statements, also keys that the request does not have."""
    tags = (("StringEquals", "aws:RequestTag/Project", ("shop",)),)
    wanted = [permission("a:Now"), replace(permission("a:Tagged"), conditions=tags)]
    questions = list(permissions.questions_about(wanted))
    missing = permissions.Answer("implicitDeny", missing=frozenset({"aws:requesttag/project"}))
    answers: Answers = {("a:Now", "*"): missing, ("a:Tagged", "*"): permissions.Answer("allowed")}
    (found,) = permissions.judged(wanted, questions, [answers])
    assert (found.verdict, found.text) == ("failed", "denied by the caller's policies: a:Now")


@pytest.mark.parametrize(
    ("resource", "barred", "verdict"),
    [
        ("arn:aws:iam::1:role/shop-dev-*", False, "warning"),
        ("arn:aws:iam::1:role/shop-dev-*", True, "failed"),
        ("arn:aws:ecs:x:1:service/shop-dev/*", False, "warning"),
        ("arn:aws:ec2:x:1:vpc/*", False, "failed"),
        ("arn:aws:ecs:x:1:cluster/shop-dev", False, "failed"),
        ("*", False, "failed"),
    ],
)
def test_a_policy_that_names_single_resources_is_only_a_warning(resource: str, barred: bool, verdict: str) -> None:
    wanted = [permission("a:Make", resource)]
    answers: Answers = {("a:Make", resource): permissions.Answer("explicitDeny" if barred else "implicitDeny")}
    (found,) = permissions.judged(wanted, list(permissions.questions_about(wanted)), [answers])
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("denied", "verdict", "words"),
    [
        ("organization", "warning", "denied by a service control policy of the organization, as far as a simulation"),
        ("boundary", "failed", "denied by the caller's permissions boundary: a:Make"),
        ("policies", "failed", "denied by the caller's policies: a:Make"),
    ],
)
def test_each_denial_names_whose_policy_it_is(denied: str, verdict: str, words: str) -> None:
    wanted = [permission("a:Make")]
    answer = permissions.Answer("implicitDeny", denied != "organization", denied != "boundary")
    answers: Answers = {("a:Make", "*"): answer}
    (found,) = permissions.judged(wanted, list(permissions.questions_about(wanted)), [answers])
    assert (found.verdict, found.text[: len(words)]) == (verdict, words)


@pytest.mark.parametrize(
    ("caller", "words"),
    [
        ("arn:aws:iam::123456789012:root", "do not limit the root user"),
        ("arn:aws:sts::123456789012:federated-user/me", "cannot simulate"),
    ],
)
def test_callers_without_policies_to_simulate(caller: str, words: str) -> None:
    with pytest.raises(NotSimulated, match=words):
        asking(answering(), {"Arn": caller})


# -- caller and place -----------------------------------------------------------------------------------------------


class Answering:
    """A stand-in for AWS: it gives each operation a prepared answer or error, by Region if needed."""

    partition, region, endpoint, pace = "aws", "ap-southeast-3", None, Pace()

    def __init__(self, **answers: Any) -> None:
        self.answers, self.account = answers, ""

    def client(self, service: str, region: str = "") -> Any:
        return Answering(**{name.removeprefix(f"{region}_"): answer for name, answer in self.answers.items()})

    def in_account(self, account: str) -> Answering:
        self.account = account
        return self

    def __getattr__(self, operation: str) -> Any:
        def call(**_: Any) -> Any:
            answer = self.answers[operation]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def answering(**answers: Any) -> Aws:
    return cast("Aws", Answering(**answers))


def context(**answers: Any) -> Context:
    config = Config.model_validate({"region": Answering.region, "services": WEB})
    return Context(answering(**answers), config, Path("stack.toml"), lambda aws: {})


@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        ({"Arn": "arn:aws:iam::1:user/me", "Account": "1"}, "ok", "user/me, account 1"),
        ({"Arn": "arn:aws:iam::1:root", "Account": "1"}, "warning", "root"),
        (NoCredentialsError(), "failed", "not found"),
        (refused("ExpiredToken"), "failed", "expired"),
        (EndpointConnectionError(endpoint_url="https://x"), "failed", "could not reach AWS"),
    ],
)
def test_who_asks(answer: Any, verdict: str, words: str) -> None:
    (found,) = account.credentials(context(get_caller_identity=answer))
    assert (found.verdict, words in found.text) == (verdict, True), found


def test_a_region_that_is_not_enabled_knows_nobody() -> None:
    invalid = refused("InvalidClientTokenId")
    (found,) = account.credentials(context(get_caller_identity=invalid))
    assert "unknown to AWS" in found.text
    elsewhere = {"us-east-1_get_caller_identity": {"Arn": "arn:aws:iam::1:user/me", "Account": "1"}}
    (found,) = account.credentials(context(get_caller_identity=invalid, **elsewhere))
    assert "but not in ap-southeast-3" in found.text
    assert "enable-region --region-name ap-southeast-3" in found.fix


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("opted-in", "ok"),
        ("opt-in-not-required", "ok"),
        ("not-opted-in", "failed"),
        ("", "unknown"),
        ("new", "unknown"),
    ],
)
def test_whether_the_region_is_enabled(status: str, verdict: str) -> None:
    answer = {"Regions": [{"RegionName": Answering.region, "OptInStatus": status}] if status else []}
    assert [one.verdict for one in account.region(context(describe_regions=answer))] == [verdict]


def test_fargate_in_a_region_of_which_nothing_is_known() -> None:
    assert [one.verdict for one in network.fargate(context())] == ["unknown"]


# -- any failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "verdict", "text", "fix"),
    [
        (ConfigurationError("this is 5: that is wrong: mend it"), "failed", "this is 5: that is wrong", "mend it"),
        (refused("UnauthorizedOperation"), "unknown", "the caller may not call DescribeVpcs", "allow it"),
        (refused("Throttling"), "unknown", "DescribeVpcs was refused: Throttling: no", "Throttled by AWS"),
        (StateError("it is broken: mend it"), "unknown", "it is broken", "mend it"),
        (Failed("no"), "unknown", "no", ""),
        (ZeroDivisionError("x"), "unknown", "unexpected ZeroDivisionError: x", "this is a bug"),
    ],
)
def test_what_becomes_of_a_check_that_breaks(error: Exception, verdict: str, text: str, fix: str) -> None:
    found = stopped("it", error)
    assert (found.verdict, found.text, fix in found.fix) == (verdict, text, True), found


def test_an_interruption_ends_the_checks() -> None:
    with pytest.raises(Interrupted):
        stopped("it", Interrupted("now"))


def test_a_message_in_two_parts_is_of_one_line() -> None:
    assert parted("a: b\n  c: d") == ("a: b c", "d")
    assert parted("nothing to do") == ("nothing to do", "")
    json = "s.json cannot be read: Expecting value: line 1 (char 0). Run `provision recover`: it rebuilds the state"
    assert parted(json) == (
        "s.json cannot be read: Expecting value: line 1 (char 0)",
        "Run `provision recover`: it rebuilds the state",
    )


def test_a_verdict_in_one_line_has_no_empty_part() -> None:
    assert joined(warning("quota", "2 of 2 used", "raise it")) == "quota: 2 of 2 used: raise it"
    assert joined(warning("quota", "2 of 2 used", "")) == "quota: 2 of 2 used"


def test_no_check_that_breaks_ends_another() -> None:
    broken = context(get_caller_identity={"Arn": "arn:aws:iam::1:user/me", "Account": "1"})
    seen = list[Event]()
    found = examine(broken, seen.append)
    assert {one.check for one in found} >= {"credentials", "region", "zones", "quota VPCs", "permissions"}
    assert all(one.verdict in ("ok", "unknown", "warning") for one in found if one.check != "state")
    # no lines about instances, databases and listeners of others, public names, alarms and scaling if there are none
    assert len(seen) == len(found) >= len(CHECKS) - 14


# -- how it is shown -----------------------------------------------------------------------------------------------

FOUND = [
    Checked("zones", "ok", "3 of 3"),
    Checked("quota VPCs", "failed", "5 of 5 used", "raise it"),
    Checked("quota Spot vCPUs", "warning", "0 of 5", "raise it"),
    Checked("fargate", "unknown", "nobody tells"),
]


def test_lines_counts_and_exit_code() -> None:
    assert show.lines(FOUND) == [
        "= ok       zones             3 of 3",
        "! failed   quota VPCs        5 of 5 used: raise it",
        "~ warning  quota Spot vCPUs  0 of 5: raise it",
        ". unknown  fargate           nobody tells",
    ]
    again = "`provision {}`".format
    assert show.after(FOUND, again) == [
        "",
        "1 ok, 1 warning, 1 failed, 1 unknown. Fix the errors above, then run this again.",
    ]
    assert show.after(FOUND[:1], again)[1] == "1 ok. Next: `provision up`."
    assert show.exit_code(FOUND) == 1
    assert show.exit_code([one for one in FOUND if one.verdict != "failed"]) == 0


def test_what_aws_says_cannot_write_lines_of_its_own() -> None:
    (line,) = show.lines([replace(FOUND[0], text="a\nb\x1b[2J", fix="c")])
    assert "\n" not in line
    assert "\x1b" not in line


def test_the_document() -> None:
    document = show.document(FOUND, "shop-dev", "aws", "1", REGION)
    assert json.loads(json.dumps(document)) == document
    assert (document["ok"], document["counts"]) == (False, {"ok": 1, "warning": 1, "failed": 1, "unknown": 1})
    assert document["checks"][1] == {
        "check": "quota VPCs",
        "verdict": "failed",
        "text": "5 of 5 used",
        "fix": "raise it",
    }


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_and_nothing_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr("sys.stderr", stream)
        with show.progress(4) as emit:
            emit(FOUND[0])
        assert ("checking: 1 of 4, zones" in stream.getvalue()) is shown
        assert stream.getvalue().endswith("\r\x1b[K" if shown else "")
