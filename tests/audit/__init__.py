"""`make audit`: bandit's findings in the code and Prowler's in a standing stack, compared with the waivers."""
