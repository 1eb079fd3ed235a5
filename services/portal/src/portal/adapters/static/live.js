// While somebody looks: how much waits for them, what they were told, and that the page at hand has changed. Without
// it, pages are as they were when they were loaded, and nothing else is missing.
const counts = [...document.querySelectorAll("[data-live]")];
const changed = document.getElementById("changed");
let source;
let opened = false;

// Null where it is refused, or where the answer is lost on its way: it is asked for again at the next occasion.
async function ask(address) {
  try {
    const answer = await fetch(address);
    return answer.ok && !answer.redirected ? await answer.text() : null;
  } catch {
    return null;
  }
}

async function refresh(count) {
  const now = await ask(count.dataset.live);
  if (now === null) return;
  const grown = Number(now) > Number(count.textContent) && count.dataset.known;
  count.dataset.known = "yes";
  count.textContent = now;
  count.hidden = now === "0";
  if (grown && location.pathname === count.dataset.page) show();
}

function show() {
  changed.hidden = false;
}

function listen() {
  source = new EventSource("/live?about=" + encodeURIComponent(document.body.dataset.about));
  for (const count of counts) source.addEventListener(count.dataset.hint, () => refresh(count));
  source.addEventListener("page", show);
  source.addEventListener("open", () => {
    if (opened) counts.forEach(refresh);
    opened = true;
  });
}

// A browser has few connections for one address: tabs that nobody looks at give theirs back.
document.addEventListener("visibilitychange", () => {
  source?.close();
  if (!document.hidden) listen();
});
if (!document.hidden) listen();
counts.forEach(refresh);

// What was not available is asked for again, ever more rarely, and shown as soon as it is there; where somebody has
// entered something, the page says so instead. What a form was answered with holds what was sent, and is left alone.
const gaps = "sent" in document.body.dataset ? 0 : document.querySelectorAll("[data-gap]").length;

function chosenAnew(select) {
  return select.selectedIndex !== Math.max(0, [...select.options].findIndex((each) => each.defaultSelected));
}

function entered() {
  return [...document.querySelectorAll("main :is(input, textarea, select)")].some((each) =>
    each.matches("select")
      ? chosenAnew(each)
      : each.value !== each.defaultValue || each.checked !== each.defaultChecked);
}

async function askAgain(pause) {
  await new Promise((resolve) => setTimeout(resolve, pause));
  const page = document.hidden ? null : await ask(location.href);
  const left = page === null ? gaps : page.split("data-gap").length - 1;
  if (left >= gaps) return askAgain(Math.min(2 * pause, 60_000));
  if (entered()) return show();
  location.replace(location.pathname + location.search);
}

if (gaps) askAgain(2000);

// Whoever signs out in one tab leaves nothing to be read in another, whether or not a server answers.
const session = new BroadcastChannel("session");
const signOut = document.querySelector('form[action="/sign-out"]');
signOut?.addEventListener("submit", () => session.postMessage("ended"));
session.addEventListener("message", () => {
  // Each tab signs out itself: while the first one's request is on its way, sign-in would lead back to a page.
  signOut?.submit();
  document.body.replaceChildren();
});

// A telephone's bar holds more than fits: it shows where somebody is.
document.querySelector(".sidebar [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
