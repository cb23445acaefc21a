"""Whether what a store holds is what it was, and true."""
