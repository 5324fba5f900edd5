"""How gunicorn serves the portal."""

import gc
import os
import shutil
from pathlib import Path
from typing import Any

from prometheus_client import multiprocess

from config import environment
from config.logs import LOGGING

bind = f"{environment.text('HOST', '127.0.0.1')}:{environment.number('PORT', 8000)}"
workers = environment.number("WEB_WORKERS", 2)
worker_class = "config.web_worker.Worker"
sendfile = False  # it would wait for a reader for ever
threads = environment.number("WEB_THREADS", 4)
timeout = 60
graceful_timeout = 10
keepalive = 15
limit_request_line = 0  # reports have long addresses, and the worker limits the whole head
accesslog = None  # its lines would hold query strings
loglevel = "warning"
logconfig_dict = LOGGING
control_socket_disable = True  # it would lie in the home of whoever starts the portal


def post_worker_init(_: Any) -> None:
    """What a worker has read until now stays for good, so that no collection of garbage looks through it again; and a
    request leaves too little behind to look for it several times meanwhile."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def child_exit(_: Any, worker: Any) -> None:
    """What a worker counted stays in the sums, and its gauges go."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_starting(_: Any) -> None:
    """Counters of an earlier run would be added to those of this one."""
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        shutil.rmtree(folder, ignore_errors=True)
        Path(folder).mkdir(parents=True)
