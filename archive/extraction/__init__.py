"""From the bytes of a page to an `archive.article.Article`."""
