"""A real sshd on the loopback address, with a slow line to it."""

import getpass
import os
import shlex
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from terminal import Line, Link

#: where sshd insists on a folder of its own when it is run by root
_PRIVILEGE_SEPARATION = Path("/run/sshd")


def missing() -> str | None:
    """What there would have to be for a connection to itself, or None."""
    for name in ("sshd", "ssh", "ssh-keygen"):
        if _program(name) is None:
            return f"needs {name}, which is not installed"
    return None


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


class Relay:
    """Takes one connection after another and passes it on through a link."""

    def __init__(self, port: int, link: Link) -> None:
        self._to, self._link = port, link
        self._server = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Break off what is connected."""
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                self._ends += [near, far]
                for source, target in ((near, far), (far, near)):
                    target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        line = Line(self._link, target.sendall, at_end=lambda: target.shutdown(socket.SHUT_WR))
        with suppress(OSError):
            while data := source.recv(65536):
                line.send(data)
        line.close()


class Remote:
    """An sshd of one's own: configuration and keys in a folder, a port that needs no privilege."""

    def __init__(self, folder: Path, link: Link | None = None) -> None:
        self._folder = folder
        self._made = os.geteuid() == 0 and not _PRIVILEGE_SEPARATION.exists()
        if self._made:
            _PRIVILEGE_SEPARATION.mkdir(mode=0o755)
        for name in ("host", "user"):
            _run(_program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
        (folder / "authorized").write_text((folder / "user.pub").read_text())
        self._daemon, port = self._start()
        self._relay = Relay(port, link or Link())

    def _start(self) -> tuple[subprocess.Popen[bytes], int]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        settings = {
            "ListenAddress": "127.0.0.1",
            "Port": port,
            "HostKey": self._folder / "host",
            "AuthorizedKeysFile": self._folder / "authorized",
            "PidFile": "none",
            "StrictModes": "no",
            "UsePAM": "no",
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no",
            "PermitRootLogin": "prohibit-password",
            "PrintMotd": "no",
            "PrintLastLog": "no",
        }
        file = self._folder / "sshd_config"
        file.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        command = [str(_program("sshd")), "-D", "-f", str(file), "-E", str(self._folder / "log")]
        daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 10.0
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
                return daemon, port
            if daemon.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"sshd does not start: {(self._folder / 'log').read_text()}")
            time.sleep(0.02)

    def command(self, words: Sequence[str], environment: Mapping[str, str], folder: Path) -> list[str]:
        """The ssh command that runs words on the other side, in a terminal there."""
        given = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
        there = f"cd {shlex.quote(str(folder))} && exec env {given} {shlex.join(words)}"
        options = {
            "IdentityFile": self._folder / "user",
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "no",
            "LogLevel": "ERROR",
            "Compression": "no",
        }
        flags = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return [
            str(_program("ssh")), "-F", "/dev/null", "-tt", "-p", str(self._relay.port), *flags,
            f"{getpass.getuser()}@127.0.0.1", there,
        ]  # fmt: skip

    def cut(self) -> None:
        """Break off the connections there are, as a network does that goes away."""
        self._relay.cut()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._relay.close()
        self._daemon.terminate()
        self._daemon.wait(10.0)
        if self._made:
            with suppress(OSError):
                _PRIVILEGE_SEPARATION.rmdir()


def _run(*words: str | None) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True)
