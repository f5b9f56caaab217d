"""The embedded cloud: moto's server with AWS's own refusals laid over it, and an ECS that runs tasks."""
