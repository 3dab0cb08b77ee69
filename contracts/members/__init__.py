"""The persons of an organisation, their accounts, keys and recovery, and the native contract `members`."""
