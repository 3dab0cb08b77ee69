"""Texts of the system and of libraries that end up inside our sentences, so that the catalogue has them too.

Owns the list. Nothing here is called by its name: `cli.language` looks every text among the values of an error up, and
what stands here is found. A text that is missing is shown in English, and nothing worse.
"""

from cli.language import P_

# `os.strerror` of the numbers that files, disks and sockets give; glibc's words.
SYSTEM = (
    P_("Operation not permitted"),
    P_("No such file or directory"),
    P_("Input/output error"),
    P_("No such device or address"),
    P_("Bad file descriptor"),
    P_("Resource temporarily unavailable"),
    P_("Cannot allocate memory"),
    P_("Permission denied"),
    P_("Device or resource busy"),
    P_("File exists"),
    P_("Invalid cross-device link"),
    P_("No such device"),
    P_("Not a directory"),
    P_("Is a directory"),
    P_("Invalid argument"),
    P_("Too many open files in system"),
    P_("Too many open files"),
    P_("Text file busy"),
    P_("File too large"),
    P_("No space left on device"),
    P_("Illegal seek"),
    P_("Read-only file system"),
    P_("Too many links"),
    P_("Broken pipe"),
    P_("File name too long"),
    P_("Directory not empty"),
    P_("Too many levels of symbolic links"),
    P_("Value too large for defined data type"),
    P_("Operation not supported"),
    P_("Address family not supported by protocol"),
    P_("Address already in use"),
    P_("Cannot assign requested address"),
    P_("Network is down"),
    P_("Network is unreachable"),
    P_("Software caused connection abort"),
    P_("Connection reset by peer"),
    P_("No buffer space available"),
    P_("Transport endpoint is not connected"),
    P_("Connection timed out"),
    P_("Connection refused"),
    P_("Host is down"),
    P_("No route to host"),
    P_("Stale file handle"),
    P_("Disk quota exceeded"),
)

# `gai_strerror`, and what Python's sockets say by themselves.
NETWORK = (
    P_("Name or service not known"),
    P_("Temporary failure in name resolution"),
    P_("No address associated with hostname"),
    P_("Servname not supported for ai_socktype"),
    P_("timed out"),
    P_("self-signed certificate"),
    P_("self-signed certificate in certificate chain"),
    P_("certificate has expired"),
    P_("unable to get local issuer certificate"),
)

# `tomllib`, without the place, which is told before it.
TOML = (
    P_("Invalid statement"),
    P_("Invalid value"),
    P_("Invalid initial character for a key part"),
    P_("Invalid date or datetime"),
    P_("Expected '=' after a key in a key/value pair"),
    P_("Expected newline or end of document after a statement"),
    P_("Expected ']' at the end of a table declaration"),
    P_("Cannot overwrite a value"),
    P_("Unclosed array"),
    P_("Unclosed inline table"),
    P_("Unterminated string"),
    P_("Unescaped '\\' in a string"),
    P_("Invalid hex value"),
)
