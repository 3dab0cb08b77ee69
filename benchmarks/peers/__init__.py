"""Other replicated stores, measured in the same run on the same machine, with what each of them promises."""
