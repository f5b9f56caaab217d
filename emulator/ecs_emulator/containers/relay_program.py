"""The program of a relay. It runs alone in its own container, so it imports Python's library only.

It writes the bytes that the task's containers send to one port of their loopback to its output, and reads the answers
from its input. A message is the number of a connection and a length, each in four bytes, and then that many bytes;
length 0 ends the connection. The message with number 0 reports that the relay listens.
"""

import asyncio
import itertools
import struct
import sys

HEAD = struct.Struct(">II")
PIECE = 1 << 16


def say(number: int, content: bytes) -> None:
    """Send a message."""
    sys.stdout.buffer.write(HEAD.pack(number, len(content)) + content)
    sys.stdout.buffer.flush()


async def listen(port: int) -> None:
    """Serve until the other end closes the input."""
    source = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(source)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    numbers, writers = itertools.count(1), dict[int, asyncio.StreamWriter]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = next(numbers)
        writers[number] = writer
        try:
            while piece := await reader.read(PIECE):
                say(number, piece)
        except OSError:
            pass  # the client has hung up
        say(number, b"")

    await asyncio.start_server(serve, "127.0.0.1", port)
    say(0, b"ready")
    while True:
        number, length = HEAD.unpack(await source.readexactly(HEAD.size))
        content = await source.readexactly(length)
        if content and number in writers:
            writers[number].write(content)
        elif not content and (writer := writers.pop(number, None)):
            writer.close()


if __name__ == "__main__":
    asyncio.run(listen(int(sys.argv[1])))
