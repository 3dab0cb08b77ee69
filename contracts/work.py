"""What a run has cost, in units of work: counted, not measured, so that every node counts the same.

Owns the weight of each thing that a run does. Never limits anything: what one run may do at most is `contracts.limits`'
to say, and how much a block should hold its proposer's (`daemon.work_memory`). No leaf, digest or record holds a figure
of work: the weights may change with any version of the software.

A unit is about a microsecond of the machine on which the weights were measured, where verifying one Ed25519 signature
takes about 60: executing the run, its share in the state digest and in what is stored. Weights are for what dominates;
`benchmarks.work` shows how far they are from the time that each operation takes.

Source: docs/adr/0037-work-of-blocks.md.
"""

# A transaction that does nothing: who signed, the quota, the operation, its result leaf, the sender's count and chain.
TRANSACTION_WORK = 30
# A timer that does nothing: found, decoded, taken away, its effect leaf.
TIMER_RUN_WORK = 20
# Looking one up and decoding a few fields.
READ_WORK = 4
# Encoding, keeping, taking the old and putting the new one into the digest, storing it.
WRITE_WORK = 12
# A hash, and a record for the head of the chain.
LINK_WORK = 8
# A record with a payload and a key of its own.
TIMER_SET_WORK = 20
# In 32nds of a unit: a byte that is read, as objects are made of it, or said, in the envelope or the result leaf, takes
# one; a byte that is written twice that.
FINE_SHIFT = 5
WRITTEN_BYTE_32NDS = 2
# Eight steps of a rule take a unit.
RULE_STEP_32NDS = 4
