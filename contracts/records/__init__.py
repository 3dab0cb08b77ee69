"""The record-and-workflow engine: it keeps the records that policy packs define, and moves them as packs say."""
