"""Error messages of Elastic Load Balancing that several rules use; `{}` stands for a name."""

from __future__ import annotations

CERTIFICATE_NOT_FIT = (
    "The certificate '{}' must have a fully-qualified domain name, a supported signature, and a supported key size."
)
CERTIFICATE_NOT_VALID = "Certificate ARN '{}' is not valid"
LISTENER_WITHOUT_TLS = "Listener protocol '{}' is not supported with a target group with the protocol-version '{}'"
NO_ACCESS_TO_BUCKET = "Access Denied for bucket: {}. Please check S3bucket permission"
NO_CERTIFICATE = "Certificate '{}' not found"
NO_LOAD_BALANCER = "Load balancer '{}' not found"
NO_LOAD_BALANCERS = "One or more load balancers not found"
NO_SSL_POLICY = "SSL policy '{}' not found"
ONLY_HTTPS = "Actions of type '{}' are supported only on HTTPS listeners"
OTHER_VPC = "Target group '{}' is in a different VPC than load balancer '{}'"
TARGET_GROUP_IN_USE = "Target group '{}' is currently in use by a listener or a rule"
TOO_MANY_RULES = "The maximum number of rules on load balancer '{}' has been reached"
TWO_SECRETS = "You cannot both specify a client secret and set UseExistingClientSecret to true"
