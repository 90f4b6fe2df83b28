"""`sunledger credentials`: enter vendor accounts, try them, switch them off and on, and replace the vault's key.

Secrets come from a hidden prompt, a file or standard input, never from arguments, which others can see.
"""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from include.cli import output

app = typer.Typer(no_args_is_help=True, help="Vendor accounts: their secrets, states and the vault's keys.")
COLUMNS = (
    "credential_id", "organization", "source_system", "label", "auth_type", "state", "sites", "renewable_until",
    "last_used_at", "last_error", "key_id",
)  # fmt: skip
CredentialId = Annotated[int, typer.Argument(help="As `credentials list` shows it.", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why; it is kept in the audit entries.")]


@app.command()
def add(
    organization: Annotated[str, typer.Option(help="Name or id of the organization that owns the account.")],
    source: Annotated[str, typer.Option(help="The vendor.")],
    label: Annotated[str, typer.Option(help="Tells several accounts at one vendor apart.")] = "",
    auth_type: Annotated[str, typer.Option(help="The kind of account, where the vendor has several.")] = "",
    secret_file: Annotated[
        str, typer.Option(help="File with the secret, `-` for standard input: the value alone, or a JSON object.")
    ] = "",
    login_hint: Annotated[str, typer.Option(help="E-mail of the plants' owner, whom the vendor asks by letter.")] = "",
    calls_per_minute: Annotated[
        int | None, typer.Option(min=1, help="Where the account allows another number.")
    ] = None,
    monthly_credits: Annotated[int | None, typer.Option(min=1, help="Where the plan allows another number.")] = None,
) -> None:
    """Enter an account or replace its secret; an account of the same label keeps its sites."""
    from include.pipeline import credentials, entered_secrets
    from include.warehouse import credentials as stored
    from include.warehouse import registry
    from include.warehouse.database import connect

    if login_hint:
        kind, secret = entered_secrets.read_secret(source, auth_type or "client_credentials", login_hint)
    else:
        kind, secret = entered_secrets.read_secret(source, auth_type, _secret_text(source, auth_type, secret_file))
    with connect() as connection:
        owner = credentials.Account(registry.organization_id(connection, organization), source, label)
        limits = {"calls_per_minute": calls_per_minute, "monthly_credits": monthly_credits}
        credential_id = credentials.enter(connection, owner, kind, secret, getpass.getuser(), limits)
        state = stored.get(connection, credential_id)["state"]
    output.console.print(f"credential {credential_id} is stored, {state.replace('_', ' ')}")


@app.command("list")
def list_credentials(json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List the accounts with their states, never their secrets."""
    from include.warehouse import credential_lists
    from include.warehouse.database import connect

    with connect() as connection:
        rows = credential_lists.listing(connection)
    output.as_json(rows) if json else output.as_table(rows, COLUMNS, "credentials")


@app.command()
def test(credential_id: CredentialId) -> None:
    """Connect with an account and list its sites; nothing but its state is stored."""
    from include.pipeline import credentials

    names = credentials.test(credential_id)
    output.console.print(f"credential {credential_id} works: {len(names)} sites", markup=False)
    for name in names:
        output.console.print(f"  {name}", markup=False)


@app.command()
def disable(credential_id: CredentialId, reason: Reason = "") -> None:
    """Take an account out of use; its secret stays."""
    _switch(credential_id, False, reason)


@app.command()
def enable(credential_id: CredentialId, reason: Reason = "") -> None:
    """Take an account back into use."""
    _switch(credential_id, True, reason)


@app.command("rotate-key")
def rotate_key() -> None:
    """Encrypt every secret again that is not under the newest key; may be stopped and run again at any time."""
    from rich.progress import Progress

    from include.pipeline import credentials
    from include.warehouse import credential_lists
    from include.warehouse.database import connect

    try:
        with Progress(console=output.console) as progress:
            bar = progress.add_task("encrypting again", total=None)
            for done, total in credentials.rotate(getpass.getuser()):
                progress.update(bar, completed=done, total=total)
    finally:
        with connect() as connection:
            for key_id, records in credential_lists.records_by_key(connection).items():
                output.console.print(f"key {key_id}: {records} records", markup=False)


def _switch(credential_id: int, on: bool, reason: str) -> None:
    from include.pipeline import credentials

    state = credentials.switch(credential_id, on=on, actor=getpass.getuser(), reason=reason)
    output.console.print(f"credential {credential_id} is {state.replace('_', ' ')}")


def _secret_text(source: str, auth_type: str, file: str) -> str:
    """The secret as text; asked for without echo, field by field, where no file is given."""
    from include.core.errors import ConfigurationError

    if file == "-":
        return sys.stdin.read()
    if file:
        try:
            return Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"the secret cannot be read from {file}") from error
    if not sys.stdin.isatty():
        raise ConfigurationError("there is no terminal to ask for the secret", remedy="use --secret-file FILE or -")
    return _asked(source, auth_type)


def _asked(source: str, auth_type: str) -> str:
    import json

    from include.core.errors import ConfigurationError
    from include.pipeline import entered_secrets

    kinds = {kind: fields for kind, fields in entered_secrets.kinds(source).items() if fields.needed}
    ways = [fields for kind, fields in kinds.items() if auth_type in {"", kind}]
    if len(ways) != 1:
        raise ConfigurationError(
            f"{source} has {len(kinds)} kinds of account to enter", remedy=f"--auth-type names one: {', '.join(kinds)}"
        )
    [fields] = ways
    given = {name: getpass.getpass(f"{name}: ") for name in fields.needed}
    given |= {name: getpass.getpass(f"{name} (may be left empty): ") for name in fields.optional}
    return json.dumps(given)
