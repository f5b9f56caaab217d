"""Read an account for `init --from`: network, cluster, schedules, Copilot's stacks. It changes nothing."""
