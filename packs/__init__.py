"""Policy packs that come with the program, one folder each: data only. Source: docs/reference/packs.md."""
