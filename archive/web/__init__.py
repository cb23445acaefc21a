"""The reading room: web pages and a JSON API over one archive, which they only read."""
