# Does what /usr/bin/aws does, in a fork for each line {"args", "env"} of standard input; answers {"code", "output"}.
import json
import os
import signal
import sys

import awscli.clidriver


def run(command, out):
    signal.alarm(60)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.update(e.split("=", 1) for e in command["env"])
    sys.argv = ["aws", *command["args"]]
    try:
        code = awscli.clidriver.main()
    except SystemExit as e:
        code = e.code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


for line in sys.stdin:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        run(json.loads(line), write)
    os.close(write)
    with os.fdopen(read, errors="replace") as f:
        output = f.read()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(json.dumps({"code": code, "output": output}), flush=True)
