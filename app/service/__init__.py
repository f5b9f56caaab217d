"""What both services of the sample system have: settings, telemetry, the way to serve, and where they run."""
