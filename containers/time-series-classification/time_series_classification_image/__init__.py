"""The Time-Series Classification algorithm: `series` are read, `minirocket` makes features of them; `training`, and
`model`, which answers.
"""
