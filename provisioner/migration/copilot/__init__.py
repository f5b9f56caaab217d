"""AWS Copilot's files: the workspace, its environments, and the manifests of its services and jobs."""
