"""Error messages of Auto Scaling that several rules use; `{}` stands for a name."""

from __future__ import annotations

GROUP_HAS_INSTANCES = (
    "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in"
    " the group."
)
INSTANCE_NOT_IN_SERVICE = "The instance {} is not in InService or EnteringStandby or Standby."
