"""A project's pipeline on GitHub or GitLab: its files, its two roles, and what it says on a pull request.

Nothing here is declared in a stack: who deploys a stack must not be able to change what they may do.
"""
