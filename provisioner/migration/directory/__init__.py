"""Read the user's own directory for `init`: its Dockerfile and the files around it, and write a first stack.toml.

Files are read and nothing is run. Other tools' descriptions of an application are translated by the rooms beside this.
"""
