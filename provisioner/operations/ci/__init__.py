"""A project's pipeline on GitHub or GitLab: its files, its roles, and its comments on pull requests.

The roles are not declared in a stack: a role that deploys a stack must not be able to change its own permissions.
"""
