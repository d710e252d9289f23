"""Writing files whole: content, permissions, links, devices, and what killed processes leave behind."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from autograd import files
from autograd.files import check_writable, write_whole

ROOT = Path(__file__).parents[2]
POSIX = pytest.mark.skipif(files.locks is None, reason="there are no file locks here")
LEFT = ".glassgrad-0123456789abcdef.part"


def names(folder: Path) -> list[str]:
    """What a folder holds."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def umask() -> Any:
    """A umask that isn't the usual one."""
    before = os.umask(0o027)
    yield
    os.umask(before)


def test_text_and_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    """Text goes out in UTF-8 with its own line ends, bytes unchanged, old content is replaced, and nothing else stays."""
    path = tmp_path / "a.txt"
    write_whole(path, "é\r\nβ\n")
    assert path.read_bytes() == b"\xc3\xa9\r\n\xce\xb2\n"
    write_whole(str(path), b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    write_whole(os.fsencode(path), "")
    assert path.read_bytes() == b""
    assert names(tmp_path) == ["a.txt"]
    with pytest.raises(TypeError):
        write_whole(path, 3)  # type: ignore[arg-type]
    assert names(tmp_path) == ["a.txt"]


def test_a_bare_name_is_written_to_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without a folder goes to the working folder, however long it is."""
    monkeypatch.chdir(tmp_path)
    write_whole("b" * 255, "x")
    assert names(tmp_path) == ["b" * 255]


@POSIX
def test_permissions(tmp_path: Path, umask: None) -> None:
    """A new file has the permissions that any new file gets; one that was there keeps its own."""
    path = tmp_path / "a"
    write_whole(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    for mode in (0o600, 0o664, 0o755):
        path.chmod(mode)
        write_whole(path, "old")
        assert stat.S_IMODE(path.stat().st_mode) == mode


@POSIX
def test_the_permissions_are_there_before_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only its owner may read is never readable by others, not even in the temporary file."""
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o600)
    seen = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (seen.append(stat.S_IMODE(os.fstat(handle).st_mode)), real(handle))[1])
    write_whole(path, "new")
    assert seen == [0o600]


