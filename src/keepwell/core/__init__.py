"""The words that every layer shares: records, references, ports, events and errors.

Plain Python, nothing else. If a rule can be said without a database, a data frame or a socket,
it is said here; everything above speaks in these types.
"""
