"""``taihu keys``: passwords that are kept in the keyring, for references such as ``keyring:erp``."""

from __future__ import annotations

import getpass
import re
import sys
from typing import Annotated

import typer

from taihu.cli import console
from taihu.cli.options import HERE, Json, Project, open_project
from taihu.core.errors import UsageError

keys_app = typer.Typer(help="Passwords in the keyring: keep one, list their names.", no_args_is_help=True)


@keys_app.command()
def put(
    name: Annotated[str, typer.Argument(help="Name, as in keyring:NAME.")],
    project: Project = HERE,
) -> None:
    """Keep a password in the keyring; it is asked for, or read from the standard input, and never an argument."""
    from taihu.guard.secrets import Secret

    if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        raise UsageError(f"{name!r} cannot be the name of a secret", fix="letters, digits, dots, dashes and underscores")
    with open_project(project) as ws:
        value = getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        if not value:
            raise UsageError("an empty password is not kept", fix="type it, or hand it in on the standard input")
        ws.keyring.secret_put(name, Secret(value, f"keyring:{name}"))
        ws.ledger.audited("secret.put", name, who=getpass.getuser(), detail="")
    console.say(console.t(f"已加密保存；在 taihu.yml 中写 keyring:{name}", f"kept sealed; write keyring:{name} in taihu.yml"))


@keys_app.command("list")
def list_(project: Project = HERE, json: Json = False) -> None:
    """Names of the passwords in the keyring; never their values."""
    with open_project(project) as ws:
        names, generation = ws.keyring.secret_names, ws.keyring.generation
    if json:
        console.show_json({"schema": "taihu.keys/1", "generation": generation, "secrets": names})
        return
    console.say(console.t(f"密钥环第 {generation} 代", f"keyring, generation {generation}"))
    for name in names:
        console.say(f"  keyring:{name}")
