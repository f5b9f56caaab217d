"""The program of a relay, which runs in a container of its own, by itself: it uses Python's library alone.

What the containers of its task send to one port of their loopback goes out by its output, and the answers come in by
its input. A message is the number of a connection and a length, each in four bytes, and so many bytes; none says that
there come no more. Number 0 says that it listens.
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
    """Serve until the other end is gone."""
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
