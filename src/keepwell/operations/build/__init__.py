"""The build journey: from the project file to a registered, gated model version.

`plan` says which steps are stale and why; `run` runs only those. A step's key is the hash of its
configuration and of the versions of its inputs, so equal keys mean equal results and nothing is done
twice. `shortcut` answers the commonest question, "has anything changed?", without loading a library.
"""
