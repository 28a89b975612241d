"""The virtual modem at its AT port: what it answers, what it forgets, and what it does with what comes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from hil.rig.virtual.modem import tpdu
from hil.rig.virtual.modem.client import VirtualModem
from hil.rig.virtual.modem.terminal import FINAL, Terminal, lines, part, reopened, wait

Start = Callable[..., tuple[VirtualModem, Terminal]]

# -- power-up ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "boot", "busy"),
    [
        ("sim7600", ["RDY", "+CPIN: READY", "SMS DONE", "PB DONE"], "+CMS ERROR: SIM busy"),
        (
            "ec25",
            ["RDY", "+CFUN: 1", "+CPIN: READY", "+QUSIM: 1", "+QIND: SMS DONE", "+QIND: PB DONE"],
            "+CMS ERROR: 314",
        ),
    ],
)
def test_a_make_boots_as_it_does_and_its_sms_commands_wait_for_it(
    start: Start, make: str, boot: list[str], busy: str
) -> None:
    modem, terminal = start("--personality", make, "--boot", "0.6")
    modem.inject("power_cut", off_s=0.1)
    terminal.close()
    terminal = reopened(modem, terminal)
    asked = {command: terminal.ask(command)[-1] for command in ("AT", "AT+CPMS?", "AT+CMGL=4", "AT+CNMI?")}
    assert asked == {"AT": "OK", "AT+CPMS?": busy, "AT+CMGL=4": busy, "AT+CNMI?": busy}
    terminal.until("PB DONE", within=10)
    said = [line for line in lines(b"".join(terminal.reads)) if line in boot]
    assert said == boot[-len(said) :]
    assert len(said) >= len(boot) - 1  # the first may be said before anybody opened the port
    assert terminal.ask("AT+CPMS?")[-1] == "OK"
    terminal.close()


def test_settings_are_lost_at_power_up_and_what_is_stored_is_not(start: Start) -> None:
    modem, terminal = start("--personality", "ec25", "--boot", "0.1")
    settings = ("AT+CMEE?", "AT+CMGF?", "AT+CNMI?", "AT+CPMS?", "AT+CSCS?", "AT+CSMS?", "AT+CMMS?")

    def told() -> list[list[str]]:
        return [terminal.ask(command)[-2:] for command in settings]  # a line of the boot may stand before

    fresh = told()
    for command in (
        "AT+CMEE=2", "AT+CMGF=1", "AT+CNMI=2,1,0,2,0", 'AT+CPMS="SM","SM","SM"', 'AT+CSCS="GSM"', "AT+CSMS=1", "AT+CMMS=2"
    ):  # fmt: skip
        assert terminal.ask(command)[-1] == "OK"
    changed = told()
    assert all(before != after for before, after in zip(fresh, changed, strict=True))
    modem.inject("bring", number="+33698765432", text="OUI")
    modem.inject("power_cut", off_s=0.1)
    terminal.close()
    terminal = reopened(modem, terminal)
    assert terminal.ask("AT")[-2:] == ["AT", "OK"]  # with its echo
    terminal.get_ready()
    assert told() == fresh
    assert modem.inject("look")["stored"] == {"ME": 0, "SM": 1, "SR": 0}
    terminal.close()


# -- answers -----------------------------------------------------------------------------------------------------------


def test_errors_are_worded_as_asked(start: Start) -> None:
    for make, bare in (("sim7600", "ERROR"), ("ec25", "+CMS ERROR: 321")):
        _, terminal = start("--personality", make, "--boot", "0")
        worded = [terminal.ask(f"AT+CMEE={how};+CMGR=7") for how in (0, 1, 2)]
        assert worded == [[bare], ["+CMS ERROR: 321"], ["+CMS ERROR: Invalid memory index"]]
        assert terminal.ask('AT+CSCS="ELVISH"') == ["+CME ERROR: Incorrect parameters"]


def test_several_commands_on_one_line_are_obeyed_up_to_the_one_that_fails(start: Start) -> None:
    _, terminal = start()
    assert terminal.ask("ATE0V1;+CMGF=1;+CNMI=2,1;+CMGF?") == ["+CMGF: 1", "OK"]
    assert terminal.ask("AT+CMGF=0;+NONSENSE;+CNMI=1,0")[-1] == "ERROR"
    assert terminal.ask("AT+CMGF?;+CNMI?") == ["+CMGF: 0", "+CNMI: 2,1,0,0,0", "OK"]


@pytest.mark.parametrize(
    ("pdu", "why"),
    [
        ("0021000B913316325476F8000802D83D", "truncated or damaged"),  # half a surrogate pair
        ("0021000B913316325476F800000341", "TP-UDL"),
        ("0021000B913316325476F80000011B", "a pair was split"),
        ("0021000B913316325476F8000C0141", "TP-DCS"),
        ("0021000B91331632547608000802004F", "destination"),  # the filler is not F
        ("00210000910008020041", "0 digits"),
        ("0061000B913316325476F80008080500030703040041", "part 4 of 3"),
        ("0002000B913316325476F8000802004F", "not a SUBMIT"),
        ("0021000B913316325476F80008040041", "TP-UDL"),
        ("0021ZZ", "not hex"),
    ],
)
def test_the_network_is_strict(pdu: str, why: str) -> None:
    with pytest.raises(tpdu.BadTpdu, match=why):
        tpdu.read_submit(pdu, len(pdu) // 2 - 1)


def test_listing_and_reading_mark_as_read_and_the_flags_of_deleting_go_by_kind(start: Start) -> None:
    modem, terminal = start()

    def kinds() -> list[str]:
        return [line.split(",")[1] for line in terminal.ask("AT+CMGL=4") if line.startswith("+CMGL")]

    def fill() -> None:
        terminal.ask("AT+CMGD=1,4")
        for number in range(4):
            modem.inject("bring", number="+33698765432", text=f"Réponse {number}")
        for kind in (2, 3):
            length, pdu = part("Brouillon")
            terminal.say(f"AT+CMGW={length},{kind}\r".encode())
            terminal.until("> ")
            terminal.say(pdu.encode() + b"\x1a")
            terminal.until("OK\r\n")
        assert terminal.ask("AT+CMGR=2")[0].startswith("+CMGR: 0,,")
        assert terminal.ask("AT+CMGR=2")[0].startswith("+CMGR: 1,,")

    fill()
    assert kinds() == ["0", "1", "0", "0", "2", "3"]
    assert kinds() == ["1", "1", "1", "1", "2", "3"]
    left = {}
    for flag in (1, 2, 3, 4):
        fill()
        assert terminal.ask(f"AT+CMGD=1,{flag}") == ["OK"]
        left[flag] = kinds()
    assert left == {1: ["0", "0", "0", "2", "3"], 2: ["0", "0", "0", "2"], 3: ["0", "0", "0"], 4: []}
    assert terminal.ask("AT+CMGD=1") == ["+CMS ERROR: 321"]


def test_a_long_listing_arrives_whole_however_slow_its_reader(start: Start) -> None:
    modem, terminal = start()
    for number in range(80):
        modem.inject("bring", number="+33698765432", text=f"{number} " + "ŷ" * 60)
    terminal.say(b"AT+CMGL=4\r")
    time.sleep(0.5)
    listed = lines(terminal.until(FINAL.pattern.decode()))
    assert len(listed) == 161
    assert len(b"".join(terminal.reads)) > 16_000


# -- what comes --------------------------------------------------------------------------------------------------------


def test_notices_are_kept_back_in_mode_0_then_said_or_forgotten(start: Start) -> None:
    modem, terminal = start()
    for bfr, said in ((0, ["OK", '+CMTI: "ME",1', '+CMTI: "ME",2']), (1, ["OK"])):
        terminal.ask("AT+CMGD=1,4")
        terminal.ask("AT+CNMI=0,1,0,2")
        modem.inject("bring", number="+33698765432", text="Un")
        modem.inject("bring", number="+33698765432", text="Deux")
        assert terminal.listen(0.1) == b""
        terminal.say(f"AT+CNMI=1,1,0,2,{bfr}\r".encode())
        heard = terminal.until(f"{re.escape(said[-1])}\r\n")
        assert lines(heard + terminal.listen(0.1)) == said
    assert terminal.ask("AT+CNMI=7,1") == ["+CMS ERROR: 303"]


def test_what_is_pushed_is_lost_when_nobody_listens_unless_it_must_be_acknowledged(start: Start) -> None:
    modem, terminal = start("--report-after", "0.05")
    terminal.ask("AT+CNMI=2,2,0,1,0")
    terminal.submit("Avec accusé")
    terminal.until(r"\r\n\+CDS: 2\d\r\n0006[0-9A-F]+\r\n")
    modem.inject("bring", number="+33698765432", text="Entendu")
    terminal.until(r"\r\n\+CMT: ,\d+\r\n00[0-9A-F]+\r\n")
    terminal.leave()
    modem.inject("bring", number="+33698765432", text="Perdu")
    assert modem.inject("look")["stored"]["ME"] == modem.inject("look")["held"] == 0
    terminal = Terminal(modem)
    terminal.ask("AT+CSMS=1;+CNMI=2,2")
    modem.inject("bring", number="+33698765432", text="Acquitté")
    terminal.until("CMT: ,")
    assert terminal.ask("AT+CNMA")[-1] == "OK"
    assert terminal.ask("AT+CNMA")[-1] == "+CMS ERROR: 340"
    modem.inject("bring", number="+33698765432", text="Gardé")
    terminal.until(r"CMT: ,\d+\r\n\w+\r\n")
    wait(lambda: modem.inject("look")["held"] == 1)
    assert terminal.ask("AT+CNMI?")[0] == "+CNMI: 2,0,0,0,0"
    terminal.close()


@pytest.mark.parametrize(("make", "full"), [("sim7600", "+SMS FULL"), ("ec25", '+QIND: "smsfull","SM"')])
def test_what_finds_no_room_is_held_by_the_network_and_brought_in_order(start: Start, make: str, full: str) -> None:
    modem, terminal = start("--personality", make, "--boot", "0", "--capacity", "ME=0", "--capacity", "SM=3",
                            "--reports-in", "SM", "--retry-after", "0.05")  # fmt: skip
    terminal.ask('AT+CNMI=2,1,0,2;+QINDCFG="smsfull",1')
    terminal.ask("AT+CNMI=2,1,0,2")
    for number in range(7):
        modem.inject("bring", number="+33698765432", text=f"{number}")
    terminal.until(f"{re.escape(full)}\r\n")
    read = []
    for held in (4, 1, 0):
        wait(lambda left=held: modem.inject("look")["held"] == left)
        listed = [line for line in terminal.ask("AT+CMGL=4") if line.startswith("00")]
        assert len(listed) <= 3
        read += listed
        terminal.ask("AT+CMGD=0,4")
    assert [line[-2:] for line in read] == [f"{ord(digit):02X}" for digit in "0123456"]


def test_a_modem_that_is_off_gets_reports_and_messages_later(start: Start) -> None:
    modem, terminal = start("--report-after", "0.2")
    terminal.submit()
    modem.inject("unplug")
    modem.inject("bring", number="+33698765432", text="Pendant la coupure")
    wait(lambda: modem.inject("look")["held"] == 2)
    modem.inject("plug")
    wait(lambda: modem.inject("look")["stored"]["ME"] == 2)


def test_a_modem_that_hangs_or_boots_takes_nothing_until_it_is_well(start: Start) -> None:
    modem, _ = start("--personality", "ec25", "--boot", "0.2")
    modem.arm(hang=1)
    modem.inject("bring", number="+33698765432", text="Pendant la panne")
    assert modem.inject("look")["held"] == 1
    modem.arm(hang=0)
    wait(lambda: modem.inject("look")["stored"]["ME"] == 1)
    modem.inject("power_cut", off_s=0)
    modem.inject("bring", number="+33698765432", text="Pendant le démarrage")
    assert modem.inject("look")["held"] == 1
    wait(lambda: modem.inject("look")["stored"]["ME"] == 2)


def test_what_reports_say_is_changed_while_it_runs(start: Start) -> None:
    modem, terminal = start("--report-after", "9")
    modem.inject("reports", status=0x46, after_s=0)
    terminal.submit()
    wait(lambda: modem.inject("look")["stored"]["ME"] == 1)
    assert terminal.ask("AT+CMGR=1")[1].endswith("46")
    modem.inject("reports", on=False)
    terminal.submit()
    time.sleep(0.1)
    assert modem.inject("look")["stored"]["ME"] == 1


def test_reports_may_be_lost_while_nobody_asked_for_them_and_may_come_twice(start: Start) -> None:
    modem, terminal = start("--drops-unrouted", "--report-after", "0", "--report-first", "48")
    terminal.submit()
    time.sleep(0.1)
    assert modem.inject("look")["stored"]["ME"] == 0
    terminal.ask("AT+CNMI=2,1,0,2")
    terminal.submit()
    wait(lambda: modem.inject("look")["stored"]["ME"] == 2)
    reports = [line for line in terminal.ask("AT+CMGL=4") if line.startswith("0006")]
    assert [report[-2:] for report in reports] == ["30", "00"]


# -- sending -----------------------------------------------------------------------------------------------------------


def test_the_message_reference_wraps_or_is_that_of_the_part(start: Start) -> None:
    _, terminal = start("--first-reference", "255")
    assert [terminal.submit()[0] for _ in range(2)] == ["+CMGS: 255", "+CMGS: 0"]
    _, terminal = start("--part-references")
    assert terminal.submit(reference=77)[0] == "+CMGS: 77"


def test_the_latency_is_from_the_end_of_the_text_and_a_share_of_it_while_the_link_is_kept(start: Start) -> None:
    """The share is three here, and one of a real modem: that it takes at least so long can be said on any machine."""
    _, terminal = start("--latency", "0.4", "--more-messages", "3", "--prompt-latency", "0.1")

    def took(do: Callable[[], object]) -> float:
        begun = time.monotonic()
        do()
        return time.monotonic() - begun

    assert took(terminal.begin) >= 0.1
    assert took(lambda: terminal.until("CMGS: 0")) >= 0.35
    terminal.ask("AT+CMMS=2")
    terminal.submit()
    terminal.begin()
    assert took(lambda: terminal.until("CMGS: 2")) >= 1.15


def test_a_realistic_one_takes_the_time_of_its_make(start: Start) -> None:
    modem, terminal = start("--personality", "ec25", "--realistic", "--boot", "0", "--list-latency", "0.2")
    for text in ("Un", "Deux"):
        modem.inject("bring", number="+33698765432", text=text)
    for command, least in (("AT", 0.02), ("AT+CMGL=4", 0.4), ("AT+CMGD=0", 0.15)):
        begun = time.monotonic()
        assert terminal.ask(command)[-1] == "OK"
        assert time.monotonic() - begun >= least
    begun = time.monotonic()
    terminal.submit()
    assert time.monotonic() - begun >= 2.0


def test_without_a_service_centre_only_a_part_with_its_own_is_taken(start: Start) -> None:
    modem, terminal = start("--do", '{"do": "smsc", "number": ""}')
    assert terminal.ask("AT+CSCA?")[0] == '+CSCA: "",129'
    assert terminal.submit() == ["+CMS ERROR: 330"]
    assert terminal.submit(centre="07913306091093F0")[-1] == "OK"
    terminal.ask('AT+CSCA="+33609001390",145')
    assert terminal.submit()[-1] == "OK"
    assert len(modem.log()) == 2


def test_a_stored_part_is_sent_from_the_storage(start: Start) -> None:
    modem, terminal = start()
    length, pdu = part("Gardé au chaud")
    terminal.say(f"AT+CMGW={length}\r".encode())
    terminal.until("> ")
    terminal.say(pdu.encode() + b"\x1a")
    terminal.until("CMGW: 1")
    terminal.until("OK")
    assert terminal.ask("AT+CMSS=1") == ["+CMSS: 0", "OK"]
    assert [line.text for line in modem.log()] == ["Gardé au chaud"]
    assert terminal.ask("AT+CMGL=3")[0].startswith("+CMGL: 1,3,")


def test_a_malformed_part_is_refused_and_a_line_of_its_own_in_the_log(start: Start) -> None:
    modem, terminal = start()
    terminal.say(b"AT+CMGS=14\r")
    terminal.until("> ")
    terminal.say(b"0001000B91\x1a")
    assert lines(terminal.until(FINAL.pattern.decode())) == ["+CMS ERROR: 304"]
    assert terminal.submit("Après")[-1] == "OK"
    assert [line.text for line in modem.log()] == ["Après"]
    assert [line.pdu for line in modem.malformed()] == ["0001000B91"]
    assert modem.inject("look")["malformed"] == 1
