"""A picture as a page: one file with its data, which makes no requests and needs no server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from provisioner.render.picture.svg import WORDS, element
from provisioner.render.redacted import without_values
from provisioner.render.text import duration

if TYPE_CHECKING:
    from provisioner.engine.planning.actions import Planned
    from provisioner.operations.commands.picture import Picture
    from provisioner.operations.pictures.diagram import Card
    from provisioner.operations.pictures.view import Node, View

TEMPLATE = Path(__file__).with_name("page.html")
NETWORK = "vpc"
"""The key of the VPC's frame."""
CONSOLE: Mapping[str, str] = {
    "service": "ecs/v2/clusters/{stack}/services/{name}/health",
    "cluster": "ecs/v2/clusters/{id}/services",
    "task_definition": "ecs/v2/task-definitions/{stack}-{name}",
    "db_cluster": "rds/home#database:id={id};is-cluster=true",
    "db_instance": "rds/home#database:id={id};is-cluster=false",
    "single_db_instance": "rds/home#database:id={id};is-cluster=false",
    "load_balancer": "ec2/home#LoadBalancer:loadBalancerArn={id}",
    "target_group": "ec2/home#TargetGroup:targetGroupArn={id}",
    "vpc": "vpcconsole/home#VpcDetails:VpcId={id}",
    "subnet": "vpcconsole/home#SubnetDetails:subnetId={id}",
    "vpc_endpoint": "vpcconsole/home#EndpointDetails:vpcEndpointId={id}",
    "security_group": "vpcconsole/home#SecurityGroup:groupId={id}",
    "nat_gateway": "vpcconsole/home#NatGatewayDetails:natGatewayId={id}",
    "auto_scaling_group": "ec2/home#AutoScalingGroupDetails:id={id}",
    "log_group": "cloudwatch/home#logsV2:log-groups/log-group/{id}",
    "alarm": "cloudwatch/home#alarmsV2:alarm/{id}",
    "event_rule": "events/home#/eventbus/default/rules/{id}",
}
"""By resource type, the path of a resource in the AWS console; other types have no link."""


def page(picture: Picture) -> str:
    """Return the page as a whole file."""
    diagram, view = picture.diagram, picture.view
    planned = {one.address: one for one in without_values([*picture.planned.values()])}
    cards = {card.key: _card(card) for card in diagram.cards}
    cards[NETWORK] = {"title": diagram.vpc, "about": "the network itself", "resources": list(diagram.network)}
    owners = {address: key for key, card in cards.items() for address in card["resources"]}
    resources = {
        node.address: {
            **_resource(view, node, planned.get(node.address)),
            "cost": [
                f"{what}: about {dollars:,.2f} USD a month" for what, dollars in picture.costs.get(node.address, ())
            ],
            "card": owners.get(node.address, NETWORK),
        }
        for node in view.nodes
    }
    data = {"title": diagram.title, "lines": [*_overview(picture)], "cards": cards, "resources": resources}
    text = json.dumps(data, ensure_ascii=False, default=str).replace("</", "<\\/").replace("<!--", "<\\!--")
    template = Template(TEMPLATE.read_text(encoding="utf-8"))
    # the template has no other dollar signs
    return template.substitute(
        title=escape(diagram.title), about=escape(diagram.about), picture=element(diagram), data=text
    )


def _card(card: Card) -> dict[str, Any]:
    return {"title": card.title, "about": card.about, "resources": list(card.resources)}


def _resource(view: View, node: Node, item: Planned | None) -> dict[str, Any]:
    """Return the panel's data of a resource; views and plans contain no values of variables or secrets."""
    action = item.action if item else "none"
    changes = {name: (one.old, one.new) for name, one in item.changes.items()} if item else {}
    changes = changes if action == "change" else {}
    settings = [(name, None, value) for name, value in node.settings.items() if name not in changes]
    tables = [("changes", [(name, old, new) for name, (old, new) in changes.items()])] if changes else []
    tables += [("settings", settings)] if settings else []
    tables += [("outputs", [(name, None, value) for name, value in node.outputs.items()])] if node.outputs else []
    return {
        "said": {"none": "", "adopt": "to adopt"}.get(action, f"to {action}") if action != "refused" else "refused",
        "state": node.status or node.state,
        "id": node.id,
        "console": _console(view, node),
        "times": _times(node),
        "tables": tables,
    }


def _console(view: View, node: Node) -> str:
    place = CONSOLE.get(node.type)
    if not place or not node.id:
        return ""
    given = {"stack": quote(view.stack, ""), "name": quote(node.name, ""), "id": quote(str(node.id), "")}
    return f"https://{view.region}.console.aws.amazon.com/{place.format(**given)}"


def _times(node: Node) -> str:
    takes = [f"about {duration(seconds)} to {what}" for what, seconds in node.seconds.items() if seconds]
    return f"takes {', '.join(takes)}" if takes else ""


def _overview(picture: Picture) -> Iterator[str]:
    """Yield the first lines of the panel: the number of resources, their cost, and the actions of the plan."""
    view, planned = picture.view, picture.planned
    yield f"{view.resources} resources in {view.region}, account {view.account}"
    yield from picture.sums
    for action, (_, said) in {"create": WORDS["+"], "change": WORDS["~"], "delete": WORDS["-"]}.items():
        if number := sum(one.action == action for one in planned.values()):
            yield f"{number} {said}"
