"""Read an account for `init --from`: network, cluster, schedules, Copilot's parameters. Reads only."""
