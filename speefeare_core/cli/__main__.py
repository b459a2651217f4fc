"""`python -m speefeare_core.cli …` is `speefeare …`."""

from speefeare_core.cli import main

raise SystemExit(main())
