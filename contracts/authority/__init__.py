"""Who may do what: the actors that operations name, and the judgement whether somebody is one of them."""
