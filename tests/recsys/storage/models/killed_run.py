"""Train and promote in child processes, each killed at another step; run by test_model_store.

Python reports every file it opens, makes or renames to audit hooks, before it happens: a child
kills itself at the n-th, for n = 1, 2, … until one lives to the end.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from recsys.storage.models.store import Broken, ModelStore
from tests.present import present
from tests.recsys.storage.worlds import Small, bundle, manifest

STEPS = {"open", "os.mkdir", "os.rename", "os.rmdir", "os.remove", "os.listdir", "shutil.rmtree"}


def killed_at(step: int, store: ModelStore) -> bool:
    """Register and promote in a child that kills itself at `step`; return whether it did."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    left = step

    def count(event: str, _: object) -> None:
        nonlocal left
        if event in STEPS:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    version = store.register(bundle(2), manifest(2), at=20)
    store.promote(version, why="better", at=21)
    os._exit(0)


def main(models_dir: Path) -> None:
    """Kill at every step and check after each that the champion serves and the store works."""
    step = 0
    while True:
        step += 1
        place = models_dir / str(step)
        store = ModelStore(place)
        first = store.register(bundle(1), manifest(1), at=10)
        store.promote(first, why="the first", at=11)
        killed = killed_at(step, store)
        champion = present(store.champion())
        assert killed or champion.version != first
        served, _ = store.load(champion.version, Small)
        assert served.name == ("seed 1" if champion.version == first else "seed 2")
        assert not [version for version in store.list() if isinstance(version, Broken)]
        second = store.register(bundle(2), manifest(2), at=30)
        assert not [p for p in place.iterdir() if p.name in {".partial", ".discarded"}]
        store.promote(second, why="better", at=31)
        assert store.load(second, Small)[0].name == "seed 2"
        assert store.rollback(at=32) == first
        if not killed:
            sys.stdout.write(f"{step}\n")
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
