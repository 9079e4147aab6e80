"""As much of a terminal as importcli needs: a pseudo-terminal, and the screen that its output makes."""
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from fixtures import LIMIT_S

SEQUENCE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])")


class Screen:
    """Lines of text after printable characters, CR, LF, cursor up, erase to end of line or screen, and colours."""

    def __init__(self, columns, rows):
        self.columns, self.rows, self.lines, self.row, self.column, self.coloured = columns, rows, [""], 0, 0, False

    def put(self, text):
        position = 0
        while position < len(text):
            match = SEQUENCE.match(text, position)
            if match:
                self.control(match.group(1), match.group(2))
                position = match.end()
                continue
            self.character(text[position])
            position += 1

    def character(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        else:
            assert char >= " ", f"control character {char!r} on the terminal"
            assert self.column < self.columns, f"line longer than {self.columns} columns: {self.lines[self.row]}"
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[:self.column] + char + line[self.column + 1:]
            self.column += 1

    def control(self, number, letter):
        if letter == "A":
            assert int(number) < self.rows, "the cursor goes up beyond the screen"
            self.row -= int(number)
        elif letter == "K":
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif letter == "J":
            self.lines[self.row] = self.lines[self.row][:self.column]
            del self.lines[self.row + 1:]
        elif letter == "m":
            self.coloured = True
        else:
            raise AssertionError(f"unexpected control sequence {letter}")

    def text(self):
        return "".join(line.rstrip() + "\n" for line in self.lines).rstrip("\n") + "\n"


class Terminal:
    """A program in a pseudo-terminal of its own."""

    def __init__(self, command, env, columns=80, rows=24):
        self.screen, self.pending = Screen(columns, rows), ""
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(command[0], command, env)

    def takes_keys(self):
        """True while every key goes to the program at once and unseen."""
        return not termios.tcgetattr(self.fd)[3] & (termios.ICANON | termios.ECHO)

    def read(self, timeout_s=0.1):
        """Take in what the program wrote; False at its end."""
        if not select.select([self.fd], [], [], timeout_s)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.pending += self.decoder.decode(data)
        cut = re.search(r"\x1b\[?[0-9;]*\Z", self.pending)
        whole = self.pending[:cut.start()] if cut else self.pending
        self.pending = self.pending[len(whole):]
        self.screen.put(whole)
        return bool(data)

    def wait_for(self, text, timeout_s=LIMIT_S):
        end = time.monotonic() + timeout_s
        while text not in self.screen.text():
            assert self.read() and time.monotonic() < end, f"{text!r} did not appear:\n{self.screen.text()}"

    def resize(self, columns, rows):
        self.screen.columns, self.screen.rows = columns, rows
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def key(self, text):
        os.write(self.fd, text.encode())

    def finish(self, timeout_s=LIMIT_S):
        """The exit status; the program must end by itself."""
        end = time.monotonic() + timeout_s
        while self.read():
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise AssertionError(f"did not end:\n{self.screen.text()}")
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
