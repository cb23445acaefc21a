"""Everything that talks to the web, through Scrapy."""
