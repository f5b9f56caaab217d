"""The two distributions, built from the source distribution and installed outside the clone: `make test-wheels`."""
