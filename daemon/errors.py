"""What can go wrong around the node: folder, settings, sockets, disk. Drawn in its place in the tree.

BanyanError
├── ConfigError                a setting is unknown, of the wrong kind or out of range
├── HomeError                  the node's folder cannot be used as it is
│   ├── HomeExistsError        something is there already that must not be overwritten
│   ├── HomeNotWritableError   the folder, or its file system, is read-only
│   ├── SeedError              the seed is missing, or others can read it
│   ├── GenesisMismatchError   the folder belongs to another network
│   ├── HomeLockedError        another daemon uses the folder
│   └── SignStateError         the record of what was signed is missing or damaged
│       └── SignStateFullError its disk has no room: nothing is signed until it has
├── AddressError               an address cannot be listened on
├── OverloadedError            too much waits already; later it may pass
├── StoppingError              the node is going down
├── StorageFullError           there is no room on the disk for more
└── RequestError               a request over HTTP cannot be answered (`daemon.api.problems`)
"""

from ledger.errors import BanyanError


class ConfigError(BanyanError):
    """`config.toml` says something that the daemon does not understand; names the setting."""

    code = "config-invalid"


class HomeError(BanyanError):
    """The node's folder cannot be used; names the file and the remedy."""

    code = "home-unusable"


class HomeExistsError(HomeError):
    """A node or a network is in this folder already."""

    code = "home-exists"


class HomeNotWritableError(HomeError):
    """The system refuses to write into the folder."""

    code = "home-not-writable"


class SeedError(HomeError):
    """The seed cannot be used safely."""

    code = "seed-unusable"


class GenesisMismatchError(HomeError):
    """Genesis, store and node do not belong together."""

    code = "genesis-mismatch"


class HomeLockedError(HomeError):
    """Another process has the folder."""

    code = "home-locked"


class SignStateError(HomeError):
    """Without a trustworthy record of what was signed, the node could sign twice."""

    code = "sign-state-unusable"


class SignStateFullError(SignStateError):
    """There is no room to record a signature, so it is not given; it is tried again until there is."""

    code = "store-full"


class AddressError(BanyanError):
    """A socket cannot be opened where the settings say."""

    code = "address-unusable"


class OverloadedError(BanyanError):
    """A bounded queue is full; the same request may pass in a moment."""

    code = "overloaded"


class StoppingError(BanyanError):
    """The node is going down and takes nothing new."""

    code = "stopping"


class NotLeaderError(BanyanError):
    """Nobody can say now that this node's answer is the newest."""

    code = "not-leader"


class StorageFullError(BanyanError):
    """Nothing can be written until there is room; reading goes on."""

    code = "store-full"
