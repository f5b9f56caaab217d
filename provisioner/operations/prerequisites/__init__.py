"""Look up resources that exist before the stack and outlive it: zones, AMI, quotas, secrets, permissions boundary."""
