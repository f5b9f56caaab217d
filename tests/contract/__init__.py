"""AWS's recorded answers, compared with the tool's reading of them and with the embedded cloud's answers."""
