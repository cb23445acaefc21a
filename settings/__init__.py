"""Settings of the crawls: strings and TOML only."""
