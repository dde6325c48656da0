"""How long an answer of a host holds, what a command touches, which facts are kept: the pure part."""

from typing import Any

import pytest
from pyinfra.api.facts import FactBase
from pyinfra.facts import deb, files, server

from builder.engines.shell.answers import KEPT_SECONDS, Answers, Order, Question, touched_by
from builder.engines.shell.fact_rules import cheaper, how_read
from builder.engines.shell.users_fact import UsersInOneGo

ONE, TWO, THREE = Question("one"), Question("two"), Question("three")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_answer_holds_until_something_changes_and_not_for_ever() -> None:
    clock = Clock()
    answers: Answers[str] = Answers(clock)
    answers.keep(ONE, "1")
    assert answers.get(ONE) == "1"
    assert answers.get(Question("one", (("A", "b"),))) is None
    clock.now += KEPT_SECONDS
    assert answers.get(ONE) == "1"
    clock.now += 0.1
    assert answers.get(ONE) is None
    answers.keep(ONE, "1")
    answers.drop()
    assert answers.get(ONE) is None


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("/srv/x", {"packages", "nothing"}),
        ("/var/lib/dpkg/status", {"nothing"}),
        ("/var", {"nothing"}),
        ("/", {"nothing"}),
        ("/var/lib/dpkg2", {"packages", "nothing"}),
        ("/srv/../var/lib/dpkg", {"nothing"}),
    ],
)
def test_a_file_s_change_drops_what_could_rest_on_it(path: str, left: set[str]) -> None:
    answers: Answers[str] = Answers(Clock())
    rests: dict[str, tuple[str, ...] | None] = {"packages": ("/var/lib/dpkg",), "nothing": (), "anything": None}
    for name, on in rests.items():
        answers.keep(Question(name), name, on)
    answers.drop([path])
    kept = {name for name in rests if answers.get(Question(name))}
    assert kept == left


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("chmod 644 /etc/x", ("/etc/x",)),
        ("chown root:root /a /b", ("/a", "/b")),
        ("mkdir -p '/srv/a b'", ("/srv/a b",)),
        ("touch /x", ("/x",)),
        ("rm -f /x", None),
        ("mv /a /b", None),
        ("ln -s /a /b", None),
        ("chmod 644 x", None),
        ("chmod 644 /x etc/passwd", None),
        ("mkdir /x var", None),
        ("chown -R --dereference u:g /a", ("/a",)),
        ("chmod 644 /x; reboot", None),
        ("chmod 644 /x && reboot", None),
        ("chmod 644 $(reboot)", None),
        ("chmod 644 /x\nreboot", None),
        ("chmod --reference=/a /b", None),
        ("mkdir '/x", None),
        ("sed -i s/a/b/ /etc/x", None),
        ("", None),
        ("chmod 644 /x > /y", None),
        ("chmod 644 /x*", None),
    ],
)
def test_only_a_plain_command_is_known_to_touch_only_its_paths(text: str, paths: tuple[str, ...] | None) -> None:
    assert touched_by(text) == paths


def test_questions_come_in_the_order_in_which_they_came_before() -> None:
    order = Order([ONE, TWO, ONE, THREE])
    assert order.first(2) == [ONE, TWO]
    assert list(order.after(ONE, 1)) == [TWO]
    assert list(order.after(THREE, 9)) == []
    new = Question("new")
    order.note(TWO)
    order.note(new)
    order.note(new)
    assert list(order.asked) == [TWO, new], "only what was asked this time is remembered"
    assert list(order.after(THREE, 9)) == [new]
    assert list(order.after(Question("never"), 9)) == []


def test_facts_are_kept_by_what_they_tell_of() -> None:
    class Elsewhere(FactBase[str]):
        def command(self) -> str:
            return "true"

    class Said(Elsewhere):
        pacsmith_kept = True

    kept: list[tuple[Any, bool]] = [
        (files.File, True),
        (server.Users, True),
        (server.LinuxName, True),
        (server.Date, False),
        (server.LoadAverage, False),
        (Elsewhere, False),
        (Said, True),
    ]
    for fact, expected in kept:
        how = how_read(fact)
        assert how is not None
        assert how.kept is expected, fact
    assert how_read(server.Command) is None, "it runs what its caller says"
    packages = how_read(deb.DebPackages)
    assert packages is not None
    assert packages.files == ("/var/lib/dpkg",)
    assert cheaper(server.Users) is UsersInOneGo
    assert cheaper(files.File) is files.File


def test_our_lines_become_the_stock_fact() -> None:
    section = "=pacsmith="
    ours = [
        "pacsmith-users",
        "root:x:0:0:root:/root:/bin/bash",
        "x:x:1:2:C | D:/home/x:",
        section,
        "root",
        "g",
        section,
        "root",
        "g a b",
        section,
        "Username Port From Latest",
        "root pts/0 192.0.2.1 Mon Nov 3 10:00:00 +0000 2025",
        "x **Never logged in**",
        section,
        "root:*",
        "x:!",
    ]
    stock = [
        "root:x:0:0:root:/root:/bin/bash|root|root|root pts/0 192.0.2.1 Mon Nov 3 10:00:00 +0000 2025|*",
        "x:x:1:2:C | D:/home/x:|g|g a b|x **Never logged in**|!",
    ]
    told = UsersInOneGo().process(ours)
    assert told == server.Users().process(stock)  # type: ignore[no-untyped-call]
    assert told["x"]["groups"] == ["a", "b"]
    assert told["root"]["login_time"] is not None
    assert UsersInOneGo().process(stock) == told, "a host that went stock's way"
