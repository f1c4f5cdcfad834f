"""The image `entrypoints`: what entry points do, well and badly. A tag each."""
import os
import subprocess
import tempfile

from . import busybox
from .oci import Image, Layer
from .plain import PATH

# Tells that it ran, changes environment and working directory, and executes its arguments.
STATIC = """
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int count, char** arguments) {
  puts("static entry point");
  fflush(stdout);
  setenv("FROM_ENTRYPOINT", "static", 1);
  if (count < 2 || chdir("/srv") != 0) return 9;
  execv(arguments[1], arguments + 1);
  perror(arguments[1]);
  return 127;
}
"""

SCRIPTS = {
    # Sets, changes, removes; prints to both; ends elsewhere.
    "changes": """echo "printed by the entry point"
echo "and on stderr: ${FROM_JOB-none} ${NAMED-none} ${SLURM_JOB_ID:+job}" >&2
export SET='two words' CHANGED="$CHANGED, changed" LINES_='one
two'
unset REMOVED FROM_JOB_REMOVED
mkdir -p /tmp/elsewhere && cd /tmp/elsewhere
echo "$$" >>/tmp/runs
exec "$@"
""",
    "exits": "echo 'no licence found'\nexit 3\n",
    "forgets": "echo 'done nothing'\n",
    "hangs": "echo 'hanging'\nsleep 1000\n",
    # Its command is a child, after whose end it goes on.
    "wraps": "export WRAPPED=yes\n\"$@\"\necho over >/tmp/over\n",
    "daemon": "sleep 1000 &\nwhile :; do echo chatter; sleep 0.01; done &\nexec \"$@\"\n",
    # Closes what it did not open itself.
    "closes": "exec 3>&- 4>&- 5>&- 9>&-\nset -- \"$@\"\nexport CLOSED=yes\nsh -c '\"$@\"' - \"$@\"\n",
}


def static_program():
    with tempfile.TemporaryDirectory() as directory:
        source, output = os.path.join(directory, "enter.c"), os.path.join(directory, "enter")
        with open(source, "w") as file:
            file.write(STATIC)
        subprocess.run(["cc", "-static", "-Os", "-s", "-Wall", "-Wextra", "-o", output, source], check=True)
        with open(output, "rb") as file:
            return file.read()


def make_entrypoints():
    """what entry points do: tags changes, exits, forgets, hangs, wraps, daemon, closes, static, missing, interpreter, format, mode"""
    image, root = Image(), busybox.root("entrypoints")
    environment = [PATH, "CHANGED=image", "REMOVED=image", "STAYS=image"]
    for tag, script in SCRIPTS.items():
        layer = Layer().file("entry", "#!/bin/sh\n" + script, mode=0o755)
        image.manifest([root, layer], [tag], Env=environment, Entrypoint=["/entry"], WorkingDir="/root/work")
    image.manifest([Layer().directory("srv", "proc").file("enter", static_program(), mode=0o755)], ["static"],
                   Env=["PATH=/"], Entrypoint=["/enter"])
    image.manifest([root], ["missing"], Env=[PATH], Entrypoint=["/no/such/entry"])
    image.manifest([root, Layer().file("entry", "#!/no/such/interpreter\n", mode=0o755)], ["interpreter"], Env=[PATH], Entrypoint=["/entry"])
    image.manifest([root, Layer().file("entry", "exec \"$@\"\n", mode=0o755)], ["format"], Env=[PATH], Entrypoint=["/entry"])
    image.manifest([root, Layer().file("entry", "#!/bin/sh\n", mode=0o644)], ["mode"], Env=[PATH], Entrypoint=["/entry"])
    return image


RECIPES = {"entrypoints": make_entrypoints}
