"""What a site says of the use of its pages, and what we make of it."""
