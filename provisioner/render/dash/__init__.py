"""The dashboard in the terminal: its text as lines, and the Textual application that shows it. It makes no calls."""
