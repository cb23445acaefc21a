"""Settings on your own machine; change them at will."""

from settings.base import *  # noqa: F403
