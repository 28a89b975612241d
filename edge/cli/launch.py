"""Starting one daemon as its own user with exactly its capabilities."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Mapping

from edge.shared.daemons import Daemon
from edge.shared.paths import Paths

LISTEN_FD = 3  # sd_listen_fds(3): the first passed socket


def command_line(daemon: Daemon) -> list[str]:
    """The whole command: setpriv drops root to the table's user, groups and capabilities, then runs the module."""
    capabilities = ",".join(["-all", *(f"+{name}" for name in daemon.capabilities)])
    return [
        "setpriv",
        f"--reuid={daemon.user}",
        f"--regid={daemon.user}",
        f"--groups={','.join(daemon.groups)}",
        f"--inh-caps={capabilities}",
        f"--ambient-caps={capabilities}",
        f"--bounding-set={capabilities}",
        "--no-new-privs",
        # A supervisor killed with -9 takes its daemons with it.
        "--pdeathsig=TERM",
        "--",
        sys.executable,
        "-P",  # the current folder is no place to look for modules
        "-m",
        daemon.module,
    ]


def clean_environment(paths: Paths) -> dict[str, str]:
    """Only what a daemon needs: nothing of the caller's session leaks in."""
    kept = {name: os.environ[name] for name in ("PYTHONPATH", "REPLI_LOG", "TZ") if os.environ.get(name)}
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "REPLI_ROOT": str(paths.root),
        "NOTIFY_SOCKET": str(paths.run / "notify"),
        **kept,
    }


def spawn(command: list[str], environment: Mapping[str, str], listen: int | None = None) -> int:
    """Fork and execute in a session of its own; returns the pid. Standard output joins standard error.

    listen is a listening socket handed over by systemd's protocol (LISTEN_FDS), which wants the child's own pid in
    its environment: so a fork by hand.
    """
    pid = os.fork()
    if pid:
        return pid
    code = 126
    with contextlib.suppress(BaseException):
        code = _become(command, dict(environment), listen)
    os._exit(code)


def _become(command: list[str], environment: dict[str, str], listen: int | None) -> int:
    signal.set_wakeup_fd(-1)  # a signal to the child must not wake its parent's loop
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and ignoring survives exec
    os.setsid()
    os.chdir("/")
    os.umask(0o027)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    if listen is not None:
        if listen == LISTEN_FD:
            os.set_inheritable(listen, True)
        else:
            os.dup2(listen, LISTEN_FD)
        environment |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid()), "LISTEN_FDNAMES": "http"}
    os.execvpe(command[0], command, environment)  # noqa: S606 - a fixed argument list
    return 127
