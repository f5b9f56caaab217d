"""Test the project itself: documents, locks, names, releases."""
