"""Route 53 as an API: its tag calls, its temporary refusals, its rates."""

from __future__ import annotations

from provisioner.aws.api import Api, Limit, TagCalls
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.tagging import tag_map
from provisioner.engine.ports import Row

_RATES = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html"

ZONE = {"ResourceType": "hostedzone"}

API = Api(
    "route53",
    "Route 53",
    everywhere=True,
    tags=TagCalls(
        "id",
        lambda aws, name: tag_map(
            aws.client("route53").list_tags_for_resource(**ZONE, ResourceId=name)["ResourceTagSet"]["Tags"]
        ),
        lambda aws, name, tags: aws.client("route53").change_tags_for_resource(
            **ZONE, ResourceId=name, AddTags=tag_pairs(tags)
        ),
        lambda aws, name, keys: aws.client("route53").change_tags_for_resource(
            **ZONE, ResourceId=name, RemoveTagKeys=keys
        ),
    ),
    transient=(
        Row("not_yet_consistent", "NoSuchHostedZone|InvalidVPCId", "", 60, "a new resource has not propagated yet",
            "Route 53 API"),
        Row("in_use", "PriorRequestNotComplete|ConflictingDomainExists|HostedZoneNotEmpty", "", 300,
            "an earlier change is in progress", "Route 53 API"),
        Row("in_use", "HostedZoneAlreadyExists", "", 120, "an earlier call created it, but it is not listed yet",
            "Route 53 API, CreateHostedZone"),
        Row("not_found", "InvalidChangeBatch", "but it was not found"),
    ),
    rates=(
        # Besides these, 100 changes of records a second, with 1500 at once: this tool changes one record a call.
        Limit("all", 50, 10, _RATES, ("*",)),
        Limit("each", 40, 2, _RATES, ("CreateHostedZone",)),
        Limit("each", 40, 5, _RATES, ("DeleteHostedZone",)),
    ),
)  # fmt: skip
