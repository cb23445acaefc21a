"""What crawls show while they run: the live view, plain lines, JSON logs, and metrics."""
