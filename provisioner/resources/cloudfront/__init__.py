"""CloudFront: distributions, and the VPC origins through which they reach an internal load balancer."""
