"""The command line as the report shows it."""

import pytest

from ipmi_lab.lab.commandline import command_line

PASSWORD_BYTES = ["0x70", "0x6c", "0x61"]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("/usr/bin/robot --outputdir out suite.robot", "robot --outputdir out suite.robot"),
        ("/x/robot/__main__.py -v PW:hunter2 suite", "python -m robot -v 'PW:****' suite"),
        ("robot --variable ANY:hunter2 -v B:hunter2", "robot --variable 'ANY:****' -v 'B:****'"),
        ("robot --variable=ANY:hunter2 -vB:hunter2", "robot '--variable=ANY:****' '-vB:****'"),
        ("robot --Variable ANY:hunter2", "robot --Variable 'ANY:****'"),
        ("robot --variablefile vars.py:hunter2 x", "robot --variablefile 'vars.py:****' x"),
        ("robot -V vars.py x", "robot -V vars.py x"),
    ],
)
def test_values_of_robots_variables_are_stars(words: str, shown: str) -> None:
    assert command_line(words.split(" "), robot=True) == shown


def test_a_secret_variable_with_a_type_is_stars() -> None:
    assert "hunter" not in command_line(["robot", "-v", "PW: Secret: hunter2:x"], robot=True)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("pytest -v tests/test_x.py::test_a", "pytest -v tests/test_x.py::test_a"),
        ("pytest -k passed -n 2 --ipmi-report=out", "pytest -k passed -n 2 --ipmi-report=out"),
        ("pytest --bmc-password=hunter2", "pytest '--bmc-password=****'"),
        ("pytest --bmc-password hunter2 -x", "pytest --bmc-password '****' -x"),
        ("pytest --api_key hunter2 --token -x", "pytest --api_key '****' --token -x"),
        ("pytest -t lanplus://admin:hunter2@10.0.0.7", "pytest -t 'lanplus://admin:****@10.0.0.7'"),
        (
            "ipmi-lab send SetUserPassword password=hunter2 user_id=2",
            "ipmi-lab send SetUserPassword 'password=****' user_id=2",
        ),
        ("ipmi-lab raw 0x06 0x01", "ipmi-lab raw 0x06 0x01"),
        ("ipmi-lab --lun 1 raw 0x06 0x47 2 2 0x68 0x75", "ipmi-lab --lun 1 raw 06 47 02 02 '**' '**'"),
        ("ipmi-lab raw --lun 1 6:47:2:2:68:75", "ipmi-lab raw --lun 01 06 47 02 02 '**' '**'"),
        ("", ""),
    ],
)
def test_what_may_be_a_secret_is_stars(words: str, shown: str) -> None:
    assert command_line(words.split(" ")) == shown
