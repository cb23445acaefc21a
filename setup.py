"""For scrapyd-deploy, which builds an egg with it; everything stands in pyproject.toml."""

from setuptools import setup

setup()
