"""Handing it over: articles that a query chooses, as WACZ, JSONL, Markdown, WET or Parquet.

Exports of one query over one archive are the same bytes at any time: everything in them is of the archive, in an order
of its own, and no moment or chance of the export enters. They stream: no list grows with the number of articles.
"""
