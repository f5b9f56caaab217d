"""Plan each resource: action, refusals, removals, data loss. Reads only."""
