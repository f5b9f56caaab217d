"""Change the numbers of tasks for `provision scale`, `pause`, `sleep` and their opposites."""
