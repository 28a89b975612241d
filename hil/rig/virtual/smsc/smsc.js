// A virtual SMS centre, on the SMPP server of npm: the protocol is another author's than the appliance's.
//
// Its log is the judge: one line of JSON for each part accepted, written before the answer. A real centre keeps what it
// accepted through a crash, and sends each receipt until it is acknowledged: this one reads its log when it starts.
// Requests come as lines of JSON on stdin, each answered by a line on stdout.
"use strict";

const fs = require("fs");
const readline = require("readline");
const smpp = require("smpp");

const options = {
  port: 0,
  log: null,
  account: "mairie",
  password: "secret",
  latency: 0, // ms until a submit_sm is answered
  receiptAfter: 50, // ms
  receipts: "both", // tlv, text, both, none
  ids: "decimal", // hexadecimal: in the answer; the receipt's text has the same number in decimal, as some makers do
  perSecond: 0, // more than so many in a second are throttled; 0: any number
  key: null,
  cert: null,
  ...JSON.parse(process.argv[2] || "{}"),
};

const faults = {
  spare: 0, // the next so many submits are not refused, whatever stands below
  throttle: 0, // the next so many submits: ESME_RTHROTTLED
  queue_full: 0, // ESME_RMSGQFUL
  refuse: 0, // the status below
  refuse_status: smpp.ESME_RINVDSTADR,
  refuse_bind: 0, // the next so many binds: ESME_RBINDFAIL
  lost_answer: 0, // accepted, and the connection is cut before the answer
  unanswered: 0, // accepted, the answer never comes, and the connection stays as it is
  cut_before: 0, // not accepted, and the connection is cut
  mute: 0, // 1: nothing is answered or taken, the connection stays
  forget_bind: 0, // not accepted, nor anything after it on the same connection: ESME_RINVBNDSTS
  unbind: 0, // accepted and answered, then it unbinds, and takes nothing more on this connection
  garbage: 0, // the next so many answers are octets of no protocol
  early_receipt: 0, // the receipt goes out before the answer
  no_receipt: 0, // accepted, and no receipt ever
};
let final = { state: smpp.MESSAGE_STATE.DELIVERED, word: "DELIVRD" };

const log = fs.openSync(options.log, "a");
const write = (entry) => fs.writeSync(log, JSON.stringify({ ns: Number(process.hrtime.bigint()), ...entry }) + "\n");
const sessions = new Set();
const owed = new Map(); // id -> accepted entry without an acknowledged receipt
let next = 1;

for (const line of fs.readFileSync(options.log, "utf8").split("\n")) {
  let entry;
  try { entry = JSON.parse(line); } catch { continue; } // empty, or cut off by a kill
  if (entry.event === "accepted") { owed.set(entry.id, { ...entry, at: Date.now() }); next = Math.max(next, entry.id + 1); }
  if (entry.event === "receipt_taken" || entry.event === "no_receipt") owed.delete(entry.id);
}

const shownId = (id) => (options.ids === "hexadecimal" ? id.toString(16).toUpperCase() : String(id));
const two = (number) => String(number).padStart(2, "0");
const minute = (date) =>
  String(date.getUTCFullYear()).slice(2) + [date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes()].map(two).join("");

let windowStart = 0;
let inWindow = 0;
function tooFast() {
  if (!options.perSecond) return false;
  const now = Date.now();
  if (now - windowStart >= 1000) { windowStart = now; inWindow = 0; }
  inWindow += 1;
  return inWindow > options.perSecond;
}

function spend(fault) {
  if (faults[fault] <= 0) return false;
  faults[fault] -= 1;
  return true;
}

function refusal() {
  if (spend("spare")) return 0;
  if (spend("throttle") || tooFast()) return smpp.ESME_RTHROTTLED;
  if (spend("queue_full")) return smpp.ESME_RMSGQFUL;
  if (spend("refuse")) return faults.refuse_status;
  return 0;
}

// Reads the concatenation of a user data header (3GPP TS 23.040, 9.2.3.24.1).
function concatenation(udh) {
  for (const element of udh || []) {
    if (element[0] === 0x00 && element[1] === 3) return { ref: element[2], total: element[3], part: element[4] };
  }
  return { ref: null, total: 1, part: 1 };
}

function accept(pdu) {
  const id = next++;
  const entry = {
    event: "accepted", id, source: pdu.source_addr, destination: pdu.destination_addr, ton: pdu.dest_addr_ton,
    text: pdu.short_message.message, coding: pdu.data_coding, esm_class: pdu.esm_class, report: pdu.registered_delivery,
    validity: pdu.validity_period, reference: pdu.user_message_reference, ...concatenation(pdu.short_message.udh),
  };
  write(entry);
  entry.at = Date.now();
  owed.set(id, entry);
  return entry;
}

