"""Prints constraints for pip: each of the package's dependencies at the lowest version that is allowed."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
for dependency in project["dependencies"]:
    name, version = re.match(r"([\w-]+)[>=]=([\d.]+)", dependency).groups()
    print(f"{name}=={version}")
