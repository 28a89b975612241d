"""Scanners, guessers and floods: what outside hears, what the building bears, and who is never kept out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, HandPbx, Telephony
from hil.rig.virtual.sip.pbx import Pbx
from hil.rig.virtual.sip.wire import Hand, Message, NothingHeard, reply_to
from hil.rig.virtual.waiting import wait_for

GUESSES = 20
SEEN_MAX = 400  # guard.cfg: requests in ten seconds
FLOOD = 1500  # requests; three times what a phone may ask in one window


def with_internet(box: Telephony, extra: str = "", cloud: str = "# no cloud") -> str:
    """A site that also listens where the internet reaches it."""
    document = box.site(extra, cloud=cloud)
    return document.replace("listen = [", f'listen = [{{ address = "{box.net}.2", outside = true }}, ')


@pytest.fixture(scope="module")
def box(shared_telephony: Telephony) -> Telephony:
    shared_telephony.start(with_internet(shared_telephony))
    return shared_telephony


@pytest.fixture(autouse=True)
def _as_new(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "box" in request.fixturenames:
        shared: Telephony = request.getfixturevalue("box")
        for ban in shared.json("voice", "bans")["bans"]:
            shared.root.repli("voice", "bans", "--remove", ban["address"])


def from_internet(box: Telephony, number: str, host: int, password: str = "", port: int = 5060) -> Hand:
    hand = box.hand(number, host, port, password=password)
    hand.box = (f"{box.net}.2", 5060)
    return hand


def bans(box: Telephony) -> dict[str, tuple[str, str]]:
    return {ban["address"]: (ban["kind"], ban["reason"]) for ban in box.json("voice", "bans")["bans"]}


def issue(box: Telephony, name: str) -> dict[str, object]:
    """The issue, once it is raised: voice looks twice a second."""

    def raised() -> list[dict[str, object]]:
        (voice,) = [one for one in box.json("status")["daemons"] if one["name"] == "voice"]
        return [one for one in voice["issues"] if one["id"] == name]

    wait_for(lambda: bool(raised()), name, every=0.2)
    return raised()[0]


def registration(hand: Hand) -> Message:
    to = f"<sip:{hand.number}@{DOMAIN}>"
    return hand.compose("REGISTER", f"sip:{DOMAIN}", to=to, headers=[("Contact", hand.contact)])


def blocked(box: Telephony, hand: Hand) -> bool:
    """Whether its address is, by Kamailio's own table: what is not answered in time may only be slow."""
    return hand.wire.address in str(box.rpc("htable.dump", "ban"))


def tries_until_silence(box: Telephony, hand: Hand, most: int) -> int:
    """How many wrong proofs are answered."""
    for tried in range(most):
        try:
            hand.register(timeout=0.7)
        except NothingHeard:
            if blocked(box, hand):
                return tried
    return most


def flood(hand: Hand, count: int = FLOOD) -> None:
    for _ in range(count):
        hand.wire.send(registration(hand), hand.box)


def limited_anew(box: Telephony, hand: Hand) -> bool:
    """Flood in a window of its own; whether that was too much. For the ten seconds of the window it is not heard then."""
    box.rpc("htable.seti", "seen", hand.wire.address, 0)
    flood(hand)
    hand.wire.drain()
    return int(box.rpc("htable.get", "seen", hand.wire.address)["item"]["value"]) > SEEN_MAX


def stray_byes(hand: Hand, count: int) -> None:
    """What ends calls that nobody made: no strike, as it asks for nothing."""
    uri = f"sip:102@{DOMAIN}"
    for _ in range(count):
        hand.wire.send(hand.compose("BYE", uri, to=f"<{uri}>;tag=x"), hand.box)


# -- from outside, without the marks of a known tool (those: test_sipvicious.py) ------------------------------------------


