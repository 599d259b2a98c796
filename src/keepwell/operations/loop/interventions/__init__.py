"""What the loop does besides training: rules that ask for it, how far it is, and whether it helped.

`rules` says which rules hold, `approvals` who must agree, `measuring` what it did. What is decided are
`actions`; `transitions` says what they make of the record. `states.intervening` puts it together.
"""
