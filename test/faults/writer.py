"""A bridge that holds its map in memory and saves it while the program under test runs.

usage: writer.py inplace|rename|reread MAP CLAUDE_PROJECT_DIR COUNTER_FILE

inplace  open for writing, which truncates, then written in several pieces, as the real bridge does
rename   a whole new file, renamed over the old one
reread   as rename, but every change starts from what the file has at that moment

Commands on standard input, each answered by one JSON line:
prepare  opens idle chats, so that a run has something to remove
go       saves, hundreds of times a second, for a while; answered at once, and again when it is quiet
check    what of its own mappings the file lacks now
"""
import itertools
import json
import os
import random
import sys
import time

mode, path, project, counter_file = sys.argv[1:]
directory = os.path.dirname(path)
memory = {"claude-cli": {}, "codex-cli": {}, "devstral-small-2": {"a": "b"}}
counter = os.open(counter_file, os.O_RDWR)
saves = 0
opened = 0


def transcript(session, hours_ago):
    file = f"{project}/{session}.jsonl"
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
    global saves, memory
    mark()
    if mode == "inplace":
        with open(path, "w") as f:
            text = json.dumps(memory)
            step = len(text) // random.randint(1, 6) + 1
            for start in range(0, len(text), step):
                f.write(text[start : start + step])
                f.flush()
    else:
        with open(path + ".bridge", "w") as f:
            json.dump(memory, f)
        os.rename(path + ".bridge", path)
    mark()
    saves += 1


def start_from_file():
    """What a bridge does that trusts the file more than its memory."""
    global memory
    if mode == "reread":
        with open(path) as f:
            memory = json.load(f)


def change():
    """Opens a chat, or gives a chat another session."""
    start_from_file()
    chat = f"chat-{random.randrange(40)}"
    # A session belongs to one chat and to one time, as with the real CLIs: none comes back.
    session = f"session-{next(numbers)}"
    memory["claude-cli"][chat] = session
    mine[chat] = session
    save()


def prepare():
    global opened
    start_from_file()
    chats = memory["claude-cli"]
    for chat in [chat for chat in chats if chat.startswith("idle")]:
        # The bridge ends these itself, so that the map stays of a size.
        del chats[chat]
    for _ in range(3):
        opened += 1
        transcript(f"idle-{opened}", 9)
        chats[f"idle-chat-{opened}"] = f"idle-{opened}"
    save()


def has_temp_file():
    return any(name.endswith(".tmp") for name in os.listdir(directory))


def go():
    if random.random() < 0.5:
        # Waits for the most delicate moment, and is quiet after it: what is lost then stays lost.
        deadline = time.time() + 1
        while time.time() < deadline and not has_temp_file():
            time.sleep(0.0003)
        time.sleep(random.random() * 0.004)
        for _ in range(random.randint(1, 3)):
            change()
        return
    deadline = time.time() + random.random() * 0.3
    while time.time() < deadline:
        change()
        time.sleep(random.choice([0, 0.001, 0.004, 0.02]))


def lost():
    with open(path) as f:
        there = json.load(f)["claude-cli"]
    return {chat: session for chat, session in mine.items() if there.get(chat) != session}


def answer(value):
    print(json.dumps(value), flush=True)


mine = {}
numbers = itertools.count()
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
