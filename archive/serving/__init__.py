"""`scrapy serve`: the reading room and replay, two processes on two origins."""
