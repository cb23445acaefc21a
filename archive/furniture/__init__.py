"""What a site puts into many of its articles, learned from its own pages."""
