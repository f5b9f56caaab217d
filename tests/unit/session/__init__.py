"""The protocol of sessions, by itself."""
