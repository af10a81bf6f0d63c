/**
 * The page of a chat. It shows what its process says, as text only, and sends what is typed.
 *
 * The token in the fragment of the address proves to the process that its own person opened the
 * page.
 */

const RETRY_TIME = 1000;
/** How long after the last key the person counts as typing, in milliseconds. */
const TYPING_TIME = 3000;
const REFUSED = 4401;
const LEFT = 1001;

const MARKS = { waiting: "waiting", sent: "sent", delivered: "delivered ✓", failed: "not delivered ✗" };
const TRUST = {
  new: "new: never met before, and remembered from now on",
  known: "known: the key met before",
  expected: "known: the key you asked for",
};

const find = (id) => document.getElementById(id);
const log = find("log");
const lines = find("lines");
const form = find("form");
const input = find("text");
const items = new Map();
let socket;
let limit = Number.POSITIVE_INFINITY;
let typing;

// a keyboard can scroll it
log.tabIndex = 0;
connect();
form.addEventListener("submit", (event) => {
  event.preventDefault();
  say();
});
input.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  say();
});
input.addEventListener("input", () => {
  check();
  if (typing === undefined) send({ type: "typing", isTyping: true });
  clearTimeout(typing);
  typing = setTimeout(stopTyping, TYPING_TIME);
});
find("leave").addEventListener("click", () => send({ type: "leave" }));

/** Connects to the process, and again when the connection is lost. */
function connect() {
  socket = new WebSocket(`ws://${location.host}/talk`);
  socket.addEventListener("open", () => send({ token: location.hash.slice(1) }));
  socket.addEventListener("message", ({ data }) => show(JSON.parse(data)));
  socket.addEventListener("close", ({ code }) => {
    if (code === REFUSED)
      return setStatus("Refused: open the address that the program has printed, to its end.");
    if (code === LEFT) return setStatus("The program has ended. Start it again to talk.");
    setStatus("The connection to the program is lost; trying again …");
    setTimeout(connect, RETRY_TIME);
  });
}

function send(message) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function say() {
  const { value } = input;
  if (value.trim() === "" || !check()) return;
  if (socket.readyState !== WebSocket.OPEN) {
    find("problem").textContent = "Not sent: there is no connection to the program.";
    return;
  }
  send({ type: "say", text: value });
  input.value = "";
  stopTyping();
}

/** Says whether the text may be sent; if it may not, shows why. */
function check() {
  const { length } = new TextEncoder().encode(input.value);
  const isShort = length <= limit;
  find("problem").textContent = isShort ? "" : `Too long: ${length} bytes, at most ${limit} can be sent.`;
  return isShort;
}

function stopTyping() {
  if (typing === undefined) return;
  clearTimeout(typing);
  typing = undefined;
  send({ type: "typing", isTyping: false });
}

function show(update) {
  limit = update.limit;
  if (update.isWhole) {
    items.clear();
    lines.replaceChildren();
  }
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  for (const entry of update.entries) showEntry(entry);
  while (items.size > update.keep) {
    const [oldest] = items;
    items.delete(oldest[0]);
    oldest[1].remove();
  }
  if (isAtEnd || update.isWhole) log.scrollTop = log.scrollHeight;
  const forgotten = find("forgotten");
  forgotten.hidden = update.forgotten === 0;
  forgotten.textContent = `${update.forgotten} older lines are no longer kept.`;
  showPeer(update);
}

function showPeer({ me, peer, state, phrase, isTyping }) {
  find("own-key").textContent = me.fingerprint;
  if (!peer) {
    setStatus("No one is here yet.");
    return;
  }
  const name = peer.name;
  document.title = `${me.name} and ${name}`;
  find("title").textContent = `${me.name} and ${name}`;
  find("peer-key").textContent = `${peer.fingerprint} (${TRUST[peer.trust]})`;
  find("phrase").textContent = phrase === "" ? "being computed …" : phrase;
  find("typing").textContent = isTyping ? `${name} is typing …` : "";
  const words = { here: "is here", cut: "is cut off; waiting", left: "has left", lost: "did not come back" };
  setStatus(`${name} ${words[state]}. The key is ${TRUST[peer.trust]}.`);
}

function setStatus(text) {
  const status = find("status");
  if (status.textContent !== text) status.textContent = text;
}

/** Shows an entry for the first time, or its new mark. */
function showEntry(entry) {
  const item = items.get(entry.id) ?? createItem(entry);
  if (entry.from !== "me") return;
  item.className = `me ${entry.mark}`;
  item.querySelector(".mark").textContent = MARKS[entry.mark];
}

function createItem({ id, from, name, text, time }) {
  const item = document.createElement("li");
  item.className = from;
  const about = document.createElement("span");
  about.className = "about";
  const clock = document.createElement("time");
  const date = new Date(time);
  clock.dateTime = date.toISOString();
  clock.textContent = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const mark = document.createElement("span");
  mark.className = "mark";
  about.append(name === "" ? "" : `${name} `, clock, " ", mark);
  const words = document.createElement("span");
  words.className = "words";
  words.dir = "auto";
  words.textContent = text;
  item.append(about, words);
  lines.append(item);
  items.set(id, item);
  return item;
}
