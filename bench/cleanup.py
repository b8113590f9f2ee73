#!/usr/bin/env python3
"""The clean-up as people write it by hand: for each mapped session, glob for its file.

Prints the chats that are idle, one a line, as section and chat. Changes nothing.
"""

import glob
import json
import os
import time

HOME = os.path.expanduser("~")
SESSION_DIR = os.environ.get("CLAUDE_SESSION_DIR", "/tmp/claude_sessions")
IDLE_SECONDS = 2 * 3600

PATTERNS = {
    "claude-cli": HOME + "/.claude/projects/*/{id}.jsonl",
    "gemini-cli": HOME + "/.gemini/tmp/*/chats/session-*-{id:.8}.jsonl",
    "codex-cli": HOME + "/.codex/sessions/*/*/*/rollout-*-{id}.jsonl",
}


def is_of(path, section, session):
    """Gemini's file names have only the beginning of the id."""
    if section != "gemini-cli":
        return True
    with open(path) as file:
        return json.loads(file.readline())["sessionId"] == session


def last_activity(section, session):
    paths = glob.glob(PATTERNS[section].format(id=session))
    return max((os.path.getmtime(path) for path in paths if is_of(path, section, session)), default=None)


with open(SESSION_DIR + "/session_map.json") as file:
    session_map = json.load(file)
now = time.time()
for section, chats in session_map.items():
    for chat, session in chats.items():
        last = last_activity(section, session)
        if last is not None and now - last > IDLE_SECONDS:
            print(section, chat)
