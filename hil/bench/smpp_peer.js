// npm's SMPP client as quick as it gets: a window of submits, receipts acknowledged, nothing kept.
"use strict";

const smpp = require("smpp");
const [port, count, window] = process.argv.slice(2).map(Number);

const session = smpp.connect({ host: "127.0.0.1", port }, () => {
  session.bind_transceiver({ system_id: "mairie", password: "secret" }, () => { for (let n = 0; n < window; n++) submit(); });
});
session.on("deliver_sm", (pdu) => session.send(pdu.response()));

let next = 0;
function submit() {
  if (next >= count) return;
  const phone = "336" + String(next++).padStart(8, "0");
  session.submit_sm({ destination_addr: phone, dest_addr_ton: 1, dest_addr_npi: 1, source_addr: "MAIRIE", source_addr_ton: 5,
    registered_delivery: 1, data_coding: 0, short_message: `Crue +${phone}` }, submit);
}
