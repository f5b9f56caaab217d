"""Error messages of CloudFront that several rules use; `{}` stands for a name."""

from __future__ import annotations

NO_IF_MATCH = "The If-Match version is missing or not valid for the resource."
OTHER_VERSION = "The request failed because it didn't meet the preconditions in one or more request-header fields."
"""terraform-provider-aws#1074."""
NOT_DISABLED = "The distribution you are trying to delete has not been disabled."
"""rebuy-de/aws-nuke#122."""
NO_DISTRIBUTION = "The specified distribution does not exist."
NO_ENTITY = "The entity was not found."
