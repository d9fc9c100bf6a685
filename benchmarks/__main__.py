"""`python -m benchmarks [hearing|intent|recognition|reaction|capacity]`; without a name, all of these.

`learnt_noise` is for those who change the trainer.
"""

from __future__ import annotations

import signal

import typer

from benchmarks import capacity, hearing, intent, learnt_noise, reaction, recognition

app = typer.Typer(add_completion=False, help="Measure Sternik on this machine.")
app.command("hearing")(hearing.main)
app.command("intent")(intent.main)
app.command("recognition")(recognition.main)
app.command("reaction")(reaction.main)
app.command("capacity")(capacity.main)
app.command("learnt_noise")(learnt_noise.main)


@app.callback(invoke_without_command=True)
def everything(context: typer.Context) -> None:
    """Without a command: every benchmark of what callers notice with its defaults, the intents quickly."""
    # Ended by a time limit, a benchmark takes down what it started, as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if context.invoked_subcommand is None:
        hearing.main()
        intent.main(quick=True)
        recognition.main()
        reaction.main()
        capacity.main()


app()
