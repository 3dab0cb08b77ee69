"""What can go wrong with a backup, each with the path and the way out.

BackupError                  anything about a backup that can be foreseen
├── BackupDamagedError       the file is not what was written, or was never whole
├── BackupMismatchError      it is of another ledger, or does not continue what is there
├── BackupLockedError        it is encrypted, and no key was given that opens it
└── BackupDiskError          the system refused to write or read it
"""

from ledger.errors import BanyanError


class BackupError(BanyanError):
    """Anything about a backup that can be foreseen."""

    code = "backup"


class BackupDamagedError(BackupError):
    """A part is not what was written."""

    code = "backup-damaged"


class BackupMismatchError(BackupError):
    """A part does not belong where it was to go."""

    code = "backup-mismatch"


class BackupLockedError(BackupError):
    """A part cannot be decrypted, or nobody could be found to encrypt it to."""

    code = "backup-locked"


class BackupDiskError(BackupError):
    """The system refused; what was there before is untouched."""

    code = "backup-disk"


class BackupFault(BackupError):
    """The half of a sentence that says what does not hold together; a value of the errors above."""

    code = "backup-fault"
