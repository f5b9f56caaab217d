"""What the tool must be allowed to do on AWS: a table of actions, and the policies that follow from it."""
