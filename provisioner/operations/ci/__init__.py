"""A project's pipeline on GitHub or GitLab: its files, its roles, and its comments on pull requests.

Nothing here is declared in a stack: who deploys a stack must not be able to change what they may do.
"""
