"""The audit: re-derives a whole ledger from its genesis and names the first thing that is wrong.

`run.run_audit` is the way in. It reads a ledger through `source.LedgerSource` (a node's folder or a node's HTTP
API) and trusts nothing but the genesis. It never writes to what it audits.
"""
