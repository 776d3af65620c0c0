"""The plugin is not part of our package: it runs inside LocalStack. What of it needs no LocalStack is tested here."""

from __future__ import annotations

import sys

from pipeline.project import project_root

sys.path.insert(0, str(project_root() / "infra" / "localstack" / "plugin"))
