"""Runs a command for which the kernel refuses some calls, as other file systems and sandboxes do.

usage: refusing.py CALL=ERROR... -- COMMAND...

CALL  exchange  renameat2 with RENAME_EXCHANGE
      lease     fcntl(F_SETLEASE, F_RDLCK)
"""
import ctypes
import errno
import os
import struct
import sys

MACHINE = os.uname().machine
NUMBERS = {"exchange": {"x86_64": 316, "aarch64": 276}, "lease": {"x86_64": 72, "aarch64": 25}}
# The arguments by which a call is told from its kin: their places and values.
ARGUMENTS = {"exchange": [(4, 2)], "lease": [(1, 1024), (2, 0)]}
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000


def instruction(code, value, if_equal=0, otherwise=0):
    return struct.pack("HBBI", code, if_equal, otherwise, value)


def refusal(call, error):
    tests = [(0, NUMBERS[call][MACHINE])] + [(16 + 8 * place, value) for place, value in ARGUMENTS[call]]
    code = []
    for at, (offset, value) in enumerate(tests):
        # Past the rest of the tests, each of two instructions, and the refusal.
        code += [instruction(LOAD, offset), instruction(JUMP_IF_EQUAL, value, 0, 2 * (len(tests) - at) - 1)]
    return code + [instruction(RETURN, REFUSE | getattr(errno, error))]


split = sys.argv.index("--")
code = [one for word in sys.argv[1:split] for one in refusal(*word.split("="))]
code.append(instruction(RETURN, ALLOW))
program = ctypes.create_string_buffer(b"".join(code))
filter_ = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(program)))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.c_void_p(ctypes.addressof(filter_)), 0, 0):
    sys.exit("this kernel takes no filter")
os.execvp(sys.argv[split + 1], sys.argv[split + 1 :])
