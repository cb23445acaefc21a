"""Who may read a served archive, and how much at a time. Replay's process loads parts of it by their place."""
