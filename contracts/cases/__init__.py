"""Cases: what people have to look at and decide by themselves."""
