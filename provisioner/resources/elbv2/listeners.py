"""Elastic Load Balancing: the listeners of a load balancer, and the rules that route requests."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.permissions import ASKED, CHANGED, OWN, Use, grants
from provisioner.aws.tagging import observed
from provisioner.engine.resource import Change, Changes, Observed, Resource, canonical
from provisioner.engine.traits import BeginsUnused, Leads
from provisioner.resources import members
from provisioner.resources.elbv2 import conditions as when
from provisioner.resources.elbv2 import sign_in as signing
from provisioner.resources.elbv2.actions import Action, both, weighted, weights
from provisioner.resources.elbv2.api import API, TAGGED
from provisioner.resources.elbv2.balancer import LoadBalancer, described_tags
from provisioner.resources.elbv2.others import entrance, parts

RULE = {"listener_arn": "ListenerArn", "priority": "Priority", "conditions": "Conditions", "actions": "Actions"}
LISTENER = {"load_balancer_arn": "LoadBalancerArn", "port": "Port", "protocol": "Protocol", "ssl_policy": "SslPolicy"}
"""The fields' names in the calls for rules, and in the answers for listeners."""
NOTHING: Mapping[str, Any] = MappingProxyType({})


def _listeners_of_others(aws: Aws, known: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the ARNs of the listeners that declared, recorded and tagged rules are at.

    A rule's ARN is its listener's with one part more (ELBv2 API, Rule).
    """
    tagged = (arn for arn in aws.tagged("elasticloadbalancing", ListenerRule) if ":listener-rule/" in arn)
    found = {arn.rpartition("/")[0].replace(":listener-rule/", ":listener/") for arn in tagged}
    return found | {arn for fields in known if _IS_LISTENER.fullmatch(arn := str(fields.get("listener_arn")))}


_IS_LISTENER = re.compile(r"arn:[\w-]+:elasticloadbalancing:[^:]+:\d+:listener/app/[^/]+/\w+/\w+")
_SEVERAL = "several public services"


@dataclass(frozen=True)
class Listener(Resource):
    """A port, and the default action for requests that no rule matches. HTTPS needs a policy and a certificate.

    Attributes:
        sign_in: the sign-in before the default action, for HTTPS.
        secret_place: where its client secret is kept. secret_version: the version that was given.
    """

    load_balancer_arn: str
    port: int
    protocol: str
    default_actions: Sequence[Action]
    ssl_policy: str | None = None
    certificate_arn: str | None = None
    sign_in: signing.SignIn | None = None
    secret_place: str | None = None
    secret_version: str | None = None

    type_name = "listener"
    api = API
    arn = "listener/app/{stack}/*"
    permissions = (
        *TAGGED,
        *grants("elasticloadbalancing", "DescribeListeners"),
        *grants("elasticloadbalancing", "DescribeSSLPolicies", use=Use.OPTION, why="`load_balancer.tls_policy`"),
        *grants("elasticloadbalancing", "CreateListener", "loadbalancer/app/{stack}/*", conditions=ASKED),
        *grants("elasticloadbalancing", "DeleteListener", OWN),
        *grants("elasticloadbalancing", "ModifyListener", OWN, use=Use.OTHER, why=CHANGED),
    )
    identity = ("load_balancer_arn", "port")
    ignore_changes = frozenset({"secret_place"})
    has_parent = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        for balancer in aws.live(LoadBalancer):
            found = [*parts(aws, "describe_listeners", "Listeners", LoadBalancerArn=balancer.id)]
            versions = signing.versions(aws, {one["ListenerArn"]: one["DefaultActions"] for one in found})
            for one in found:
                yield cls._live(one, versions.get(one["ListenerArn"]), owned=balancer.owned)

    @staticmethod
    def _live(listener: Mapping[str, Any], version: str | None, *, owned: bool = True) -> Observed:
        certificates = [certificate["CertificateArn"] for certificate in listener.get("Certificates") or ()]
        actions = listener.get("DefaultActions", ())
        attributes = members.shown(LISTENER, listener) | {
            "default_actions": signing.others(actions),
            "certificate_arn": certificates[0] if certificates else None,
            **signing.shown(actions, version),
        }
        return Observed(listener["ListenerArn"], attributes, owned=owned)

    def create(self, aws: Aws, token: str) -> Observed:
        tags = [*aws.tag_list(self.address), *signing.tags(self.secret_version)]
        actions = signing.asked(aws, self.default_actions, self.sign_in, self.secret_place)
        made = aws.client("elbv2").create_listener(
            LoadBalancerArn=self.load_balancer_arn, Tags=tags, **self._settings(actions)
        )
        return self._live(made["Listeners"][0], self.secret_version)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        actions = signing.asked(aws, self.default_actions, self.sign_in, self.secret_place, live, changes)
        aws.client("elbv2").modify_listener(ListenerArn=live.id, **self._settings(actions))
        signing.note_version(aws, live.id, self.address, self.secret_version, changes)

    def widened(self, before: Mapping[str, Any], live: Observed) -> Listener:
        return self._beside(before, live, shifted=False)

    def shifted(self, before: Mapping[str, Any], live: Observed) -> Listener:
        return self._beside(before, live, shifted=True)

    def _beside(self, before: Mapping[str, Any], live: Observed, *, shifted: bool) -> Listener:
        there, asked = live.attributes["default_actions"], before.get("default_actions")
        shown = live.attributes["certificate_arn"]
        actions = both(self.default_actions, asked, there, shifted=shifted)
        signed = signing.meanwhile(self.sign_in, self.default_actions, actions, live, shifted=shifted)
        return replace(
            self if signed else replace(self, **signing.present(before, live)),
            default_actions=actions,
            # the certificate of another name would not cover the name that is still in use
            certificate_arn=shown if shown == before.get("certificate_arn") else self.certificate_arn,
        )

    def _settings(self, actions: Sequence[Action]) -> dict[str, Any]:
        settings = {"Protocol": self.protocol, "Port": self.port, "DefaultActions": actions}
        tls = {"SslPolicy": self.ssl_policy, "Certificates": [{"CertificateArn": self.certificate_arn}]}
        return settings | tls if self.certificate_arn else settings

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("elbv2").delete_listener(ListenerArn=live.id)


@dataclass(frozen=True)
class ListenerRule(Leads, BeginsUnused, Resource):
    """A rule for requests that meet its conditions; a listener tries the rule with the lowest number first.

    Attributes:
        weighted_by_ecs: whether it forwards to two target groups between which ECS shifts the traffic: ECS sets the
            weights.
        at_once: whether it takes requests before the service behind it is ready, as at a port for tests, or for a host
            that leads here only when all is ready.
        transforms: the changes of a request before a target gets it.
        keeps_place: whether it stays in its place for now, or where the exchange of another rule moves it.
        sign_in: the sign-in before the action, for HTTPS.
        secret_place: where its client secret is kept. secret_version: the version that was given.
    """

    listener_arn: str
    priority: int
    conditions: Sequence[Mapping[str, Any]]
    actions: Sequence[Action]
    weighted_by_ecs: bool = False
    at_once: bool = False
    transforms: Sequence[Mapping[str, Any]] = ()
    keeps_place: bool = False
    sign_in: signing.SignIn | None = None
    secret_place: str | None = None
    secret_version: str | None = None

    type_name = "listener_rule"
    api = API
    arn = "listener-rule/app/{stack}/*"
    permissions = (
        *TAGGED,
        *grants("elasticloadbalancing", "DescribeRules", use=Use.OTHER, why=_SEVERAL),
        *grants(
            "elasticloadbalancing",
            "CreateRule",
            "listener/app/{stack}/*",
            conditions=ASKED,
            use=Use.OTHER,
            why=_SEVERAL,
        ),
        *grants(
            "elasticloadbalancing",
            "DeleteRule ModifyRule SetRulePriorities",
            OWN,
            use=Use.OTHER,
            why=_SEVERAL,
        ),
    )
    identity = ("listener_arn", "priority")
    unordered = frozenset({"conditions"})
    has_parent = True
    create_only = frozenset({"listener_arn"})
    ignore_changes = frozenset({"secret_place"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        own = {listener.id: listener for listener in aws.live(Listener)}
        shared = _listeners_of_others(aws, known) - own.keys()
        arns = [*own, *sorted(shared)]
        found = aws.each(lambda arn: [*parts(aws, "describe_rules", "Rules", ListenerArn=arn)], arns)
        rules = {arn: [rule for rule in some if not rule["IsDefault"]] for arn, some in zip(arns, found, strict=True)}
        recorded = {*aws.recorded(cls)}
        # a listener of the stack's own may have rules of other stacks, which have added them later
        unsure = [
            rule["RuleArn"] for arn in arns for rule in rules[arn] if arn in shared or rule["RuleArn"] not in recorded
        ]
        tags = described_tags(aws, unsure)
        versions = signing.versions(aws, {one["RuleArn"]: one["Actions"] for arn in arns for one in rules[arn]})
        for arn, listener in own.items():
            for rule in rules[arn]:
                others, version = aws.other_owner(tags.get(rule["RuleArn"], {})), versions.get(rule["RuleArn"])
                yield cls._live(arn, rule, version, owned=listener.owned and not others)
        for arn in sorted(shared):
            outputs = entrance(aws, arn) if rules[arn] else {}
            for rule in rules[arn]:
                its = tags.get(rule["RuleArn"], {})
                attributes = cls._attributes(arn, rule, versions.get(rule["RuleArn"]))
                yield observed(aws, rule["RuleArn"], attributes, its, outputs if aws.owns(its) else {})

    @classmethod
    def _live(
        cls,
        listener_arn: str,
        rule: Mapping[str, Any],
        version: str | None,
        outputs: Mapping[str, Any] = NOTHING,
        *,
        owned: bool = True,
    ) -> Observed:
        return Observed(rule["RuleArn"], cls._attributes(listener_arn, rule, version), outputs, owned=owned)

    @staticmethod
    def _attributes(listener_arn: str, rule: Mapping[str, Any], version: str | None) -> dict[str, Any]:
        actions = rule.get("Actions", ())
        return {
            "listener_arn": listener_arn,
            "priority": int(rule["Priority"]),
            "conditions": [when.normal(condition) for condition in rule.get("Conditions", ())],
            "actions": signing.others(actions),
            "transforms": list(rule.get("Transforms") or ()),
            **signing.shown(actions, version),
        }

    def create(self, aws: Aws, token: str) -> Observed:
        tags = [*aws.tag_list(self.address), *signing.tags(self.secret_version)]
        actions = signing.asked(aws, self.actions, self.sign_in, self.secret_place)
        asked = self._asked(self.fields()) | {"Actions": actions}
        (rule,) = aws.client("elbv2").create_rule(**asked, Tags=tags)["Rules"]
        own = {listener.id for listener in aws.live(Listener)}
        outputs = {} if self.listener_arn in own else entrance(aws, self.listener_arn)
        return self._live(self.listener_arn, rule, self.secret_version, outputs)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        elb = aws.client("elbv2")
        earlier = self.priority < live.attributes["priority"]
        if "priority" in changes and not earlier:
            self._renumber(aws, live)
        if rest := changes.keys() - {"priority"}:
            # only changed members: in the meantime ECS may have moved weights. No document says whether AWS takes
            # transforms alone, so the conditions go with them
            beside = {"conditions"} if "transforms" in rest else set()
            asked = self._asked(rest | beside)
            if rest & {"actions", *signing.FIELDS}:
                place = self.secret_place
                asked["Actions"] = signing.asked(aws, self.actions, self.sign_in, place, live, changes)
            elb.modify_rule(RuleArn=live.id, **asked)
            signing.note_version(aws, live.id, self.address, self.secret_version, changes)
        if "priority" in changes and earlier:
            # with its former conditions, it would take the requests of rules between
            self._renumber(aws, live)

    def _renumber(self, aws: Aws, live: Observed) -> None:
        aws.client("elbv2").set_rule_priorities(RulePriorities=self._exchanged(aws, live))
        aws.mark_stale(ListenerRule)

    def _asked(self, names: Collection[str]) -> dict[str, Any]:
        """Return these fields as CreateRule and ModifyRule take them."""
        asked = members.arguments(RULE, {name: getattr(self, name) for name in names})
        if "transforms" in names:
            # a new rule has none, and none are no list to AWS (ELBv2 API, ModifyRule, ResetTransforms)
            none = {} if "listener_arn" in names else {"ResetTransforms": True}
            asked |= {"Transforms": list(self.transforms)} if self.transforms else none
        return asked | ({"Conditions": when.asked(self.conditions)} if "conditions" in names else {})

    def differences(self, live: Observed) -> dict[str, Change]:
        # a host may be another resource's output, which is in its place only now
        asked = [when.normal(one) for one in self.conditions]
        alike = replace(self, conditions=asked, actions=self._with_its_weights(live).actions)
        return super(ListenerRule, alike).differences(live)

    def _with_its_weights(self, live: Observed) -> ListenerRule:
        """Return a rule whose traffic ECS shifts with its present weights, and 0 for a group that is missing."""
        there = weights(live.attributes["actions"][0]) if len(live.attributes["actions"]) == 1 else {}
        groups = weights(self.actions[0])
        if not self.weighted_by_ecs or not any(there.get(arn) for arn in groups):
            return self
        shares = {arn: there.get(arn, 0) for arn in groups}
        return replace(self, actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": weighted(shares)}}])

    def asks_for(self, name: str) -> bool:
        """Return whether a host is among its conditions."""
        return any(name in one["Values"] for one in self.conditions if one["Field"] == when.HOST)

    def begun(self, created: Collection[str]) -> ListenerRule:
        """Take no request of a listener that has clients: the former owner of the path answers until all is ready."""
        return self if self.at_once or self.listener_arn in created else replace(self, conditions=when.CLOSED)

    def widened(self, before: Mapping[str, Any], live: Observed) -> ListenerRule:
        """Keep the former target group with its traffic, and the former conditions: the new ones are others' yet."""
        there = live.attributes
        meanwhile = when.moved if self.at_once else when.unmoved
        actions = self._actions(before, live, shifted=False)
        signed = signing.meanwhile(self.sign_in, self.actions, actions, live, shifted=False)
        return replace(
            self if signed else replace(self, **signing.present(before, live)),
            actions=actions,
            conditions=meanwhile(self.conditions, before.get("conditions"), there["conditions"]),
            # before another rule, or behind it, the former requests would have another owner
            priority=there["priority"] if there["priority"] == before.get("priority") else self.priority,
            transforms=self._meanwhile(before, there),
        )

    def _meanwhile(self, before: Mapping[str, Any], there: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """Return the transforms while services roll out: the former ones, which the tasks that go know."""
        asked_for = canonical(before.get("transforms") or ()) == canonical(there["transforms"])
        closed = when.same(there["conditions"], when.CLOSED)
        return there["transforms"] if asked_for and not closed and not self.at_once else self.transforms

    def shifted(self, before: Mapping[str, Any], live: Observed) -> ListenerRule:
        there = live.attributes
        conditions = when.moved(self.conditions, before.get("conditions"), there["conditions"])
        # with its former conditions, an earlier place would take the requests of rules between
        keeps = self.priority < there["priority"] and not when.same(conditions, self.conditions)
        return replace(
            self,
            actions=self._actions(before, live, shifted=True),
            conditions=conditions,
            priority=there["priority"] if keeps else self.priority,
            keeps_place=keeps,
        )

    @property
    def ignored(self) -> frozenset[str]:
        """The fields that are never compared: its place too, while it keeps that."""
        return super().ignored | ({"priority"} if self.keeps_place else set())

    def _actions(self, before: Mapping[str, Any], live: Observed, *, shifted: bool) -> Sequence[Action]:
        if self.weighted_by_ecs:
            return self._with_its_weights(live).actions
        return both(self.actions, before.get("actions"), live.attributes["actions"], shifted=shifted)

    def _exchanged(self, aws: Aws, live: Observed) -> Sequence[Mapping[str, Any]]:
        """Return the priorities to set: the wanted one, and the freed one for a rule of this stack that has it now.

        No two rules have the same priority, and only a single call can exchange them (ELBv2 API, SetRulePriorities).
        """
        recorded = aws.recorded(ListenerRule)
        rules = {rule.id: rule.attributes for rule in aws.live(ListenerRule, fresh=True)}
        free = rules.get(live.id, live.attributes)["priority"]
        priorities = {live.id: self.priority} | {
            arn: free
            for arn, rule in rules.items()
            if arn != live.id
            and arn in recorded
            and rule["listener_arn"] == self.listener_arn
            and rule["priority"] == self.priority
        }
        return [{"RuleArn": arn, "Priority": priority} for arn, priority in priorities.items()]

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("elbv2").delete_rule(RuleArn=live.id)
