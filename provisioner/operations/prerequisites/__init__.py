"""Look up resources that exist before the stack and outlive it: AMI, quotas, secrets, permissions boundary."""
