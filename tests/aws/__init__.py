"""A test against AWS that a person runs: `make test-aws PROFILE=…`. See docs/developers/aws.md."""
