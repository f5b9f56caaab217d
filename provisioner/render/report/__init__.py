"""A command as a report: one account of it, which is written as Markdown and as a page.

Belongs here: what a report says, and how. Not here: what is known of the command, which
`operations/commands/report.py` has, and the files, which the command line writes.
"""
