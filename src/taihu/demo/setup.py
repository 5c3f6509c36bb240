"""The demo's project: a copy of the example with this machine's addresses in ``taihu.local.yml``."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taihu.core.errors import NotFound
from taihu.demo.senders import SENDERS

_NOT_COPIED = shutil.ignore_patterns("generated", "lake", "keys", "out", "logs", "inbox", "taihu.local.yml", "__pycache__")


def example_folder() -> Path:
    """Company A as it lies in the wheel, or in the source checkout."""
    here = Path(__file__).resolve()
    for folder in (here.parent / "company_a", here.parents[3] / "examples" / "company_a"):
        if (folder / "taihu.yml").is_file():
            return folder
    raise NotFound("the example project company_a is not installed", fix="install taihu again, or run from a source checkout")


def write_project(folder: Path, accounts: Mapping[str, Any]) -> dict[str, str]:
    """Copy the example into ``folder`` and point its accounts at a world's servers.

    Args:
        folder: The project; files that are there already (an inbox) stay.
        accounts: What :func:`taihu.demo.world.start_world` tells.

    Returns:
        Environment variables that hold the passwords, as the project's references name them.
    """
    shutil.copytree(example_folder(), folder, ignore=_NOT_COPIED, dirs_exist_ok=True)
    saved = [sender.channel.partition("/")[2] for sender in SENDERS if sender.channel.startswith("inbox/")]
    for name in ("distributors", "stores", "prices", "targets", *saved):
        (folder / "inbox" / name).mkdir(parents=True, exist_ok=True)
    keys = folder / "keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    known_hosts = keys / "sftp_known_hosts"
    known_hosts.write_text(accounts["sftp"]["known_hosts"].strip() + "\n", encoding="utf-8")
    (folder / "taihu.local.yml").write_text(_local_yaml(accounts), encoding="utf-8")
    return {
        "BI_MAILBOX_PASSWORD": accounts["mailbox"]["password"],
        "PARTNER_SFTP_PASSWORD": accounts["sftp"]["password"],
        "RETAILER_PORTAL_PASSWORD": accounts["portal"]["password"],
        "HUANAN_ZIP_PASSWORD": accounts["zip_passwords"]["sell_out_huanan"],
        "TMALL_ZIP_PASSWORD": accounts["zip_passwords"]["tmall_orders"],
        "SMTP_PASSWORD": "",
    }


def _local_yaml(accounts: Mapping[str, Any]) -> str:
    mailbox, sftp, portal, smtp = accounts["mailbox"], accounts["sftp"], accounts["portal"], accounts["smtp"]
    return f"""# Addresses of the simulated company on this machine; made by taihu demo.
accounts:
  bi_mailbox:
    kind: imap
    host: {mailbox["host"]}
    port: {mailbox["port"]}
    user: {mailbox["user"]}
    password: env:BI_MAILBOX_PASSWORD
    passwords: [env:HUANAN_ZIP_PASSWORD, env:TMALL_ZIP_PASSWORD]
    tls: false
  partner_sftp:
    kind: sftp
    host: {sftp["host"]}
    port: {sftp["port"]}
    user: {sftp["user"]}
    password: env:PARTNER_SFTP_PASSWORD
    known_hosts: keys/sftp_known_hosts
  retailer_portal: {{kind: portal, url: "{portal["url"]}", user: {portal["user"]}, password: env:RETAILER_PORTAL_PASSWORD, tls: false}}
  erp: {{kind: sqlite, database: "{accounts["erp"]["database"]}"}}
  rates_site: {{kind: http, url: "{accounts["rates"]["url"]}", tls: false}}
  outgoing: {{kind: smtp, host: {smtp["host"]}, port: {smtp["port"]}, tls: false}}
"""
