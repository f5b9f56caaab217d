"""`init --from`: what is read of an account beside the files of other tools, or instead of them. Reads only."""
