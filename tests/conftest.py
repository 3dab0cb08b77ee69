"""What all tests share: the signals they start from."""

import signal


def pytest_configure() -> None:
    """Hear Ctrl-C again where the shell that started the tests in its background had it ignored.

    Ignored signals are inherited: the programs that tests interrupt would not hear them either.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
