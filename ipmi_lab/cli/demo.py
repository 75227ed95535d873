"""The command ``demo``: a Robot suite and a pytest suite on a small virtual lab, and one report of both."""

import os
import subprocess
import sys
from pathlib import Path

import click

from ipmi_lab.lab.run import RUN_ID, new_run_id

HERE = Path(__file__).parent


def examples() -> Path:
    """The suites: inside the installed package, or in the checkout that it was installed from."""
    packed = HERE / "demo_suites"
    return packed if packed.is_dir() else HERE.parent.parent / "examples"


@click.command("demo")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("ipmi-lab-report"),
    show_default=True,
    help="The folder of the report.",
)
def demo_command(output: Path) -> None:
    """Run a Robot suite and a pytest suite on virtual BMCs, and make one report of both."""
    folder = examples()
    inventory = folder / "lab.yaml"
    output = output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    shared = {**os.environ, RUN_ID: new_run_id(), "IPMI_LAB_REPORT": str(output), "IPMI_LAB_INVENTORY": str(inventory)}
    runs = {
        "Robot": ["robot", "--outputdir", str(output / "robot"), "--variable", f"INVENTORY:{inventory}"],
        "pytest": ["pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder / "pytest")],
    }
    codes = []
    for name, command in runs.items():
        click.secho(f"\n{name} suite", bold=True)
        suites = folder / name.lower()
        codes.append(subprocess.run([sys.executable, "-m", *command, str(suites)], env=shared, check=False).returncode)
    page = output / "index.html"
    click.secho(f"\nOne report of both: {page}", bold=True)
    if any(codes):
        raise SystemExit(1)
