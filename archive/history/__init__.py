"""What became of articles: their versions, at all their addresses, and what differs between two of them."""
