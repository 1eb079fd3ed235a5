// While somebody looks: how much waits for them, and that the page at hand has changed. Without it, pages are as
// they were when they were loaded, and nothing else is missing.
const count = document.getElementById("inbox-count");
const changed = document.getElementById("changed");
const atInbox = location.pathname === "/inbox";
let source;
let opened = false;

async function refreshCount() {
  if (!count) return;
  const answer = await fetch("/live/inbox");
  if (!answer.ok || answer.redirected) return;
  const waiting = await answer.text();
  const grown = count.textContent !== "" && count.textContent !== waiting;
  count.textContent = waiting;
  count.hidden = waiting === "0";
  if (grown && atInbox) show();
}

function show() {
  changed.hidden = false;
}

function listen() {
  source = new EventSource("/live?about=" + encodeURIComponent(document.body.dataset.about));
  source.addEventListener("inbox", refreshCount);
  source.addEventListener("page", show);
  source.addEventListener("open", () => {
    if (opened) refreshCount();
    opened = true;
  });
}

// A browser has few connections for one address: tabs that nobody looks at give theirs back.
document.addEventListener("visibilitychange", () => {
  source?.close();
  if (!document.hidden) listen();
});
if (!document.hidden) listen();
refreshCount();