function receiptOf(entry) {
  const date = minute(new Date());
  const delivered = final.word === "DELIVRD" ? "001" : "000";
  const text = `id:${entry.id} sub:001 dlvrd:${delivered} submit date:${date} done date:${date} stat:${final.word} err:000 text:${String(entry.text).slice(0, 20).replace(/[^ -~]/g, "?")}`;
  const tlvs = { receipted_message_id: shownId(entry.id), message_state: final.state };
  return {
    source_addr: entry.destination, source_addr_ton: 1, source_addr_npi: 1, destination_addr: entry.source,
    esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT, data_coding: 1,
    short_message: options.receipts === "tlv" ? "" : text, ...(options.receipts === "text" ? {} : tlvs),
  };
}

function sendReceipt(entry) {
  const session = [...sessions].pop(); // the newest: an older one may be dead without knowing it
  if (!session || !owed.has(entry.id) || faults.mute || options.receipts === "none") return;
  write({ event: "receipt_sent", id: entry.id });
  session.deliver_sm(receiptOf(entry), (answer) => {
    if (answer.command_status === 0 && owed.delete(entry.id)) write({ event: "receipt_taken", id: entry.id });
  });
}

function onSubmit(session, pdu) {
  if (faults.mute) return;
  if (spend("forget_bind")) { sessions.delete(session); session.send(pdu.response({ command_status: smpp.ESME_RINVBNDSTS })); return; }
  const status = refusal();
  if (status) {
    write({ event: "refused", status, destination: pdu.destination_addr });
    session.send(pdu.response({ command_status: status }));
    return;
  }
  if (spend("cut_before")) { session.destroy(); return; }
  const entry = accept(pdu);
  if (spend("no_receipt")) { owed.delete(entry.id); write({ event: "no_receipt", id: entry.id }); }
  setTimeout(() => sendReceipt(entry), options.receiptAfter);
  if (spend("lost_answer")) { session.destroy(); return; }
  if (spend("unanswered")) return;
  if (spend("garbage")) { session.socket.write(Buffer.from([0, 0, 0, 3, 0x55, 0x66, 0x77, 0x88, 9, 9, 9, 9, 9, 9, 9, 9])); return; }
  if (spend("early_receipt")) sendReceipt(entry);
  const answer = () => session.send(pdu.response({ message_id: shownId(entry.id) }));
  if (options.latency) setTimeout(answer, options.latency); else answer();
  if (spend("unbind")) { sessions.delete(session); session.unbind(); }
}

function onBind(session, pdu) {
  if (faults.mute) return;
  let status = 0;
  if (pdu.system_id !== options.account) status = smpp.ESME_RINVSYSID;
  else if (pdu.password !== options.password) status = smpp.ESME_RINVPASWD;
  else if (spend("refuse_bind")) status = smpp.ESME_RBINDFAIL;
  write({ event: status ? "bind_refused" : "bound", account: pdu.system_id, status });
  session.send(pdu.response(status ? { command_status: status } : { system_id: "virtual" }));
  if (status) return;
  sessions.add(session);
  for (const entry of owed.values()) setTimeout(() => sendReceipt(entry), options.receiptAfter);
}

const tls = options.key ? { key: fs.readFileSync(options.key), cert: fs.readFileSync(options.cert) } : {};
const server = smpp.createServer(tls, (session) => {
  const gone = () => sessions.delete(session);
  session.on("error", () => { gone(); session.destroy(); });
  session.on("close", gone);
  session.on("bind_transceiver", (pdu) => onBind(session, pdu));
  session.on("submit_sm", (pdu) => {
    if (!sessions.has(session)) session.send(pdu.response({ command_status: smpp.ESME_RINVBNDSTS }));
    else onSubmit(session, pdu);
  });
  session.on("enquire_link", (pdu) => { if (!faults.mute) { write({ event: "enquired" }); session.send(pdu.response()); } });
  session.on("unbind", (pdu) => { write({ event: "unbound" }); gone(); session.send(pdu.response()); session.close(); });
});

// What nobody acknowledged is told again, as long as it is owed.
setInterval(() => { for (const entry of owed.values()) if (Date.now() - entry.at > 1500) { entry.at = Date.now(); sendReceipt(entry); } }, 300);

const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
const commands = {
  arm: ({ faults: wanted }) => Object.assign(faults, wanted),
  final: ({ state, word }) => { final = { state, word }; },
  disconnect: () => sessions.forEach((session) => session.destroy()),
  reply: ({ from, text }) => { // a phone writes to us
    const [session] = sessions;
    session.deliver_sm({ source_addr: from, destination_addr: "38000", short_message: text, data_coding: 8 });
  },
};

server.listen(options.port, "127.0.0.1", () => say({ port: server.address().port }));
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const request = JSON.parse(line);
  commands[request.do](request);
  say({ ok: true });
}).on("close", () => process.exit(0)); // whoever started it is gone
