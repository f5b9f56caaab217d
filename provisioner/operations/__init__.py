"""What a command does: open state and account, plan, up, down, recover, import, doctor, rehearse.

Not here: arguments of the command line, the terminal.
"""
