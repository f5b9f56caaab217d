"""`make audit`: what bandit finds in the code and Prowler in a standing stack, held against the waivers."""
