"""The command `partita studio`."""

from typing import Annotated

from cyclopts import Parameter, validators

from partita.cli.console import note, say

Port = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65_535))]


def studio(
    *,
    port: Port = 8321,
    browser: bool = True,
    share_on_lan: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Open the studio in the browser: everything that partita does, without a command line.

    It runs on this machine and speaks to nobody else. Ctrl-C ends it; what was uploaded is then removed, models that
    were trained stay.

    Parameters
    ----------
    port
        Where it listens; another one is taken if this is in use.
    browser
        Open the page in the browser.
    share_on_lan
        Let other devices on the local network in, too: whoever opens the printed address, which holds a token.
    """
    from partita.studio.server import serve

    serve(port, open_browser=browser, share=share_on_lan, said=say, noted=note)
    return 0
