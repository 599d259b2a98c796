"""The databases that the record lives in."""

from real_databases import fresh_postgresql, record_url

__all__ = ["fresh_postgresql", "record_url"]
