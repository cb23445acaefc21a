"""When each source is crawled: what decides it (times in, decisions out), and the processes around it."""
