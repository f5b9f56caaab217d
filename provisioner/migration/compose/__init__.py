"""Docker Compose's files, translated."""
