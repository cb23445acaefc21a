"""Sealing: a signed word over all records of a store, so that anybody can check later that none was changed."""
