"""Spot Instances: each has the request that Auto Scaling created for it."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.instances import Instance
from moto.ec2.responses.spot_instances import SpotInstances

from ecs_emulator.patch import add, refuse, replace


def _spot_request_id(instance: Any) -> str | None:
    """DescribeInstances: show a Spot Instance's request, whose id has eight letters and digits (recorded)."""
    own = {request.instance.id: request.id for request in instance.ec2_backend.spot_instance_requests.values()}
    return own.get(instance.id, f"sir-{instance.id[-8:]}") if instance.lifecycle == "spot" else None


add(Instance, "spot_instance_request_id")(property(_spot_request_id))


@replace(SpotInstances, "describe_spot_instance_requests")
def describe_spot_instance_requests(self: Any) -> ActionResult:
    """DescribeSpotInstanceRequests: show the fulfilled request that Auto Scaling made for each Spot Instance."""
    known = [_spot_request(one) for one in self.ec2_backend.all_instances() if one.lifecycle == "spot"]
    wanted = self._get_param("SpotInstanceRequestIds", [])
    if missing := [one for one in wanted if one not in [request["SpotInstanceRequestId"] for request in known]]:
        refuse("InvalidSpotInstanceRequestID.NotFound", f"The spot instance request ID '{missing[0]}' does not exist")
    found = [request for request in known if not wanted or request["SpotInstanceRequestId"] in wanted]
    return ActionResult({"SpotInstanceRequests": found})


def _spot_request(instance: Any) -> dict[str, Any]:
    """Return a one-time request: active while its instance runs, then closed (EC2 user guide, Spot request status)."""
    active = instance.state in ("pending", "running")
    status = {"Code": "fulfilled", "Message": "Your Spot request is fulfilled."}
    if not active:
        message = "Spot Instance terminated due to user-initiated termination."
        status = {"Code": "instance-terminated-by-user", "Message": message}
    return {
        "SpotInstanceRequestId": instance.spot_instance_request_id,
        "InstanceId": instance.id,
        "State": "active" if active else "closed",
        "Status": {**status, "UpdateTime": instance.launch_time},
        "Type": "one-time",
        "InstanceInterruptionBehavior": "terminate",
        "ProductDescription": "Linux/UNIX",
        "CreateTime": instance.launch_time,
        "LaunchedAvailabilityZone": instance.placement.zone,
        "LaunchSpecification": {
            "ImageId": instance.image_id,
            "InstanceType": instance.instance_type,
            "SubnetId": instance.subnet_id,
            "Placement": {"AvailabilityZone": instance.placement.zone},
        },
        "Tags": [],
    }
