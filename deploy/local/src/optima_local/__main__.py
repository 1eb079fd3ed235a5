import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing is started before the commands are loaded

from .commands import main  # noqa: E402

main()