@pytest.mark.parametrize("content", ["short", "long" * 100_000])
def test_the_content_is_whole_before_it_takes_the_place(tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it is in the temporary file when the system is asked to keep it, and so before the file gets its name."""
    seen: list[Any] = []
    real, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (seen.append(os.fstat(handle).st_size), real(handle))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (seen.append(Path(a).read_text()), replace(a, b))[1])
    write_whole(tmp_path / "a", content)
    assert seen == [len(content), content]


@POSIX
def test_a_file_system_without_permissions_is_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where permissions can't be set, the file is written nevertheless."""

    def refused(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    path = tmp_path / "a"
    path.write_text("old")
    monkeypatch.setattr(os, "chmod", refused)
    write_whole(path, "new")
    assert path.read_text() == "new"


@POSIX
def test_links_are_followed(tmp_path: Path) -> None:
    """A link stays a link and its target is written, in the target's folder, also where there is no target yet."""
    (tmp_path / "far").mkdir()
    link = tmp_path / "link"
    link.symlink_to("far/file")
    for content in ("first", "second"):
        write_whole(link, content)
        assert link.is_symlink()
        assert (tmp_path / "far" / "file").read_text() == content
    assert names(tmp_path) == ["far", "link"]
    assert names(tmp_path / "far") == ["file"]
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    with pytest.raises(OSError, match=re.escape(repr(str(loop)))):
        write_whole(loop, "x")
    assert loop.is_symlink()


@POSIX
def test_a_device_is_written_and_not_replaced(tmp_path: Path) -> None:
    """A pipe gets the content, and is still a pipe; so is the null device."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, "through")
    reader.join(10)
    assert got == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    check_writable(pipe)  # which would wait for a reader if it opened it
    write_whole(os.devnull, "gone")
    check_writable(os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    assert names(tmp_path) == ["pipe"]


@pytest.mark.parametrize("act", [check_writable, lambda path: write_whole(path, "new")], ids=["check", "write"])
def test_what_cannot_be_written_is_an_error_about_the_path(tmp_path: Path, act: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing folder, a folder as a file, a file as a folder, and a file without permission: each names the path given."""
    missing = tmp_path / "no" / "such"
    with pytest.raises(FileNotFoundError) as caught:
        act(missing)
    assert caught.value.filename == str(missing)
    with pytest.raises(IsADirectoryError, match="is a directory; name a file in it"):
        act(tmp_path)
    plain = tmp_path / "plain"
    plain.write_text("old")
    with pytest.raises(NotADirectoryError) as caught_too:
        act(plain / "x")
    assert caught_too.value.filename == str(plain / "x")
    monkeypatch.setattr(os, "access", lambda path, mode: (path, mode) != (os.path.realpath(plain), os.W_OK))
    with pytest.raises(PermissionError, match="can't be written: its permissions don't allow it"):
        act(plain)
    assert plain.read_text() == "old"
    assert names(tmp_path) == ["plain"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_takes_no_files_is_found(tmp_path: Path) -> None:
    """A folder without permission to make files in it is an error, before and at the writing."""
    tmp_path.chmod(0o500)
    try:
        for act in (check_writable, lambda path: write_whole(path, "x")):
            with pytest.raises(PermissionError):
                act(tmp_path / "a")
    finally:
        tmp_path.chmod(0o700)


def test_checking_leaves_everything_as_it_is(tmp_path: Path) -> None:
    """check_writable() makes no file, and an old one keeps content and time."""
    check_writable(tmp_path / "new")
    assert names(tmp_path) == []
    old = tmp_path / "old"
    old.write_text("old")
    before = old.stat()
    check_writable(old)
    assert (old.read_text(), old.stat().st_mtime_ns, old.stat().st_ino) == ("old", before.st_mtime_ns, before.st_ino)
    assert names(tmp_path) == ["old"]


@pytest.mark.parametrize("place", ["fsync", "replace"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device"), OSError("full")], ids=repr)
def test_what_fails_on_the_way_leaves_the_old_file(
    tmp_path: Path, place: str, error: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C or a full disk before the last step: the old content is there, the temporary file isn't, the path is named."""
    path = tmp_path / "a"
    path.write_text("old")

    def failing(*_: Any) -> None:
        raise error

    monkeypatch.setattr(os, place, failing)
    with pytest.raises(type(error)) as caught:
        write_whole(path, "new")
    if getattr(error, "errno", None) is None:
        assert caught.value is error
    else:
        assert (caught.value.errno, caught.value.filename) == (28, str(path))
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a"]


KILLED = """
import os, sys
from autograd import files
def stop(handle):
    print("writing", flush=True)
    sys.stdin.read()
os.fsync = stop
files.write_whole(sys.argv[1], "x" * 100_000)
"""


def writer(path: Path) -> subprocess.Popen[str]:
    """A process that stops in the middle of writing, until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


@POSIX
def test_what_killed_processes_left_is_removed_and_what_lives_is_kept(tmp_path: Path) -> None:
    """The next write removes the temporary files of killed writers, keeps that of a living one, and all that isn't ours."""
    path = tmp_path / "model.json"
    path.write_text("old")
    living, *killed = [writer(tmp_path / "other.json"), writer(path), writer(path)]
    for process in killed:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    ours = {name for name in names(tmp_path) if name.endswith(".part")}
    assert len(ours) == 3
    strange = ["model.json.part", ".glassgrad-0123456789ABCDEF.part", ".glassgrad-0123456789abcdef0.part", "x" + LEFT]
    for name in strange:
        (tmp_path / name).write_text("not ours")
    (tmp_path / ".glassgrad-00000000000000aa.part").mkdir()
    (tmp_path / ".glassgrad-00000000000000bb.part").symlink_to("model.json")
    assert path.read_text() == "old"
    write_whole(path, "new")
    left = ours & set(names(tmp_path))
    assert len(left) == 1
    assert {*strange, ".glassgrad-00000000000000aa.part", ".glassgrad-00000000000000bb.part"} <= set(names(tmp_path))
    living.communicate("go on")
    assert (tmp_path / "other.json").read_text() == "x" * 100_000
    assert not left & set(names(tmp_path))
    assert path.read_text() == "new"


@POSIX
def test_a_file_taken_before_its_lock_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between making a temporary file and locking it, another process may remove it; then the writer makes another one."""
    assert files.locks is not None
    real, taken = files.locks.flock, []

    def take_the_first(file: Any, how: int) -> None:
        if not taken:
            taken.append(file.name)
            os.unlink(file.name)
        real(file, how)

    monkeypatch.setattr(files.locks, "flock", take_the_first)
    write_whole(tmp_path / "a", "x")
    assert (tmp_path / "a").read_text() == "x"
    assert names(tmp_path) == ["a"]


@POSIX
def test_a_file_system_without_locks_is_written_and_not_cleaned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file system refuses locks, writing works, and nothing of which we can't be sure is removed."""
    assert files.locks is not None

    def refused(*_: Any) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(files.locks, "flock", refused)
    (tmp_path / LEFT).write_text("half")
    write_whole(tmp_path / "a", "x")
    assert (tmp_path / "a").read_text() == "x"
    assert names(tmp_path) == [LEFT, "a"]


def test_a_system_without_locks_goes_by_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without locks, a temporary file is removed once nobody has written to it for a minute, and not before."""
    monkeypatch.setattr(files, "locks", None)
    old, young = tmp_path / LEFT, tmp_path / LEFT.replace("0", "f")
    now = 1_700_000_000.0
    monkeypatch.setattr(files.time, "time", lambda: now)
    for path, age in ((old, 61.0), (young, 60.0)):
        path.write_text("half")
        os.utime(path, (now - age, now - age))
    write_whole(tmp_path / "a", "x")
    assert names(tmp_path) == [young.name, "a"]
    assert (tmp_path / "a").read_text() == "x"


@POSIX
def test_two_writers_of_one_file_do_not_mix(tmp_path: Path) -> None:
    """Four threads that write one file fifty times each leave one of the contents, whole, and nothing else."""
    path = tmp_path / "a"
    contents = [letter * 5000 for letter in "abcd"]
    failures: list[BaseException] = []

    def write(content: str) -> None:
        try:
            for _ in range(50):
                write_whole(path, content)
                assert path.read_text() in contents
        except BaseException as error:  # told by the main thread
            failures.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert names(tmp_path) == ["a"]
