"""Alerts: who is told what, once, through which channel, and what became of it.

    reading --rules--> hits --judge--> alerts, deliveries --courier--> channels

`rules` look at a frozen `Reading` and yield hits. `judge` is pure: alerts as they were, hits and the time
go in; alerts as they are and messages to send come out. Both are kept in one transaction, so a crash loses
no message; the `Courier` sends what waits, again and again until it is taken, and never in anybody's way.
"""
