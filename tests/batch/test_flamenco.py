"""examples/flamenco: the tasks that the job type makes bake every line once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.batch.conftest import results

MANAGER = """
const tasks = [];
const author = {
  Task: (name, type) => ({ name, type, commands: [], addCommand(command) { this.commands.push(command); } }),
  Command: (name, parameters) => ({ name, parameters }),
};
%s
const settings = Object.fromEntries(JOB_TYPE.settings.map(({ key, default: value }) => [key, value ?? ""]));
compileJob({ settings: { ...settings, ...JSON.parse(process.argv[1]) }, addTask: (task) => tasks.push(task) });
console.log(JSON.stringify(tasks));
"""
"""What the Manager gives a job type: https://flamenco.blender.org/usage/job-types/."""


def test_the_tasks_bake_every_line_once(root: Path, voices: Path, out: Path, tiny_network: Path) -> None:
    if shutil.which("node") is None:
        if os.environ.get("CI"):
            pytest.fail("node is absent")
        pytest.skip("node is absent")
    script = (root / "examples" / "flamenco" / "lipsync_batch.js").read_text(encoding="utf-8")
    settings = {
        "table": str(voices),
        "out": str(out),
        "patterns": "*_en [!bh]*",
        "arguments": f"--network {tiny_network}",
    }
    done = subprocess.run(["node", "-e", MANAGER % script, json.dumps(settings)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    tasks = json.loads(done.stdout)
    assert [task["name"] for task in tasks] == ["bake *_en", "bake [!bh]*"]
    for task in tasks:
        (command,) = task["commands"]
        assert (command["name"], command["parameters"]["exe"]) == ("exec", "lipsync")
        subprocess.run(
            [sys.executable, "-m", "lipsync_addon.cli", *command["parameters"]["args"]], cwd=root, check=True
        )
    made = sorted(Path(name).name for name in results(out))
    assert made == ["boat_en.csv", "hello_en.csv", "lobo_es.csv", "zug_de.csv"]
