"""Tests of the sample application's own logic: no network, no MySQL."""
