"""The program `provision`: one file a command, which parses, calls an operation and hands its events to a renderer.

Not here: logic, boto3.
"""