def test_outside_nobody_is_answered_who_does_not_know_the_domain(box: Telephony) -> None:
    stranger = from_internet(box, "101", 50)
    for method in ("OPTIONS", "REGISTER", "INVITE", "SUBSCRIBE"):
        uri = f"sip:101@{box.net}.2"
        headers = [("Contact", stranger.contact)]
        for to in (None, f"<{uri}>;tag=made-up"):
            stranger.wire.send(stranger.compose(method, uri, to=to, headers=headers), stranger.box)
    late = stranger.compose("OPTIONS", f"sip:{box.net}.2")
    late.headers = [(name, "0" if name == "Max-Forwards" else value) for name, value in late.headers]
    stranger.wire.send(late, stranger.box)
    stranger.wire.sock.sendto(b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP x\r\n\r\n", stranger.box)
    with pytest.raises(NothingHeard):
        stranger.wire.receive(lambda _: True, 1.0)


def test_a_telephone_of_ours_at_home_is_served(box: Telephony) -> None:
    home = from_internet(box, "101", 51)
    assert home.register().code == 200
    assert bans(box) == {}


def test_outside_a_guesser_is_blocked_within_twenty_tries_and_let_in_again_by_a_person(box: Telephony) -> None:
    guesser = from_internet(box, "101", 52, password="wrong")
    assert tries_until_silence(box, guesser, GUESSES + 1) < GUESSES
    address = guesser.wire.address
    assert bans(box)[address] == ("blocked", "guessing")
    guesser.password = PASSWORDS["101"]
    assert tries_until_silence(box, guesser, 1) == 0, "the right password comes too late"
    found = issue(box, "voice.addresses_blocked")
    assert found["severity"] == "info"
    assert address in str(found["data"])
    assert address in box.root.repli("voice", "bans").stdout

    freed = box.root.repli("voice", "bans", "--remove", address)
    assert (freed.returncode, "n'est plus" in freed.stdout) == (0, True)
    assert box.root.repli("voice", "bans", "--remove", address).returncode == 1
    assert guesser.register().code == 200


def test_outside_who_only_asks_is_blocked_too(box: Telephony) -> None:
    """As svwar with --domain: the same challenge for whoever exists or not, and then silence."""
    scanner = from_internet(box, "101", 53)
    answers = set()
    for number in range(100, 200):
        scanner.number = str(number)
        try:
            answers.add(scanner.register(prove=False, timeout=0.7).code)
        except NothingHeard:
            if blocked(box, scanner):
                break
    assert answers == {401}
    assert number < 175
    assert bans(box)[scanner.wire.address][0] == "blocked"


def test_outside_a_flood_is_blocked(box: Telephony) -> None:
    source = from_internet(box, "101", 54)
    stray_byes(source, 400)
    wait_for(lambda: source.wire.address in bans(box), "the ban", every=0.2)


def test_a_block_ends_by_itself(telephony: Telephony) -> None:
    box = telephony
    box.start(with_internet(box) + "[voice.guard]\nban_s = 10\n")
    guesser = from_internet(box, "101", 52, password="wrong")
    assert tries_until_silence(box, guesser, GUESSES) < GUESSES
    guesser.password = PASSWORDS["101"]
    wait_for(lambda: tries_until_silence(box, guesser, 1) == 1, "the end of the block", every=0.5)
    assert bans(box) == {}


# -- in the building ------------------------------------------------------------------------------------------------------


def test_in_the_building_a_guesser_learns_nothing_and_is_reported(box: Telephony) -> None:
    """Answered as before, so that it does not know; but from some try on the right password is wrong, too."""
    guesser = box.hand("102", 60, password="wrong")
    assert all(guesser.register().code == 401 for _ in range(GUESSES))
    guesser.password = PASSWORDS["102"]
    assert guesser.register().code == 401
    assert bans(box)[guesser.wire.address] == ("limited", "guessing")
    assert issue(box, "voice.phone_limited")["subject"] == guesser.wire.address
    # Another phone of that extension, and another account of that address, are none of its affair.
    assert box.hand("102", 61).register().code == 200
    other = Hand(guesser.wire, "103", PASSWORDS["103"], DOMAIN, guesser.box)
    assert other.register().code == 200


def test_thirty_accounts_behind_one_address_are_never_limited(telephony: Telephony) -> None:
    """A DECT base or an ATA after a power cut: everybody registers at once, and again, and again."""
    box = telephony
    people = {str(number): f"secret-{number}" for number in range(200, 230)}
    box.start(box.site(cloud="# no cloud", extensions=people))
    wire = box.wire(70)
    accounts = [Hand(wire, number, secret, DOMAIN, box.box) for number, secret in people.items()]
    for _ in range(20):
        assert all(account.register().code == 200 for account in accounts)
    wrong = [Hand(wire, number, "old", DOMAIN, box.box) for number in people]
    assert all(account.register().code == 401 for account in wrong)
    assert all(account.register().code == 200 for account in accounts)
    assert bans(box) == {}


def test_a_flood_in_the_building_is_limited_and_reported_and_still_calls_for_help(box: Telephony) -> None:
    trunk = box.wire(20)
    source = box.hand("103", 62, password="wrong")
    flood(source)
    wait_for(lambda: bans(box).get(source.wire.address) == ("limited", "flood"), "the report", every=0.2)
    assert issue(box, "voice.phone_limited")["subject"] == source.wire.address
    for message in (source.compose("OPTIONS", f"sip:{DOMAIN}"), registration(source)):
        wait_for(lambda: limited_anew(box, source), "more than one window takes")
        source.wire.send(message, source.box)
        with pytest.raises(NothingHeard):
            source.wire.final(message, 0.5)
    call = source.invitation("112")
    source.wire.send(call, source.box)
    request, where = trunk.request()
    trunk.send(reply_to(request, 200, "OK", [("Contact", f"<sip:{trunk.address}>")], tag="callee"), where)
    reply = source.wire.final(call)
    assert reply.code == 200
    # What belongs to the call passes, too.
    bye = source.compose("BYE", f"sip:{trunk.address}", to=reply.get("To"), call_id=call.get("Call-ID"))
    bye.headers += [("Route", route) for route in reply.all("Record-Route")]
    source.wire.send(bye, source.box)
    assert trunk.request(method="BYE")


# -- never ------------------------------------------------------------------------------------------------------------------


def test_the_cloud_pbx_and_a_trunk_are_never_kept_out(telephony: Telephony) -> None:
    box = telephony
    pbx = HandPbx(box.wire(10))
    box.start(with_internet(box, cloud=f'cloud = {{ address = "{box.cloud}" }}'))
    trunk = box.wire(20)
    phone = box.hand("101", 101)
    assert phone.register(prove=False).code == 200
    outside = (f"{box.net}.2", 5060)
    for wire in (pbx.wire, trunk):
        caller = Hand(wire, "0123456789", "", DOMAIN, outside)
        for number in range(1000, 1300):
            wire.send(caller.compose("INVITE", f"sip:{number}@{box.net}.2"), outside)
    assert bans(box) == {}
    call = pbx.call(pbx.registered[-1].get("Contact").strip("<>"), outside)
    request, source = phone.wire.request()
    phone.wire.send(reply_to(request, 486, "Busy Here"), source)
    assert pbx.final(call).code == 486


def test_guesses_do_not_make_the_cloud_block_the_box(telephony: Telephony) -> None:
    """The cloud PBX sees one address for the whole building: it must not see what one phone gets wrong all day."""
    box = telephony
    pbx = Pbx(box.place, box.cloud, DOMAIN, PASSWORDS)
    pbx.start()
    box.start()
    assert pbx.process is not None
    guesser = box.hand("101", 101, password="wrong")
    challenge = Message("SIP/2.0 401 Unauthorized", [("WWW-Authenticate", f'Digest realm="{DOMAIN}", nonce="y"')])
    for _ in range(GUESSES):
        guesser.ask(guesser.proved(registration(guesser), challenge), prove=False)
    assert "wrong proof" not in pbx.process.log_text(), "a nonce that it never gave is not shown to it"
    for _ in range(GUESSES * 2):
        guesser.register()
    assert 1 <= pbx.process.log_text().count("wrong proof") <= GUESSES
    assert bans(box)[guesser.wire.address] == ("limited", "guessing")
    assert box.hand("102", 102).register().code == 200
