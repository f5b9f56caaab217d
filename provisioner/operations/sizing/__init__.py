"""Change the numbers of tasks for `provision scale`, `sleep` and their opposites."""
