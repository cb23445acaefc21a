"""Collections: captures that lie anywhere, in WARC and WACZ files of anyone, and how they come into a store."""
