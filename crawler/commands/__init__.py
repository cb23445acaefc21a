"""The commands of the project: each is thin and doubles as an example of the `archive` API."""
