"""Files over the one shell: whole or not at all, as they were, however large; on a real sshd."""

import contextlib
import hashlib
import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import psutil
import pytest
from pyinfra.api.host import Host

from builder.engines.notes import StepError
from builder.engines.unpack_steps import send
from tests.lab.loopback import Loopback
from tests.lab.shell_host import OURS, STOCK, connected, run, said, session_of

BIG = 200 << 20
PREPARE = """
useradd -R "$PWD" -m free; echo 'free ALL=(ALL) NOPASSWD: ALL' > etc/sudoers.d/trial
useradd -R "$PWD" -m other; echo 'other:secret word' | chpasswd -R "$PWD"
install -d -m 700 home/free/.ssh; cp {key} home/free/.ssh/authorized_keys; chroot . chown -R free: /home/free
mkdir -p full; mount -t tmpfs -o size=1m none full
"""


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    folder = tmp_path_factory.mktemp("sshd") / "at"
    host = Loopback(folder, prepare=PREPARE.format(key=folder / "keys" / "user.pub")).start()
    yield host
    host.stop()


@pytest.fixture
def host(sshd: Loopback) -> Iterator[Host]:
    with connected(sshd.data()) as connected_host:
        said(connected_host, "rm -rf /srv/trial; mkdir -p /srv/trial; chmod 777 /srv/trial")
        yield connected_host


@pytest.fixture
def folder(sshd: Loopback) -> Path:
    return sshd.root() / "srv/trial"


def bytes_of(size: int) -> bytes:
    return bytes(range(256)) * (size // 256)


def left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".pacsmith")]


@pytest.mark.parametrize(
    "way",
    [{}, {"_sudo": True}, {"_sudo": True, "_sudo_user": "other"}, {"_su_user": "other", "_su_password": "secret word"}],
)
def test_there_and_back_under_every_account(sshd: Loopback, folder: Path, tmp_path: Path, way: dict[str, Any]) -> None:
    content = bytes_of(3 << 20)
    (tmp_path / "from").write_bytes(content)
    with connected(sshd.data()) as root:
        said(root, "rm -rf /srv/trial; mkdir -m 777 /srv/trial")
    with connected(sshd.data(ssh_user="free")) as free:
        assert free.put_file(str(tmp_path / "from"), "/srv/trial/it's a name", **way)
        assert free.get_file("/srv/trial/it's a name", str(tmp_path / "to"), **way)
    assert (tmp_path / "to").read_bytes() == content
    found = folder / "it's a name"
    assert found.read_bytes() == content
    owner = {"_sudo_user": "other", "_su_user": "other"}
    expected = next((owner[key] for key in owner if key in way), "root" if way else "free")
    with connected(sshd.data()) as root:
        assert said(root, "stat -c '%U %a' \"/srv/trial/it's a name\"") == f"{expected} 644"
    assert left_over(folder) == []


def test_modes_owners_and_links_are_kept_as_with_the_stock_connector(sshd: Loopback) -> None:
    make = (
        "rm -rf /srv/trial; mkdir -p /srv/trial/real; cd /srv/trial; echo old > kept; chown other:free kept; "
        "chmod 4751 kept; echo old > real/file; chmod 600 real/file; ln -s real/file link; ln -s nowhere dangling"
    )
    look = "cd /srv/trial; for one in $(find . | sort); do stat -c '%n %F %a %U:%G' $one; done; cat kept real/file"
    told = {}
    for connector in (STOCK, OURS):
        with connected(sshd.data(), connector) as host:
            said(host, make)
            for name in ("kept", "link", "new", "dangling"):
                assert host.put_file(io.StringIO("new\n"), f"/srv/trial/{name}")
            told[connector] = said(host, look)
    stock, ours = told.values()
    assert "kept regular file 4751 other:free" in stock or "kept regular file 751 other:free" in stock
    assert ours.replace(" 4751 ", " 751 ") == stock.replace(" 4751 ", " 751 ")


