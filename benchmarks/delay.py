"""Round-trip time for kernels without netem: a TCP proxy that hands every byte on half a round trip later.

python -m benchmarks.delay MILLISECONDS LISTEN:ADDRESS:PORT ...

It listens on 127.0.0.1, prints `ready`, and ends with its input.
"""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable

_PIECE = 1 << 16
_ON_ITS_WAY = 1024  # pieces; more makes the sender wait, as a full window would


async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Everything from one side to the other, `delay` seconds later, in order."""
    loop, pieces = asyncio.get_running_loop(), asyncio.Queue[tuple[float, bytes]](_ON_ITS_WAY)

    async def send() -> None:
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not piece:
                break
            writer.write(piece)
            await writer.drain()
        writer.close()

    sender = asyncio.create_task(send())
    with contextlib.suppress(OSError):
        while piece := await reader.read(_PIECE):
            await pieces.put((loop.time() + delay, piece))
    await pieces.put((loop.time() + delay, b""))
    with contextlib.suppress(OSError):
        await sender


def proxy(address: str, port: int, seconds: float) -> Callable[..., Awaitable[None]]:
    """What to do with a connection; TCP's own handshake takes its round trip, too."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        try:
            there, back = await asyncio.open_connection(address, port)
        except OSError:  # whoever is refused there is refused here, too
            writer.close()
            return
        await asyncio.gather(hand_on(reader, back, seconds / 2), hand_on(there, writer, seconds / 2))

    return serve


async def run(milliseconds: float, places: list[str]) -> None:
    """Serve until standard input ends."""
    for place in places:
        listen, address, port = place.rsplit(":", 2)
        await asyncio.start_server(proxy(address, int(port), milliseconds / 1000), "127.0.0.1", int(listen))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(run(float(sys.argv[1]), sys.argv[2:]))
