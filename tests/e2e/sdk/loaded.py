"""An interpreter that has loaded what its arguments name; a fork of it runs each script, which need not load it again.

A line of standard input is a JSON list: a file for what is printed, one for errors, the script and its arguments. The
answer, a line of standard output, is the exit code.
"""

import importlib
import json
import os
import runpy
import sys

for name in sys.argv[1:]:
    importlib.import_module(name)
for line in sys.stdin:
    printed, errors, *sys.argv = json.loads(line)
    child = os.fork()
    if child == 0:
        for stream, name, flags in ((0, os.devnull, os.O_RDONLY), (1, printed, os.O_WRONLY), (2, errors, os.O_WRONLY)):
            file = os.open(name, flags | os.O_CREAT, 0o600)
            os.dup2(file, stream)
            os.close(file)
        runpy.run_path(sys.argv[0], run_name="__main__")
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
