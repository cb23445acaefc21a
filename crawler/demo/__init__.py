"""Five invented newspapers on loopback, for `scrapy demo` and the tests."""
