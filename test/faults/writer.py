"""A bridge that holds its map in memory and saves it while the program under test runs.

usage: writer.py MODE MAP CLAUDE_PROJECT_DIR COUNTER_FILE

inplace  open for writing, which truncates, then written in several pieces, as the real bridge does
rename   a whole new file, renamed over the old one
reread   as rename, but every change starts from what the file has at that moment
open     as inplace, but the file is kept open from one save to the next ones
append   truncated by its name, then opened for appending
mmap     mapped into memory; a chat gets another session, of the same length
sed, jq, vim  a person's change: sed -i; jq into a file, which mv moves into place; an editor

Commands on standard input, each answered by one JSON line:
prepare  opens idle chats, so that a run has something to remove
go       saves, hundreds of times a second, for a while; answered at once, and again when it is quiet
check    what of its own mappings the file lacks now
"""
import itertools
import json
import mmap
import os
import random
import subprocess
import sys
import time

mode, path, project, counter_file = sys.argv[1:]
directory = os.path.dirname(path)
# An edit by hand needs a neighbour for its comma.
memory = {"claude-cli": {"stays": "session-of-old"}, "codex-cli": {}, "devstral-small-2": {"a": "b"}}
counter = os.open(counter_file, os.O_RDWR)
saves = 0
opened = 0


def transcript(session, hours_ago):
    file = f"{project}/{session}.jsonl"
    transcripts.append((session, file))
    with open(file, "w") as f:
        f.write("{}\n")
    then = time.time() - hours_ago * 3600
    os.utime(file, (then, then))


def mark():
    """Odd while a save is under way: tells a reader what it may find half-written."""
    mark.value += 1
    os.pwrite(counter, mark.value.to_bytes(8, "big"), 0)


mark.value = 0


def save():
    global saves
    mark()
    text = json.dumps(memory)
    if mode == "inplace":
        with open(path, "w") as f:
            step = len(text) // random.randint(1, 6) + 1
            for start in range(0, len(text), step):
                f.write(text[start : start + step])
                f.flush()
    elif mode == "open":
        f = kept_open()
        f.seek(0)
        f.write(text)
        f.truncate()
        f.flush()
    elif mode == "append":
        if os.path.exists(path):
            os.truncate(path, 0)
        with open(path, "a") as f:
            f.write(text)
    else:
        with open(path + ".bridge", "w") as f:
            f.write(text)
        os.rename(path + ".bridge", path)
    mark()
    saves += 1


kept = None


def kept_open():
    global kept
    if kept is None:
        kept = open(path, "r+" if os.path.exists(path) else "w+")
    return kept


def close():
    global kept
    if kept is not None:
        kept.close()
    kept = None


def change_mapped(chat, session):
    """Only where the chat has a session already."""
    global saves
    with open(path, "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
        at = m.find(b'"%s": "' % chat.encode())
        if at < 0:
            return False
        at = m.find(b': "', at) + 3
        mark()
        m[at : at + len(session)] = session.encode()
        m.flush()
        mark()
    saves += 1
    return True


EDITS = {
    "sed": """sed -i 's/"claude-cli": {/&"{chat}": "{session}", /' {path}""",
    "jq": """jq -c '."claude-cli"."{chat}" = "{session}"' {path} >{path}.next && mv {path}.next {path}""",
    # It does not write when the map has changed since it was read, or while it opens it (E949), and ends
    # with 0 nevertheless: what it has written is not modified any more.
    "vim": """vim -u NONE -n -es -c '%s/"claude-cli": {/&"{chat}": "{session}", /' -c 'w!' -c 'if !&modified | call writefile([], "{written}") | endif' -c 'q!' {path}""",
}


def change_by_hand(chat, session):
    global saves
    written = counter_file + ".written"
    names = {"{chat}": chat, "{session}": session, "{path}": path, "{written}": written}
    command = EDITS[mode]
    for name, value in names.items():
        command = command.replace(name, value)
    mark()
    done = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, capture_output=True)
    mark()
    if mode == "vim":
        if not os.path.exists(written):
            return False
        os.unlink(written)
    saves += 1
    return done.returncode == 0


def start_from_file():
    """What a bridge does that trusts the file more than its memory."""
    global memory
    if mode not in ("inplace", "rename", "open", "append"):
        with open(path) as f:
            memory = json.load(f)


def change():
    """Opens a chat, or gives a chat another session."""
    start_from_file()
    number = next(numbers)
    # A session belongs to one chat and to one time, as with the real CLIs: none comes back.
    chat, session = f"chat-{random.randrange(40)}", f"session-{number:08}"
    # A CLI writes its transcript before the bridge knows its session.
    transcript(session, 0)
    if mode in EDITS:
        # These only add.
        chat = f"chat-{number}"
        if change_by_hand(chat, session):
            mine[chat] = session
        return
    if mode == "mmap" and change_mapped(chat, session):
        mine[chat] = session
        return
    memory["claude-cli"][chat] = session
    mine[chat] = session
    save()


def prepare():
    global opened, transcripts
    start_from_file()
    chats = memory["claude-cli"]
    # What nobody maps any more would only make the sweeps longer.
    mapped = {"session-of-old", *chats.values(), *mine.values()}
    for session, file in transcripts:
        if session not in mapped:
            os.unlink(file)
    transcripts = [one for one in transcripts if one[0] in mapped]
    for chat in [chat for chat in chats if chat.startswith("idle")]:
        # The bridge ends these itself, so that the map stays of a size.
        del chats[chat]
    if mode in EDITS:
        for chat in [chat for chat in chats if chat.startswith("chat-")]:
            # One line of a handful, so that an edit stays an edit.
            del chats[chat]
            del mine[chat]
    for _ in range(3):
        opened += 1
        transcript(f"idle-{opened}", 9)
        chats[f"idle-chat-{opened}"] = f"idle-{opened}"
    save()
    close()


def has_temp_file():
    return any(name.startswith(".session_map.json.") for name in os.listdir(directory))


def go():
    if random.random() < 0.5:
        # Waits for the most delicate moment, and is quiet after it: what is lost then stays lost.
        deadline = time.time() + 1
        while time.time() < deadline and not has_temp_file():
            time.sleep(0.0005)
        time.sleep(random.random() * 0.004)
        for _ in range(random.randint(1, 3)):
            change()
        close()
        return
    deadline = time.time() + random.random() * 0.15
    while time.time() < deadline:
        change()
        time.sleep(random.choice([0, 0.001, 0.004, 0.02]))
    close()


def lost():
    with open(path) as f:
        there = json.load(f)["claude-cli"]
    return {chat: session for chat, session in mine.items() if there.get(chat) != session}


def answer(value):
    print(json.dumps(value), flush=True)


mine = {}
transcripts = []
numbers = itertools.count()
transcript("session-of-old", 0)
save()
for line in sys.stdin:
    command = line.strip()
    if command == "prepare":
        prepare()
        answer({"opened": opened})
    elif command == "go":
        answer({"going": True})
        go()
        answer({"saves": saves})
    elif command == "check":
        answer({"lost": lost()})