def test_text_bytes_and_open_files_are_all_files(host: Host, folder: Path, tmp_path: Path) -> None:
    half_read = io.BytesIO(b"from the beginning")
    half_read.read(5)
    for name, source in (("a", io.StringIO("Röntgen")), ("b", half_read), ("c", io.BytesIO(b""))):
        assert host.put_file(source, f"/srv/trial/{name}")
    assert [(folder / name).read_bytes() for name in "abc"] == ["Röntgen".encode(), b"from the beginning", b""]
    back = io.BytesIO()
    assert host.get_file("/srv/trial/a", back)
    assert back.getvalue() == "Röntgen".encode()
    assert host.get_file("/srv/trial/c", str(tmp_path / "empty"))
    assert (tmp_path / "empty").read_bytes() == b""
    kernel = io.BytesIO()
    assert host.get_file("/proc/version", kernel)
    assert kernel.getvalue().startswith(b"Linux")
    assert host.put_file(io.StringIO("gone"), "/dev/null")
    assert said(host, "test -c /dev/null && echo a device") == "a device"


def test_a_large_file_takes_no_memory_on_either_side(sshd: Loopback, host: Host, folder: Path, tmp_path: Path) -> None:
    block, whole = os.urandom(1 << 20), hashlib.sha256()
    with (tmp_path / "big").open("wb") as file:
        for _ in range(BIG >> 20):
            file.write(block)
            whole.update(block)
    watched = [psutil.Process(), *[one for one in sshd.sshd().children(recursive=True) if one.name() == "perl"]]
    before = [one.memory_info().rss for one in watched]
    peaks = list(before)

    def watch() -> None:
        while True:
            for place, one in enumerate(watched):
                with contextlib.suppress(psutil.NoSuchProcess):
                    peaks[place] = max(peaks[place], one.memory_info().rss)
            gevent.sleep(0.05)

    watcher = gevent.spawn(watch)
    began = time.monotonic()
    assert host.put_file(str(tmp_path / "big"), "/srv/trial/big")
    up = time.monotonic() - began
    assert host.get_file("/srv/trial/big", str(tmp_path / "back"))
    watcher.kill()
    print(f"{BIG >> 20} MiB: up {up:.1f} s, down {time.monotonic() - began - up:.1f} s")
    with (tmp_path / "back").open("rb") as back:
        assert hashlib.file_digest(back, "sha256").digest() == whole.digest()
    assert max(peak - start for peak, start in zip(peaks, before, strict=True)) < 40 << 20


def test_a_full_disk_leaves_what_was_there_and_says_so(host: Host, sshd: Loopback) -> None:
    full = sshd.root() / "full"
    assert host.put_file(io.BytesIO(b"small"), "/full/it")
    with pytest.raises(
        OSError, match=r"trial: /full/it could not be written \(.*No space left on device\); what was there"
    ):
        host.put_file(io.BytesIO(bytes_of(8 << 20)), "/full/it")
    assert (full / "it").read_bytes() == b"small"
    assert left_over(full) == []
    assert said(host, "df --output=used -k /full | tail -1").strip() in ("4", "8")


def test_a_depot_file_is_sent_so_that_only_root_can_read_it(host: Host, sshd: Loopback, tmp_path: Path) -> None:
    (tmp_path / "viewer.tgz").write_bytes(bytes_of(8 << 20))
    send(tmp_path / "viewer.tgz", "/srv/trial/made here/.viewer.upload")
    sent = sshd.root() / "srv/trial/made here/.viewer.upload"
    assert sent.read_bytes() == bytes_of(8 << 20)
    assert [path.stat().st_mode & 0o777 for path in (sent, sent.parent)] == [0o600, 0o755]
    with pytest.raises(StepError, match=r"viewer.tgz could not be sent to trial .*No space left.*; mend that and run"):
        send(tmp_path / "viewer.tgz", "/full/viewer")
    with pytest.raises(StepError, match=r"viewer.tgz could not be sent to trial \(mkdir: .*\); mend that and run"):
        send(tmp_path / "viewer.tgz", "/proc/none/viewer")


def test_our_own_full_disk_leaves_no_half_file(host: Host, tmp_path: Path) -> None:
    said(host, "head -c 100000 /dev/urandom > /srv/trial/it")
    (tmp_path / "it").write_text("before")

    class Full(io.BytesIO):
        def write(self, data: Any, /) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left on device"):
        host.get_file("/srv/trial/it", Full())
    with pytest.raises(OSError, match=r"/srv/trial/none could not be read \(.*No such file"):
        host.get_file("/srv/trial/none", str(tmp_path / "it"))
    assert (tmp_path / "it").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["it"]
    assert said(host, "echo on") == "on"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/srv/none/it", "its folder is not there"),
        ("/srv/trial", "there is a folder of that name"),
        ("/proc/it", "mktemp"),
    ],
)
def test_what_cannot_be_written_is_said(host: Host, path: str, reason: str) -> None:
    with pytest.raises(OSError, match=f"{path} could not be written .*{reason}"):
        host.put_file(io.StringIO("x"), path)


