"""A command as a report: one content, which is written as Markdown and as a page.

Belongs here: the content and the form of a report. Not here: the facts about the command, which
`operations/commands/report.py` collects, and the files, which the command line writes.
"""
