"""Report the resources of a stack and their health. Reads only."""
