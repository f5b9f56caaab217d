"""Carry out the commands, in rooms from `commands` down to `impact` that import only the rooms below them.

The command line (`cli`), the terminal and its texts (`render`) are not here.
"""
