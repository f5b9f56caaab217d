"""Test `provisioner/operations/rehearsal`."""
