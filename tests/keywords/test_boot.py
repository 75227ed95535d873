"""The keywords of the boot device, in a suite."""

from pathlib import Path

from tests.keywords.suites import run

SESSION = "Suite Setup    Establish Session    a"


def test_a_device_is_chosen_and_checked(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Chooses
            ${before}=    Set Boot Device    remote cd    persistent=True    efi=True
            Should Not Be True    ${before.valid}
            ${flags}=    Get Boot Flags    validate    value.valid and value.persistent and value.efi
            Should Be Equal    ${flags.device.words}    remote cd
            ${before}=    Set Boot Device    NONE
            Should Be Equal    ${before}    ${flags}
            Get Boot Flags    validate    not value.persistent
        Mistyped
            Run Keyword And Expect Error    *'pex'*    Set Boot Device    pex
        """,
        settings=SESSION,
        more="allow=write",
    )

    assert ran.code == 0, ran.tests


def test_choosing_needs_its_permission(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Refused
            Run Keyword And Expect Error    *write*    Set Boot Device    pxe
            Get Boot Flags    validate    not value.valid
        """,
        settings=SESSION,
    )

    assert ran.code == 0, ran.tests
