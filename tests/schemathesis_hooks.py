"""What the generated calls of the stage `schemathesis` leave out."""

import schemathesis


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """A call may show one credential, and each of these already has its key: two are refused before anything else."""
    for name in ("Consentry-Secret", "Consentry-Site"):
        case.headers.pop(name, None)