def test_a_reader_sees_the_old_file_or_the_new_one(host: Host, folder: Path) -> None:
    assert host.put_file(io.BytesIO(b"a" * 5_000_000), "/srv/trial/it")
    seen, going = set(), True

    def look() -> None:
        while going:
            with (folder / "it").open("rb") as file:
                first, size = file.read(1), os.fstat(file.fileno()).st_size
                file.seek(-1, os.SEEK_END)
                seen.add((first, file.read(1), size))
            gevent.sleep(0.001)

    looker = gevent.spawn(look)
    assert host.put_file(io.BytesIO(b"b" * 5_000_000), "/srv/trial/it")
    going = False
    looker.join()
    assert len(seen) > 0
    assert seen <= {(letter, letter, 5_000_000) for letter in (b"a", b"b")}
    assert (folder / "it").read_bytes() == b"b" * 5_000_000


class Slow(io.BytesIO):
    """A file that cuts its own connection: `act` is called once `after` bytes were read in the `round`th reading."""

    def __init__(self, data: bytes, act: Any, rounds: tuple[int, ...]) -> None:
        super().__init__(data)
        self.act, self.rounds, self.reading = act, rounds, -1

    def seek(self, place: int, whence: int = 0, /) -> int:
        self.reading += 1
        self.done = False
        return super().seek(place, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        if self.reading in self.rounds and not self.done and self.tell() > len(self.getvalue()) // 2:
            self.done = True
            gevent.sleep(0.3)
            self.act()
            gevent.sleep(0.3)
        return super().read(size)


def test_an_upload_that_was_cut_is_made_again(sshd: Loopback, host: Host, folder: Path) -> None:
    content = bytes_of(12 << 20)
    assert host.put_file(io.BytesIO(b"before"), "/srv/trial/it")
    assert host.put_file(Slow(content, sshd.cut, (1,)), "/srv/trial/it")  # reading 0 makes the sum
    assert session_of(host).opened == 2
    assert (folder / "it").read_bytes() == content
    assert sshd.wait_for(lambda: left_over(folder) == []), "what was cut off has left something"


def test_an_upload_that_is_cut_twice_leaves_what_was_there(sshd: Loopback, host: Host, folder: Path) -> None:
    assert host.put_file(io.BytesIO(b"before"), "/srv/trial/it")
    with pytest.raises(OSError, match="the connection was lost while a command was under way"):
        host.put_file(Slow(bytes_of(12 << 20), sshd.cut, (1, 2)), "/srv/trial/it")
    assert (folder / "it").read_bytes() == b"before"
    assert sshd.wait_for(lambda: left_over(folder) == [])
    assert said(host, "echo on") == "on"


def test_a_file_that_changes_on_its_way_is_refused(host: Host, folder: Path) -> None:
    class Changing(io.BytesIO):
        reading = -1

        def seek(self, place: int, whence: int = 0, /) -> int:
            self.reading += 1
            return super().seek(place, whence)

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            return data if self.reading == 0 else data.replace(b"a", b"b")

    with pytest.raises(OSError, match="what arrived is not what was sent"):
        host.put_file(Changing(b"a" * 1000), "/srv/trial/it")
    assert not (folder / "it").exists()
    assert left_over(folder) == []


def test_a_download_that_was_cut_is_made_again(sshd: Loopback, host: Host, tmp_path: Path) -> None:
    said(host, "head -c 60000000 /dev/urandom > /srv/trial/it")
    expected = said(host, "sha256sum < /srv/trial/it").split()[0]
    cut = gevent.spawn(lambda: sshd.wait_for(lambda: gevent.sleep(0.01) or any(tmp_path.iterdir())) and sshd.cut())
    assert host.get_file("/srv/trial/it", str(tmp_path / "it"))
    cut.join()
    assert hashlib.sha256((tmp_path / "it").read_bytes()).hexdigest() == expected
    assert [path.name for path in tmp_path.iterdir()] == ["it"]
    assert run(host, "true")[0]
