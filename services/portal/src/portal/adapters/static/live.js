// Updates an open page: the number of waiting decisions, the notices, and a line that says that the page has changed.
// Without this script, pages stay as they were when they were loaded; nothing else is missing.
const counts = [...document.querySelectorAll("[data-live]")];
const changed = document.getElementById("changed");
let source;
let opened = false;

// Returns null if the request is refused or the answer is lost; it is requested again at the next occasion.
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

// A browser has few connections for one address, so hidden tabs close theirs.
document.addEventListener("visibilitychange", () => {
  source?.close();
  if (!document.hidden) listen();
});
if (!document.hidden) listen();
counts.forEach(refresh);

// Requests unavailable parts of a page again, at growing intervals, and shows them as soon as they are there. If
// somebody has typed into the page, a line says so instead. A page that answered a form contains what was sent, so it
// is not replaced.
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

// A sign-out in one tab clears all other tabs, whether or not a server answers.
const session = new BroadcastChannel("session");
const signOut = document.querySelector('form[action="/sign-out"]');
signOut?.addEventListener("submit", () => session.postMessage("ended"));
session.addEventListener("message", () => {
  // Each tab signs out itself: before the first tab's request is done, the sign-in page would lead back to a page.
  signOut?.submit();
  document.body.replaceChildren();
});

// A telephone's menu bar is wider than the screen, so the link of the present page is scrolled into view.
document.querySelector(".sidebar [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
