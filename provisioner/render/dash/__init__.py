"""The dashboard in the terminal: what it shows, as lines, and the Textual application that shows it. It asks nobody."""
